import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../../../src/plugins/srt/address.js'
import { fromSocketAddress, toSocketAddress } from '../../../../src/plugins/srt/socket-address.js'
import { parseStreamId } from '../../../../src/plugins/srt/stream-id.js'
import { codeOf } from '../../media/configs.js'

describe('parseStreamId', () => {
  it.each([
    ['publish:live/cam', { action: 'publish', path: 'live/cam', shown: {} }],
    ['read:/live//cam', { action: 'read', path: 'live/cam', shown: {} }],
    ['publish:live/cam:eva:a:b', { action: 'publish', path: 'live/cam', shown: { user: 'eva', password: 'a:b' } }],
    ['live/cam', { action: 'read', path: 'live/cam', shown: {} }],
    ['#!::m=publish,r=live/cam,u=eva,s=secret', { action: 'publish', path: 'live/cam', shown: { user: 'eva', password: 'secret' } }],
    ['#!::r=live/cam,s=t=ok', { action: 'read', path: 'live/cam', shown: { token: 't=ok' } }],
  ])('reads %s', (text, request) => {
    expect(parseStreamId(text)).toEqual(request)
  })

  it.each(['', 'publish:', 'play:live/cam', '#!::m=publish', '#!::m=bidirectional,r=a', '#!::t=file,r=a'])('refuses %j', (text) => {
    expect(codeOf(() => parseStreamId(text))).toBe('ERR_REQUEST_INVALID')
  })
})

describe('addresses', () => {
  it('are written and read as the system has them', () => {
    for (const address of ['127.0.0.1', '::1', 'fe80::12:0:5'])
      expect(fromSocketAddress(toSocketAddress({ address, port: 8890 }))).toEqual({ address, port: 8890 })
    expect(fromSocketAddress(toSocketAddress({ address: '::ffff:10.0.0.7', port: 1 }))).toEqual({ address: '10.0.0.7', port: 1 })
  })

  it('of URLs are checked', () => {
    const read = (rest: string) => parseAddress(new URL(`srt://${rest}`), 120)
    expect(read('[::1]:9000?streamid=%23!::r%3Da&passphrase=0123456789&latency=300')).toMatchObject({
      host: '::1',
      port: 9000,
      settings: { streamId: '#!::r=a', passphrase: '0123456789', latency: 300 },
    })
    for (const rest of ['host', 'host:1?mode=listener', 'host:1?passphrase=short', 'host:1?latency=x', `host:1?streamid=${'x'.repeat(513)}`])
      expect(codeOf(() => read(rest))).toBe('ERR_URL_INVALID')
  })
})
