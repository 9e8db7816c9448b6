import { describe, expect, it } from 'vitest'
import { Pairing } from '../../../../src/daemon/swarm/pair.pb.js'
import { decodePairing, encodePairing, type PairMessage, wireRecord } from '../../../../src/daemon/swarm/pair-codec.js'

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(3)
const record = { name: 'Küche', addresses: ['/ip4/192.168.1.5/tcp/4710'] }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const messages: PairMessage[] = [
  { type: 'join', lookup: bytes(8), nonce: bytes(32), record },
  { type: 'challenge', nonce: bytes(32), proof: bytes(32) },
  { type: 'proof', proof: bytes(32) },
  { type: 'welcome', record },
  { type: 'refuse', code: 'ERR_TICKET_REFUSED' },
  { type: 'ask', commitment: bytes(32), record },
  { type: 'reveal', nonce: bytes(32), record },
  { type: 'open', nonce: bytes(32) },
  { type: 'accept' },
  { type: 'resume', attempt: bytes(32) },
]

describe('pairing messages', () => {
  it.each(messages)('$type survives the wire', (message) => {
    expect(decodePairing(encodePairing(message))).toEqual(message)
  })

  it('cuts what is over the limits', () => {
    const long = { name: 'n'.repeat(1000), addresses: [...Array.from({ length: 20 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`), `/dns4/${'x'.repeat(300)}/tcp/1`] }
    const read = decodePairing(encodePairing({ type: 'welcome', record: long }))
    expect(read).toMatchObject({ record: { name: 'n'.repeat(255) } })
    expect(read.type === 'welcome' && read.record.addresses).toHaveLength(16)
  })

  it('a record is for both ends what crosses the wire', () => {
    const odd = { name: `a\u202eb${'n'.repeat(400)}`, addresses: Array.from({ length: 20 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`) }
    const cut = wireRecord(odd)
    expect(cut.addresses).toHaveLength(16)
    expect(wireRecord(cut)).toEqual(cut)
    expect(decodePairing(encodePairing({ type: 'ask', commitment: bytes(32), record: cut }))).toMatchObject({ record: cut })
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['rubbish', Uint8Array.of(0xff, 0xff, 0xff)],
    ['two messages', Pairing.encode({ proof: { proof: bytes(32) }, refuse: { code: text('ERR_X') } })],
    ['a short proof', Pairing.encode({ proof: { proof: bytes(31) } })],
    ['a long lookup id', Pairing.encode({ join: { lookup: bytes(9), nonce: bytes(32), record: { name: text('a'), addresses: [] } } })],
    ['no nonce', Pairing.encode({ challenge: { nonce: new Uint8Array(), proof: bytes(32) } })],
    ['no record', Pairing.encode({ welcome: {} })],
    ['a name that is no text', Pairing.encode({ welcome: { record: { name: Uint8Array.of(0xc3, 0x28), addresses: [] } } })],
    ['a name with an escape', Pairing.encode({ welcome: { record: { name: text('\u001b[2J'), addresses: [] } } })],
    ['a name of 256 bytes', Pairing.encode({ welcome: { record: { name: bytes(256).fill(97), addresses: [] } } })],
    ['17 addresses', Pairing.encode({ welcome: { record: { name: text('a'), addresses: new Array(17).fill(text('/a')) } } })],
    ['an address of 256 bytes', Pairing.encode({ welcome: { record: { name: text('a'), addresses: [bytes(256).fill(97)] } } })],
    ['an address that is not ASCII', Pairing.encode({ welcome: { record: { name: text('a'), addresses: [text('/ü')] } } })],
    ['a short commitment', Pairing.encode({ ask: { commitment: bytes(31), record: { name: text('a'), addresses: [] } } })],
    ['a request without a record', Pairing.encode({ ask: { commitment: bytes(32) } })],
    ['a reveal with 17 addresses', Pairing.encode({ reveal: { nonce: bytes(32), record: { name: text('a'), addresses: new Array(17).fill(text('/a')) } } })],
    ['an opening without a nonce', Pairing.encode({ open: { nonce: new Uint8Array() } })],
    ['a long attempt', Pairing.encode({ resume: { attempt: bytes(33) } })],
    ['a request and an acceptance', Pairing.encode({ accept: {}, open: { nonce: bytes(32) } })],
    ['a long code', Pairing.encode({ refuse: { code: bytes(65).fill(97) } })],
  ])('refuses %s', (_, frame) => {
    expect(() => decodePairing(frame)).toThrow(expect.objectContaining({ code: 'ERR_PROTOCOL' }))
  })
})
