import { describe, expect } from 'vitest'
import { isShoalError, ShoalError } from '../../src/errors.js'
import { encodeAmf0 } from '../../src/media/amf/amf0.js'
import { ChunkReader } from '../../src/media/rtmp/chunk-reader.js'
import { ChunkWriter } from '../../src/media/rtmp/chunk-writer.js'
import { decodeCommand, enhancedCapabilities, scriptBody, statusOf } from '../../src/media/rtmp/command.js'
import { ClientHandshake, handshakeRandomSize, ServerHandshake } from '../../src/media/rtmp/handshake.js'
import { readControl, readUserControl, splitAggregate } from '../../src/media/rtmp/message.js'
import { fuzzParser } from './media-fuzz.js'

/** A short session in small chunks: commands, control messages, media, an extended timestamp, an abort. */
function session(): Uint8Array {
  const writer = new ChunkWriter()
  const parts = [
    writer.setChunkSize(20),
    writer.write({ chunkStream: 3, type: 20, stream: 0, timestamp: 0, body: [encodeAmf0('connect', 1, { app: 'live' })] }),
    writer.write({ chunkStream: 4, type: 8, stream: 1, timestamp: 20, body: [new Uint8Array(45)] }),
    writer.write({ chunkStream: 4, type: 8, stream: 1, timestamp: 40, body: [new Uint8Array(5)] }),
    writer.write({ chunkStream: 70, type: 9, stream: 1, timestamp: 0x0123_4567, body: [new Uint8Array(30)] }),
    writer.write({ chunkStream: 2, type: 2, stream: 0, timestamp: 0, body: [Uint8Array.of(0, 0, 0, 4)] }),
  ]
  return Uint8Array.from(parts.flat().flatMap((part) => [...part]))
}

/** What comes out, with the error if there was one. */
function read(pieces: readonly Uint8Array[]): unknown[] {
  const reader = new ChunkReader()
  const seen: unknown[] = []
  try {
    for (const piece of pieces) for (const { type, timestamp, body } of reader.read(piece)) seen.push([type, timestamp, body.length])
  } catch (error) {
    seen.push(error)
  }
  if (reader.partial > 16 * 1024 * 1024) throw new Error(`${reader.partial} bytes are held`)
  return seen
}

/** As `fuzzParser`; RTMP has a second typed error. */
function fuzz(name: string, seeds: readonly Uint8Array[], parse: (bytes: Uint8Array) => void): void {
  fuzzParser(name, seeds, (bytes) => {
    try {
      parse(bytes)
    } catch (error) {
      throw isShoalError(error, 'ERR_PROTOCOL') ? new ShoalError('ERR_MEDIA_INVALID', error.message) : error
    }
  })
}

describe('RTMP', () => {
  fuzz('ChunkReader', [session()], (bytes) => {
    const cut = (bytes[0] ?? 0) % (bytes.length + 1)
    const whole = read([bytes])
    const split = read([bytes.subarray(0, cut), bytes.subarray(cut)])
    if (String(whole) !== String(split)) expect(split).toEqual(whole)
    const error = whole.at(-1)
    if (error instanceof Error) throw error
  })

  const commands = [
    encodeAmf0('connect', 1, { app: 'live', tcUrl: 'rtmp://a/live', ...enhancedCapabilities() }),
    encodeAmf0('onStatus', 0, null, { level: 'error', code: 'NetStream.Play.Failed', description: 'x' }),
    Uint8Array.of(0, ...encodeAmf0('publish', 5, null, 'cam', 'live')),
  ]
  fuzz('decodeCommand', commands, (bytes) => {
    scriptBody({ type: 15, stream: 1, timestamp: 0, body: bytes })
    statusOf(decodeCommand({ type: bytes[0] === 0 ? 17 : 20, stream: 0, timestamp: 0, body: bytes }))
  })

  const tag = [8, 0, 0, 3, 0, 0, 7, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 14]
  fuzz('aggregates and control messages', [Uint8Array.from([...tag, ...tag])], (bytes) => {
    const message = { type: 22, stream: 1, timestamp: 5, body: bytes }
    for (const { body } of splitAggregate(message)) if (body.length > bytes.length) throw new Error('a message longer than its aggregate')
    readUserControl(bytes)
    readControl(message)
  })

  const hello = new ClientHandshake(new Uint8Array(handshakeRandomSize)).hello.subarray(0, 60)
  fuzz('handshakes', [hello], (bytes) => {
    for (const side of [new ServerHandshake(hello), new ClientHandshake(hello)]) side.push(bytes)
  })
})
