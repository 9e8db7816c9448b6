import { describe, expect } from 'vitest'
import { decodeBatch, type MediaRecord, RecordBatch } from '../../src/daemon/streams/frame-header.js'
import {
  decodeEnd,
  decodeRoute,
  decodeStreamMessage,
  decodeTrack,
  encodeEnd,
  encodeRoute,
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

function decodeEither(bytes: Uint8Array): void {
  try {
    decodeEnd(bytes)
  } catch {
    decodeRoute(bytes)
  }
}

describe('stream frames', () => {
  const frame = { track: 1, timestamp: 80_000, decodeTime: 40_000, duration: 40_000, key: true, data: Uint8Array.of(1, 2, 3) }
  const records: readonly MediaRecord[] = [
    { type: 'track', body: encodeTrack(track) },
    { type: 'gap', frames: 3 },
    { type: 'frame', group: 1, index: 0, frame },
    { type: 'frame', group: 1, index: 1, frame, seal: new Uint8Array(64).fill(7) },
    { type: 'keepAlive', age: 1200 },
    { type: 'route', body: encodeRoute(['12D3KooW', '12D3KooX']) },
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
      value: {
        path: 'live/cam',
        tracks: ['video'],
        start: { buffered: 1000 },
        maxLatency: 500,
        resume: { epoch: 1, group: 2, index: 3 },
        wait: 5,
        copy: 'x/y',
      },
    },
    {
      type: 'accept',
      value: {
        epoch: 7,
        originEpoch: 7,
        tracks: [track],
        hops: ['12D3KooW', '12D3KooX'],
        originPath: 'live/cam',
        sealed: true,
        resumed: true,
        keyRequests: true,
      },
    },
    { type: 'refuse', value: { code: 'ERR_FORBIDDEN', message: 'nö' } },
    { type: 'key' },
    {
      type: 'refuse',
      value: {
        code: 'ERR_FAN_OUT',
        message: 'full',
        alternatives: [{ peer: '12D3KooW', path: 'a' }],
        publication: { origin: '12D3KooX', path: 'b', epoch: 9 },
      },
    },
    { type: 'report', value: { group: 1, index: 2, age: 3, received: 400, buffered: 5, room: 3 } },
  ]
  fuzzWire('decodeStreamMessage', messages.map(encodeStreamMessage), (bytes) => {
    encodeStreamMessage(decodeStreamMessage(bytes))
  })
  fuzzWire('bodies of records', [encodeTrack(track), encodeEnd({ code: 'ERR_LIMIT', message: 'x' }), encodeRoute(['12D3KooW'])], (bytes) => {
    try {
      decodeTrack(bytes)
    } catch {
      decodeEither(bytes)
    }
  })
})
