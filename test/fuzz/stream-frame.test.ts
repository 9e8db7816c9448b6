import { describe, expect } from 'vitest'
import { decodeBatch, type MediaRecord, RecordBatch } from '../../src/daemon/streams/frame-header.js'
import {
  decodeEnd,
  decodeStreamMessage,
  decodeTrack,
  encodeEnd,
  encodeStreamMessage,
  encodeTrack,
  type StreamMessage,
} from '../../src/daemon/streams/stream-messages.js'
import type { Track } from '../../src/stream.js'
import { fuzzWire } from './wire-fuzz.js'

const track: Track = { id: 1, kind: 'video', codec: 'avc1.64001f', description: Uint8Array.of(1, 100, 0, 31), width: 640, height: 360 }

function join(records: readonly MediaRecord[]): Buffer {
  const batch = new RecordBatch()
  for (const record of records) batch.add(record)
  return Buffer.concat(batch.take())
}

describe('stream frames', () => {
  const frame = { track: 1, timestamp: 80_000, decodeTime: 40_000, duration: 40_000, key: true, data: Uint8Array.of(1, 2, 3) }
  const records: readonly MediaRecord[] = [
    { type: 'track', body: encodeTrack(track) },
    { type: 'gap', frames: 3 },
    { type: 'frame', group: 1, index: 0, frame },
    { type: 'keepAlive' },
    { type: 'end', body: encodeEnd({ code: '', message: '' }) },
  ]
  fuzzWire('decodeBatch', [join(records), ...records.map((record) => join([record]))], (bytes) => {
    const read = decodeBatch(bytes)
    // whatever is taken has one form only
    expect(Buffer.compare(join(read), bytes)).toBe(0)
  })

  const messages: readonly StreamMessage[] = [
    {
      type: 'open',
      value: { path: 'live/cam', tracks: ['video'], start: { buffered: 1000 }, maxLatency: 500, resume: { epoch: 1, group: 2, index: 3 }, wait: 5 },
    },
    { type: 'accept', value: { epoch: 7, originEpoch: 7, tracks: [track], hops: ['12D3KooW', '12D3KooX'] } },
    { type: 'refuse', value: { code: 'ERR_FORBIDDEN', message: 'nö' } },
    { type: 'report', value: { group: 1, index: 2, age: 3, received: 400, buffered: 5 } },
  ]
  fuzzWire('decodeStreamMessage', messages.map(encodeStreamMessage), (bytes) => {
    encodeStreamMessage(decodeStreamMessage(bytes))
  })
  fuzzWire('bodies of records', [encodeTrack(track), encodeEnd({ code: 'ERR_LIMIT', message: 'x' })], (bytes) => {
    try {
      decodeTrack(bytes)
    } catch {
      decodeEnd(bytes)
    }
  })
})
