import { describe } from 'vitest'
import { decodeMember, encodeMember } from '../../src/daemon/cluster/member-body.js'
import { streamSlot } from '../../src/daemon/cluster/record.js'
import { decodeStreams, encodeStreams } from '../../src/daemon/cluster/stream-body.js'
import { decodeRecord, encodeRecord } from '../../src/daemon/swarm/control-codec.js'
import { fuzzWire } from './wire-fuzz.js'

const author = '12D3KooW'
const member = {
  name: 'küche',
  agent: 'shoal/0',
  addresses: ['/ip4/192.0.2.1/tcp/1'],
  links: [author],
  instance: '0102030405060708',
  since: 5,
  features: ['x'],
  left: false,
}
const tracks = [{ kind: 'video' as const, codec: 'avc1.64001f', width: 640, height: 360 }]
const stream = { path: 'live/cam', tracks, since: 1, hops: 0, origin: author, claim: 2, over: 'other', full: true }
const record = { author, epoch: 1, sequence: 2, slot: 'trust/x', body: Uint8Array.of(1, 2, 3), signature: new Uint8Array(64).fill(3) }

describe('records', () => {
  fuzzWire('decodeMember', [encodeMember(member), encodeMember({ ...member, left: true, links: [] })], (bytes) => {
    encodeMember(decodeMember(bytes))
  })

  fuzzWire('decodeStreams', [encodeStreams(author, [stream]), encodeStreams(author, [{ ...stream, origin: 'other', hops: 1, claim: 0 }])], (bytes) => {
    encodeStreams(author, decodeStreams(author, streamSlot(stream.path), bytes))
  })

  fuzzWire('decodeRecord', [encodeRecord(record)], (bytes) => {
    encodeRecord(decodeRecord(bytes))
  })
})
