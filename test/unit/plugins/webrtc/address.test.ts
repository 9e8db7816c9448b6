import { describe, expect, it } from 'vitest'
import { parseAddress, redirected } from '../../../../src/plugins/webrtc/address.js'

const read = (text: string): { url: string; authorization?: string } => {
  const { url, ...rest } = parseAddress(new URL(text))
  return { url: url.href, ...rest }
}

describe('an address', () => {
  it.each([
    ['whep://host/live/cam/whep', 'http://host/live/cam/whep'],
    ['whep://host:8889/cam/whep?a=b', 'http://host:8889/cam/whep?a=b'],
    ['wheps://host', 'https://host/'],
    ['whip://[::1]:1/x', 'http://[::1]:1/x'],
    ['whips://host/x#part', 'https://host/x'],
  ])('%s is %s', (given, url) => expect(read(given)).toEqual({ url }))

  it('shows user and password, or a token', () => {
    expect(read('whip://me:p%40ss@host/x')).toEqual({ url: 'http://host/x', authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` })
    expect(read('whip://token@host/x')).toEqual({ url: 'http://host/x', authorization: 'Bearer token' })
  })

  it.each(['whep:///x', 'whep://a%0d%0ab@host/x', 'whep://%ff@host/x', 'whep://a%00@host/', 'whep://%e2%82%ac@host/', 'whep://two%20words@host/'])(
    '%s is refused',
    (text) => {
      expect(() => parseAddress(new URL(text))).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
    },
  )

  it('keeps what it shows to itself when it leads elsewhere', () => {
    const start = parseAddress(new URL('whips://token@host/x'))
    expect(redirected(start, '/y')).toEqual({ url: new URL('https://host/y'), authorization: 'Bearer token' })
    expect(redirected(start, 'https://a:b@other/y#z')).toEqual({ url: new URL('https://other/y') })
    for (const location of ['http://host/x', 'file:///etc/passwd', 'https://'])
      expect(() => redirected(start, location)).toThrow(expect.objectContaining({ code: 'ERR_SOURCE_FAILED' }))
  })
})
