/** FLV byte streams to tracks and frames (FLV 10.1 E.2 to E.4). */

import { ShoalError } from '../../errors.js'
import type { Track } from '../../stream.js'
import type { TagEvent, TagKind } from './tag.js'
import { TagReader } from './tag-reader.js'

/** Largest tag body that is accepted, in bytes. */
export const maxTagSize = 8 * 1024 * 1024

/** Largest distance from the start to the first tag. */
const maxHeaderSize = 65_536

const signature = [0x46, 0x4c, 0x56] // FLV
const tagKinds: ReadonlyMap<number, TagKind> = new Map([
  [8, 'audio'],
  [9, 'video'],
  [18, 'script'],
])

/**
 * Reads an FLV byte stream that arrives in pieces of any size; the size of a piece makes no difference to the events.
 * Throws `ERR_MEDIA_INVALID` for what is not FLV, is encrypted or exceeds {@link maxTagSize}, before memory is taken for
 * it, and what {@link TagReader} throws. After an error every further call throws it again. The sizes behind tags are not
 * looked at, because many writers get them wrong.
 */
export class FlvDemuxer {
  readonly #reader = new TagReader()
  #kinds: { readonly audio: boolean; readonly video: boolean } | undefined
  #tag: { readonly kind: TagKind; readonly timestamp: number; readonly size: number } | undefined
  #stage: 'header' | 'gap' | 'head' | 'body' = 'header'
  #need = 9
  /** A piece of `#need` bytes that has not arrived whole. */
  #partial: Uint8Array | undefined
  #filled = 0
  #error: unknown

  /** The tracks seen so far. */
  get tracks(): readonly Track[] {
    return this.#reader.tracks
  }

  /** Which kinds the file header announces; undefined before it was read. Writers get it wrong, so it is a hint. */
  get announced(): { readonly audio: boolean; readonly video: boolean } | undefined {
    return this.#kinds
  }

  /** Takes the next piece. Frames refer to its memory: do not reuse it. */
  push(chunk: Uint8Array): TagEvent[] {
    if (this.#error !== undefined) throw this.#error
    try {
      return this.#read(chunk)
    } catch (error) {
      this.#error = error
      throw error
    }
  }

  #read(chunk: Uint8Array): TagEvent[] {
    const events: TagEvent[] = []
    let at = 0
    while (at < chunk.length) {
      const take = Math.min(this.#need - this.#filled, chunk.length - at)
      const whole = this.#collect(chunk.subarray(at, at + take))
      at += take
      if (whole) events.push(...this.#advance(whole))
    }
    return events
  }

  /** The piece that was asked for, once all of it is there; without a copy when it came at once. */
  #collect(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length === this.#need) return bytes
    this.#partial ??= new Uint8Array(this.#need)
    this.#partial.set(bytes, this.#filled)
    this.#filled += bytes.length
    if (this.#filled < this.#need) return undefined
    const whole = this.#partial
    this.#partial = undefined
    this.#filled = 0
    return whole
  }

  #advance(bytes: Uint8Array): TagEvent[] {
    switch (this.#stage) {
      case 'header':
        this.#expect('gap', this.#readHeader(bytes))
        return []
      case 'gap':
        this.#expect('head', 11)
        return []
      case 'head':
        this.#tag = readTagHead(bytes)
        this.#expect('body', this.#tag.size + 4)
        return []
      case 'body': {
        const tag = this.#tag
        this.#expect('head', 11)
        return tag ? this.#reader.read(tag.kind, tag.timestamp, bytes.subarray(0, tag.size)) : []
      }
    }
  }

  #expect(stage: 'gap' | 'head' | 'body', need: number): void {
    this.#stage = stage
    this.#need = need
  }

  /** The bytes between the header and the first tag: header extensions and the first tag size. */
  #readHeader(bytes: Uint8Array): number {
    if (!signature.every((byte, i) => bytes[i] === byte)) throw invalid('it does not begin with FLV')
    if (bytes[3] !== 1) throw invalid(`version ${bytes[3]} is unknown`)
    const flags = bytes[4] as number
    this.#kinds = { audio: (flags & 4) !== 0, video: (flags & 1) !== 0 }
    const offset = new DataView(bytes.buffer, bytes.byteOffset).getUint32(5)
    if (offset < 9 || offset > maxHeaderSize) throw invalid(`a header of ${offset} bytes`)
    return offset - 9 + 4
  }
}

function readTagHead(bytes: Uint8Array): { kind: TagKind; timestamp: number; size: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = view.getUint8(0)
  const kind = tagKinds.get(type & 0x1f)
  if (type & 0x20) throw invalid('its tags are encrypted')
  if (!kind) throw invalid(`tag type ${type}`)
  const size = view.getUint32(0) & 0xffffff
  if (size > maxTagSize) throw invalid(`a tag of ${size} bytes, more than ${maxTagSize}`)
  const timestamp = (view.getUint32(4) >>> 8) + view.getUint8(7) * 2 ** 24
  return { kind, timestamp, size }
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `FLV: ${why}.`)
}
