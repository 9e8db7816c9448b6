/** From RTMP messages to the chunk stream (Adobe RTMP 1.0, section 5.3). Payloads are not copied: the result is a list of parts. */

import { MessageType, uint32 } from './message.js'

/** A message to send. */
export interface OutgoingMessage {
  /** Chunk stream id, 2–65599. */
  readonly chunkStream: number
  readonly type: number
  readonly stream: number
  /** ms; its low 32 bits are sent. */
  readonly timestamp: number
  /** The body, in one or several parts. */
  readonly body: readonly Uint8Array[]
}

/** Chunk size before anything was announced. */
export const initialChunkSize = 128

const extendedMark = 0xff_ffff

/**
 * Chunks of one message that start with a full header (type 0). They say nothing of earlier messages, so the same bytes
 * can be sent on any connection with this chunk size.
 */
export function chunkMessage(message: OutgoingMessage, chunkSize: number): Uint8Array[] {
  const length = byteLength(message.body)
  const timestamp = message.timestamp >>> 0
  const header = [...basicHeader(0, message.chunkStream), ...headerField(timestamp), length >>> 16, length >>> 8, length, message.type]
  header.push(message.stream, message.stream >>> 8, message.stream >>> 16, message.stream >>> 24)
  return cut(header, message, timestamp, chunkSize)
}

/** The sending half of one connection: remembers the last header of each chunk stream, and the chunk size it announced. */
export class ChunkWriter {
  readonly #last = new Map<number, { stream: number; timestamp: number }>()
  #chunkSize = initialChunkSize

  /** Chunk size in force. */
  get chunkSize(): number {
    return this.#chunkSize
  }

  /** The parts of `message`; a header of type 1 where the stream goes on with a time not before the last. */
  write(message: OutgoingMessage): Uint8Array[] {
    const last = this.#last.get(message.chunkStream)
    const timestamp = message.timestamp >>> 0
    this.#last.set(message.chunkStream, { stream: message.stream, timestamp })
    if (!last || last.stream !== message.stream || timestamp < last.timestamp) return chunkMessage(message, this.#chunkSize)
    const step = timestamp - last.timestamp
    const length = byteLength(message.body)
    const header = [...basicHeader(1, message.chunkStream), ...headerField(step), length >>> 16, length >>> 8, length, message.type]
    return cut(header, message, step, this.#chunkSize)
  }

  /** Announces a new chunk size, which holds for what follows. */
  setChunkSize(size: number): Uint8Array[] {
    const parts = this.write({ chunkStream: 2, type: MessageType.setChunkSize, stream: 0, timestamp: 0, body: [uint32(size)] })
    this.#chunkSize = size
    return parts
  }
}

/** Total length of parts. */
export function byteLength(parts: readonly Uint8Array[]): number {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

/** Format and chunk stream id in 1, 2 or 3 bytes (section 5.3.1.1). */
function basicHeader(format: number, id: number): number[] {
  if (id < 64) return [(format << 6) | id]
  if (id < 320) return [format << 6, id - 64]
  return [(format << 6) | 1, (id - 64) & 255, (id - 64) >> 8]
}

/** The 3-byte timestamp field. */
function headerField(time: number): number[] {
  const field = Math.min(time, extendedMark)
  return [field >>> 16, field >>> 8, field]
}

/** Puts the header before the first piece and a type 3 header before each further one; the extended time goes after each. */
function cut(header: number[], message: OutgoingMessage, time: number, chunkSize: number): Uint8Array[] {
  const extended = time >= extendedMark ? [...uint32(time)] : []
  const parts: Uint8Array[] = [Uint8Array.from([...header, ...extended])]
  let again: Uint8Array | undefined
  let room = chunkSize
  for (const part of message.body) {
    for (let at = 0; at < part.length; ) {
      if (room === 0) {
        again ??= Uint8Array.from([...basicHeader(3, message.chunkStream), ...extended])
        parts.push(again)
        room = chunkSize
      }
      const count = Math.min(room, part.length - at)
      parts.push(count === part.length ? part : part.subarray(at, at + count))
      at += count
      room -= count
    }
  }
  return parts
}
