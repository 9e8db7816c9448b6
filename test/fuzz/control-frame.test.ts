import { describe } from 'vitest'
import { decodeControl, encodeControl } from '../../src/daemon/swarm/control-codec.js'
import type { ControlMessage } from '../../src/daemon/swarm/control-messages.js'
import { fuzzWire } from './wire-fuzz.js'

const instance = '0102030405060708'
const announcement = {
  path: 'live/cam',
  tracks: [{ kind: 'video' as const, codec: 'avc1.64001f', width: 640, height: 360 }],
  since: 1,
  hops: 1,
  origin: '12D3KooW',
}
const good: readonly ControlMessage[] = [
  { type: 'hello', value: { version: 1, minVersion: 1, name: 'küche', agent: 'shoal/0', kinds: ['a.b', 'c'], maxPayload: 1000, features: ['x'], instance } },
  { type: 'payload', value: { id: 77, kind: 'chat.text', body: Uint8Array.of(1, 2, 3), wantsReply: true } },
  { type: 'receipt', value: { instance, id: 77, code: 'ERR_PAYLOAD_REJECTED', message: 'nö', reply: new Uint8Array() } },
  { type: 'receipt', value: { instance, id: 77, code: '', message: '', reply: Uint8Array.of(9) } },
  { type: 'streams', value: { epoch: instance, sequence: 3, snapshot: false, ask: false, streams: [announcement], removed: ['old/one'] } },
  { type: 'keepAlive', value: null },
]

describe('control frames', () => {
  fuzzWire('decodeControl', good.map(encodeControl), (bytes) => {
    const message = decodeControl(bytes)
    // what was taken can be sent on
    if (message) encodeControl(message)
  })

  const record = good.filter(({ type }) => type === 'streams').map(encodeControl)
  fuzzWire('stream records', record, (bytes) => {
    decodeControl(bytes)
  })
})
