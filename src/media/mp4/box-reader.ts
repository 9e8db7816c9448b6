/** Reading boxes (ISO/IEC 14496-12 4.2). */

import { ShoalError } from '../../errors.js'

/** A box and its content. */
export interface Mp4Box {
  readonly type: string
  readonly content: Uint8Array
}

/** The head of a box. */
export interface BoxHead {
  readonly type: string
  /** Bytes of the head itself. */
  readonly headSize: number
  /** Bytes of the whole box; 0 = to the end of the stream. */
  readonly size: number
}

/** The error for what is no MP4. */
export function invalidMp4(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `MP4: ${why}.`)
}

/** Reads a head at `at`; undefined where more bytes are needed. Throws `ERR_MEDIA_INVALID` for a size that cannot be. */
export function readBoxHead(bytes: Uint8Array, at: number): BoxHead | undefined {
  if (at + 8 > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
  const short = view.getUint32(at)
  if (short !== 1) {
    if (short > 0 && short < 8) throw invalidMp4(`a box of ${short} bytes`)
    return { type, headSize: 8, size: short }
  }
  if (at + 16 > bytes.length) return undefined
  const size = Number(view.getBigUint64(at + 8))
  if (size < 16 || !Number.isSafeInteger(size)) throw invalidMp4(`a box of ${size} bytes`)
  return { type, headSize: 16, size }
}

/** The boxes one after the other in `bytes`. Throws `ERR_MEDIA_INVALID` where one does not fit. */
export function readBoxes(bytes: Uint8Array): Mp4Box[] {
  const boxes: Mp4Box[] = []
  for (let at = 0; at + 8 <= bytes.length; ) {
    const head = readBoxHead(bytes, at)
    const size = head?.size === 0 ? bytes.length - at : (head?.size ?? 0)
    if (!head || at + size > bytes.length) throw invalidMp4('a box is longer than the one around it')
    boxes.push({ type: head.type, content: bytes.subarray(at + head.headSize, at + size) })
    at += size
  }
  return boxes
}

/** The content of the first box of a type. */
export function findBox(boxes: readonly Mp4Box[], type: string): Uint8Array | undefined {
  return boxes.find((box) => box.type === type)?.content
}

/** The content of a box further down, by the types on the way; undefined where one is missing. */
export function findWithin(content: Uint8Array, ...path: readonly string[]): Uint8Array | undefined {
  let at: Uint8Array | undefined = content
  for (const type of path) at = at && findBox(readBoxes(at), type)
  return at
}

/** Reads numbers, with a check at every step. Every method throws `ERR_MEDIA_INVALID` at the end of the box. */
export class FieldReader {
  readonly version: number
  readonly flags: number
  #at = 0
  readonly #view: DataView
  readonly #type: string

  /** The content of a full box: its version and flags are read at once. */
  constructor(content: Uint8Array, type: string) {
    this.#view = new DataView(content.buffer, content.byteOffset, content.byteLength)
    this.#type = type
    const head = this.u32()
    this.version = head >>> 24
    this.flags = head & 0xff_ffff
  }

  /** Bytes left. */
  get left(): number {
    return this.#view.byteLength - this.#at
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4))
  }

  i32(): number {
    return this.#view.getInt32(this.#step(4))
  }

  /** 64 bits; beyond what a number holds exactly it is not valid. */
  u64(): number {
    const value = Number(this.#view.getBigUint64(this.#step(8)))
    if (!Number.isSafeInteger(value)) throw invalidMp4(`a number in ${this.#type} is too large`)
    return value
  }

  i64(): number {
    return Number(this.#view.getBigInt64(this.#step(8)))
  }

  skip(bytes: number): void {
    this.#step(bytes)
  }

  #step(bytes: number): number {
    const at = this.#at
    if (bytes > this.left) throw invalidMp4(`${this.#type} ends too early`)
    this.#at += bytes
    return at
  }
}
