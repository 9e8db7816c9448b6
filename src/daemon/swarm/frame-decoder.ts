/** Cuts a byte stream into varint-length-prefixed frames, at the reader's pace and with bounded memory. */

import { ShoalError } from '../../errors.js'

/** Bytes of the longest prefix that is believed: 2^35. */
const maxPrefix = 5

/**
 * Incremental decoder of frames: unsigned LEB128 length, then that many bytes (the form of it-length-prefixed). Chunks are
 * pushed as they come and frames are taken one by one, so that many small frames in one chunk cost memory only when they are
 * read. A frame is allocated when all its bytes are here, never on the word of its prefix.
 */
export class FrameDecoder {
  readonly #maxFrame: number
  #chunks: Uint8Array[] = []
  #offset = 0
  #pending = 0
  #prefix = 0
  #prefixBytes = 0
  #need = -1
  #parts: Uint8Array[] = []
  #gathered = 0

  /** `maxFrame`: bytes; a longer frame is an error. */
  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame
  }

  /** Bytes that belong to no frame yet taken or begun. */
  get pending(): number {
    return this.#pending
  }

  /** True when the stream must not end here: within a prefix or a frame. */
  get partial(): boolean {
    return this.#pending > 0 || this.#need >= 0 || this.#prefixBytes > 0
  }

  /** Adds a chunk. It is kept, not copied, until its frames are taken. */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return
    this.#chunks.push(chunk)
    this.#pending += chunk.byteLength
  }

  /** The next whole frame in memory of its own, or undefined when more chunks are needed. Throws `ERR_PROTOCOL` for a length over the limit. */
  next(): Uint8Array | undefined {
    if (this.#need < 0 && !this.#readPrefix()) return undefined
    this.#gather()
    if (this.#gathered < this.#need) return undefined
    const frame = assemble(this.#parts, this.#need)
    this.#parts = []
    this.#gathered = 0
    this.#need = -1
    return frame
  }

  #readPrefix(): boolean {
    while (this.#pending > 0) {
      const byte = (this.#chunks[0] as Uint8Array)[this.#offset] as number
      this.#skip(1)
      this.#prefix += (byte & 0x7f) * 2 ** (7 * this.#prefixBytes++)
      if (this.#prefix > this.#maxFrame)
        throw new ShoalError('ERR_PROTOCOL', `A frame of ${this.#prefix} bytes or more is over the limit of ${this.#maxFrame}.`)
      if (byte < 0x80) {
        this.#need = this.#prefix
        this.#prefix = 0
        this.#prefixBytes = 0
        return true
      }
      if (this.#prefixBytes >= maxPrefix) throw new ShoalError('ERR_PROTOCOL', 'The length of a frame is not a valid number.')
    }
    return false
  }

  #gather(): void {
    while (this.#gathered < this.#need && this.#pending > 0) {
      const chunk = this.#chunks[0] as Uint8Array
      const count = Math.min(this.#need - this.#gathered, chunk.byteLength - this.#offset)
      this.#parts.push(chunk.subarray(this.#offset, this.#offset + count))
      this.#gathered += count
      this.#skip(count)
    }
  }

  /** Steps over `count` bytes of the first chunk. */
  #skip(count: number): void {
    this.#offset += count
    this.#pending -= count
    if (this.#offset < (this.#chunks[0] as Uint8Array).byteLength) return
    this.#chunks.shift()
    this.#offset = 0
  }
}

/** Copies, so that a small frame does not keep the network's large buffer alive. */
function assemble(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (size === 0) return new Uint8Array(0)
  if (parts.length === 1) return new Uint8Array(parts[0] as Uint8Array)
  const frame = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
  let at = 0
  for (const part of parts) {
    frame.set(part, at)
    at += part.byteLength
  }
  return frame
}
