import { describe } from 'vitest'
import { decodeControl, encodeControl } from '../../src/daemon/swarm/control-codec.js'
import type { ControlMessage } from '../../src/daemon/swarm/control-messages.js'
import { fuzzWire } from './wire-fuzz.js'

const instance = '0102030405060708'
const author = '12D3KooW'
const record = { author, epoch: 2, sequence: 3, slot: 'streams/7', body: Uint8Array.of(1, 2), signature: new Uint8Array(64).fill(7) }
const held = [{ slot: 'member', epoch: 2, sequence: 1, mark: instance }]
const good: readonly ControlMessage[] = [
  { type: 'hello', value: { version: 1, minVersion: 1, name: 'küche', agent: 'shoal/0', kinds: ['a.b', 'c'], maxPayload: 1000, features: ['x'], instance } },
  { type: 'payload', value: { id: 77, kind: 'chat.text', body: Uint8Array.of(1, 2, 3), wantsReply: true } },
  { type: 'receipt', value: { instance, id: 77, code: 'ERR_PAYLOAD_REJECTED', message: 'nö', reply: new Uint8Array() } },
  { type: 'receipt', value: { instance, id: 77, code: '', message: '', reply: Uint8Array.of(9) } },
  { type: 'records', value: [record, { ...record, slot: 'member' }] },
  { type: 'digest', value: { root: instance, authors: [{ author, mark: instance }], all: true, wants: [{ author, held }] } },
  { type: 'keepAlive', value: null },
]

describe('control frames', () => {
  fuzzWire('decodeControl', good.map(encodeControl), (bytes) => {
    const message = decodeControl(bytes)
    // what was taken can be sent on
    if (message) encodeControl(message)
  })

  const records = good.filter(({ type }) => type === 'records' || type === 'digest').map(encodeControl)
  fuzzWire('records and digests', records, (bytes) => {
    decodeControl(bytes)
  })
})
