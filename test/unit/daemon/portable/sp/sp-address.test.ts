import { describe, expect, it } from 'vitest'
import { parseSpAddress } from '../../../../../src/daemon/portable/sp/sp-address.js'

describe('an SP address', () => {
  it('is a path or a host with a port', () => {
    expect(parseSpAddress('ipc:///run/a b.ipc')).toEqual({ transport: 'ipc', path: '/run/a b.ipc' })
    expect(parseSpAddress('tcp://127.0.0.1:5555')).toEqual({ transport: 'tcp', host: '127.0.0.1', port: 5555 })
    expect(parseSpAddress('tcp://[::1]:0')).toEqual({ transport: 'tcp', host: '::1', port: 0 })
  })

  it.each([
    '',
    'ipc://',
    'ipc://relative',
    'tcp://',
    'tcp://host',
    'tcp://host:',
    'tcp://host:70000',
    'tcp://a b:1',
    'udp://a:1',
    'tcp://a:1/path',
    'tcp://[::1:5',
  ])('is not %j', (text) => {
    expect(() => parseSpAddress(text)).toThrow(expect.objectContaining({ code: 'ERR_URL_INVALID' }))
  })

  it('has a path that fits into a socket address', () => {
    const path = `/${'a'.repeat(106)}`
    expect(parseSpAddress(`ipc://${path}`)).toEqual({ transport: 'ipc', path })
    expect(() => parseSpAddress(`ipc://${path}b`)).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_PATH_TOO_LONG' }))
  })
})
