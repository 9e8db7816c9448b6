import { describe, expect, it } from 'vitest'
import { Tunnel } from '../../../../src/daemon/swarm/tunnel.pb.js'
import { decodeTunnel, encodeTunnel, type TunnelMessage } from '../../../../src/daemon/swarm/tunnel-codec.js'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const open = { version: 1, destination: bytes('D'), hops: 4, route: [bytes('A')] }

describe('tunnel codec', () => {
  it.each<TunnelMessage>([
    { type: 'open', destination: 'D', hops: 2, route: ['A', 'B', 'C'] },
    { type: 'open', destination: 'D'.repeat(64), hops: 0, route: ['A', 'B', 'C', 'E', 'F'] },
    { type: 'accept', relays: ['B', 'C'] },
    { type: 'accept', relays: [] },
    { type: 'refuse', code: 'ERR_NO_ROUTE' },
  ])('writes and reads %j', (message) => {
    expect(decodeTunnel(encodeTunnel(message))).toEqual(message)
  })

  it.each([
    ['nothing', {}],
    ['two messages', { open, refuse: { code: bytes('ERR_LIMIT') } }],
    ['no destination', { open: { ...open, destination: bytes('') } }],
    ['no source', { open: { ...open, route: [] } }],
    ['a long route', { open: { ...open, route: Array(6).fill(bytes('A')) } }],
    ['many relays', { accept: { relays: Array(5).fill(bytes('A')) } }],
    ['too many hops', { open: { ...open, hops: 5 } }],
    ['a long peer id', { open: { ...open, destination: bytes('D'.repeat(65)) } }],
    ['a peer id with a slash', { open: { ...open, route: [bytes('A/p2p')] } }],
    ['a refusal without a code', { refuse: { code: bytes('') } }],
    ['a code that a terminal obeys', { refuse: { code: bytes('\u001b[2J') } }],
  ])('refuses %s', (_, wire) => {
    expect(() => decodeTunnel(Tunnel.encode(wire))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })

  it('refuses what is cut or too long, and another version by its own code', () => {
    expect(() => decodeTunnel(encodeTunnel({ type: 'accept', relays: ['B'] }).subarray(0, 3))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
    expect(() => decodeTunnel(new Uint8Array(1025))).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
    expect(() => decodeTunnel(Tunnel.encode({ open: { ...open, version: 2 } }))).toThrow(expect.objectContaining({ code: 'ERR_VERSION_MISMATCH' }))
  })
})
