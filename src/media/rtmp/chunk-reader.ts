/** From a byte stream to RTMP messages: the chunk stream (Adobe RTMP 1.0, section 5.3), incremental and bounded. */

import { Slab } from '../slab.js'
import { type Message, MessageType, protocolError, readControl, readUint24, readUint32 } from './message.js'

/** What one connection may hold. Sizes in bytes. */
export interface ChunkLimits {
  /** An audio, video or aggregate message. Default 8 MiB. */
  readonly maxMedia?: number
  /** Any other message. Default 64 KiB. */
  readonly maxOther?: number
  /** Messages begun and not finished, together. Default 16 MiB. */
  readonly maxPartial?: number
  /** Chunk stream ids in use. Default 128. */
  readonly maxStreams?: number
}

const defaults = { maxMedia: 8 * 1024 * 1024, maxOther: 64 * 1024, maxPartial: 16 * 1024 * 1024, maxStreams: 128 }

/** A body is given room as its bytes arrive, so that a sender has to send what it makes us hold. */
const firstRoom = 64 * 1024

/** No chunk is larger than a message, and no message is larger than this (section 5.4.1). */
const maxChunkSize = 0xff_ffff
const extendedMark = 0xff_ffff

const none = new Uint8Array(0)

/** What is remembered of a chunk stream between its chunks. */
interface ChunkStream {
  readonly id: number
  type: number
  stream: number
  length: number
  /** Of the message that is being read, ms, 32 bits. */
  timestamp: number
  /** The timestamp field of the last header: absolute after type 0, a difference after 1 and 2. */
  field: number
  /** The last header had an extended timestamp. */
  extended: boolean
  body: Uint8Array | undefined
  filled: number
}

/** Turns bytes into messages. Set Chunk Size and Abort are obeyed here and not handed out; aggregates are handed out whole. */
export class ChunkReader {
  readonly #limits: Required<ChunkLimits>
  readonly #streams = new Map<number, ChunkStream>()
  readonly #bodies = new Slab()
  #chunkSize = 128
  /** What is being read, and how far it was. */
  #input: Uint8Array = none
  #at = 0
  /** A chunk header that is not complete yet. */
  #carry: Uint8Array = none
  /** The chunk stream whose payload comes next, and how much of this chunk is missing. */
  #current: ChunkStream | undefined
  #missing = 0
  #partial = 0
  /** Whether this sender repeats the extended timestamp in chunks of type 3, as section 5.3.1.3 says; some do not. */
  #repeats: boolean | undefined

  constructor(limits: ChunkLimits = {}) {
    this.#limits = { ...defaults, ...limits }
  }

  /** Bytes held for messages that are not finished. */
  get partial(): number {
    return this.#partial
  }

  /** Chunk size of the other side now. */
  get chunkSize(): number {
    return this.#chunkSize
  }

  /**
   * Gives the messages that `bytes` completes, in order; iterate to the end before the next call. Bodies are copies and
   * may be kept; `bytes` may be used again after the end, or after {@link own}. Throws `ERR_PROTOCOL`, after the messages before the fault;
   * the reader is of no use afterwards.
   */
  *read(bytes: Uint8Array): Generator<Message, void, undefined> {
    this.#input = this.#carry.length === 0 ? bytes : joined(this.#carry, bytes)
    this.#at = 0
    for (let message = this.#next(); message; message = this.#next()) yield message
    this.#carry = this.#at < this.#input.length ? this.#input.slice(this.#at) : none
    this.#input = none
  }

  /** Makes what is left of the bytes being read its own: who iterates takes a pause, and the bytes are used again meanwhile. */
  own(): void {
    this.#input = this.#input.slice(this.#at)
    this.#at = 0
  }

  /** The next message; undefined where there are no bytes for it. */
  #next(): Message | undefined {
    while (this.#at < this.#input.length || this.#current) {
      if (this.#current === undefined) {
        const next = this.#readHeader(this.#input, this.#at)
        if (next < 0) return undefined
        this.#at = next
      }
      this.#at += this.#readPayload(this.#input, this.#at)
      if (this.#missing > 0) return undefined
      const message = this.#endChunk()
      if (message) return message
    }
    return undefined
  }

  /** Reads basic header, message header and extended timestamp; -1 when they are not all there. */
  #readHeader(input: Uint8Array, start: number): number {
    const first = input[start] ?? 0
    const format = first >> 6
    const small = first & 63
    const fixed = start + (small === 0 ? 2 : small === 1 ? 3 : 1)
    const size = format === 0 ? 11 : format === 1 ? 7 : format === 2 ? 3 : 0
    if (fixed + size > input.length) return -1
    const id = small === 0 ? 64 + (input[start + 1] ?? 0) : small === 1 ? 64 + (input[start + 1] ?? 0) + (input[start + 2] ?? 0) * 256 : small
    const known = this.#streams.get(id)
    if (format === 3) return this.#continue(known, id, input, fixed)
    const field = readUint24(input, fixed)
    const extended = field === extendedMark
    const end = fixed + size + (extended ? 4 : 0)
    if (end > input.length) return -1
    const chunk = known ?? this.#open(id, format)
    if (chunk.body) throw protocolError(`chunk stream ${id} starts a message inside another.`)
    chunk.extended = extended
    chunk.field = extended ? readUint32(input, fixed + size) : field
    chunk.timestamp = format === 0 ? chunk.field : (chunk.timestamp + chunk.field) >>> 0
    if (format < 2) {
      chunk.length = readUint24(input, fixed + 3)
      chunk.type = input[fixed + 6] ?? 0
    }
    // The one little-endian field of RTMP.
    if (format === 0) chunk.stream = readUint32Little(input, fixed + 7)
    this.#begin(chunk)
    return end
  }

  /** A chunk of type 3: goes on with a message, or begins one that repeats all of the last header. */
  #continue(chunk: ChunkStream | undefined, id: number, input: Uint8Array, at: number): number {
    if (!chunk) throw protocolError(`chunk stream ${id} begins with a chunk that repeats a header.`)
    let end = at
    if (chunk.extended && this.#repeats !== false) {
      if (at + 4 > input.length) return -1
      if (this.#repeats === undefined) {
        const value = readUint32(input, at)
        this.#repeats = value === chunk.field || value === chunk.timestamp
      }
      if (this.#repeats) end += 4
    }
    if (!chunk.body) {
      chunk.timestamp = (chunk.timestamp + chunk.field) >>> 0
      this.#begin(chunk)
    } else this.#enter(chunk)
    return end
  }

  #open(id: number, format: number): ChunkStream {
    // Type 1 as the very first occurs (control messages of librtmp); type 2 leaves the length unknown.
    if (format === 2) throw protocolError(`chunk stream ${id} begins with a chunk without a length.`)
    if (this.#streams.size >= this.#limits.maxStreams) throw protocolError(`more than ${this.#limits.maxStreams} chunk streams.`)
    const chunk: ChunkStream = { id, type: 0, stream: 0, length: 0, timestamp: 0, field: 0, extended: false, body: undefined, filled: 0 }
    this.#streams.set(id, chunk)
    return chunk
  }

  #begin(chunk: ChunkStream): void {
    const { maxMedia, maxOther } = this.#limits
    const limit = isMedia(chunk.type) ? maxMedia : maxOther
    if (chunk.length > limit) throw protocolError(`message of type ${chunk.type} has ${chunk.length} bytes, ${limit} are allowed.`)
    // only who publishes sends many, and who views has no memory for them
    const isOne = chunk.length <= firstRoom && isMedia(chunk.type)
    chunk.body = isOne ? this.#bodies.take(this.#hold(chunk.length)) : this.#room(Math.min(chunk.length, firstRoom))
    chunk.filled = 0
    this.#enter(chunk)
  }

  /** Takes memory for a large body, within the limit of the connection. */
  #room(size: number): Uint8Array {
    return new Uint8Array(this.#hold(size))
  }

  /** Counts memory against the limit of the connection; the same number. */
  #hold(size: number): number {
    const { maxPartial } = this.#limits
    if (this.#partial + size > maxPartial) throw protocolError(`unfinished messages hold more than ${maxPartial} bytes.`)
    this.#partial += size
    return size
  }

  #enter(chunk: ChunkStream): void {
    this.#current = chunk
    this.#missing = Math.min(this.#chunkSize, chunk.length - chunk.filled)
  }

  /** Copies payload of the current chunk; how many bytes. */
  #readPayload(input: Uint8Array, at: number): number {
    const chunk = this.#current
    if (!chunk?.body) return 0
    const count = Math.min(this.#missing, input.length - at)
    if (chunk.filled + count > chunk.body.length) this.#grow(chunk, chunk.body, chunk.filled + count)
    chunk.body.set(input.subarray(at, at + count), chunk.filled)
    chunk.filled += count
    this.#missing -= count
    return count
  }

  #grow(chunk: ChunkStream, body: Uint8Array, needed: number): void {
    const larger = this.#room(Math.min(chunk.length, Math.max(needed, body.length * 4)))
    larger.set(body.subarray(0, chunk.filled))
    this.#partial -= body.length
    chunk.body = larger
  }

  /** Leaves the current chunk; gives its message when that is complete and not for the reader itself. */
  #endChunk(): Message | undefined {
    const chunk = this.#current
    this.#current = undefined
    if (!chunk?.body || chunk.filled < chunk.length) return undefined
    const message = { type: chunk.type, stream: chunk.stream, timestamp: chunk.timestamp, body: chunk.body }
    this.#drop(chunk)
    if (message.type === MessageType.setChunkSize) this.#setChunkSize(readControl(message))
    else if (message.type === MessageType.abort) this.#abort(readControl(message))
    else return message
    return undefined
  }

  #drop(chunk: ChunkStream): void {
    this.#partial -= chunk.body?.length ?? 0
    chunk.body = undefined
    chunk.filled = 0
  }

  #setChunkSize(size: number): void {
    if (size < 1 || size > 0x7fff_ffff) throw protocolError(`chunk size ${size} is not between 1 and 2147483647.`)
    this.#chunkSize = Math.min(size, maxChunkSize)
  }

  #abort(id: number): void {
    const chunk = this.#streams.get(id)
    if (chunk) this.#drop(chunk)
  }
}

function isMedia(type: number): boolean {
  return type === MessageType.audio || type === MessageType.video || type === MessageType.aggregate
}

function readUint32Little(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + tail.length)
  all.set(head)
  all.set(tail, head.length)
  return all
}
