/** Takes a byte stream apart into SP messages: `01` on ipc only, a length (u64, big-endian), so many bytes. */

import { ShoalError } from '../../../errors.js'
import type { SpAddress } from './sp-address.js'

/** How a {@link SpDecoder} is made. */
export interface SpDecoderOptions {
  readonly transport: SpAddress['transport']
  /** Bytes; a longer message is refused before anything is kept of it. */
  readonly maxMessage: number
}

/** Holds at most one message that is not whole yet, and the chunks it came in. */
export class SpDecoder {
  readonly #ipc: boolean
  readonly #maxMessage: number
  #chunks: Uint8Array[] = []
  #held = 0
  /** Body length of the message that is being received; undefined: its head is not whole. */
  #length: number | undefined

  constructor({ transport, maxMessage }: SpDecoderOptions) {
    this.#ipc = transport === 'ipc'
    this.#maxMessage = maxMessage
  }

  /** Adds bytes and takes every whole message. Throws `ERR_PROTOCOL` for a wrong type or a length over the limit. */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    if (chunk.length > 0) this.#chunks.push(chunk)
    this.#held += chunk.length
    for (;;) {
      this.#length ??= this.#head()
      if (this.#length === undefined || this.#held < this.#length) return
      const body = this.#take(this.#length)
      this.#length = undefined
      yield body
    }
  }

  #head(): number | undefined {
    const size = this.#ipc ? 9 : 8
    if (this.#held < size) return undefined
    const head = Buffer.from(this.#take(size))
    if (this.#ipc && head[0] !== 1) throw new ShoalError('ERR_PROTOCOL', `An SP message of the unknown type ${head[0]} came.`)
    const length = head.readBigUInt64BE(size - 8)
    if (length > BigInt(this.#maxMessage)) throw new ShoalError('ERR_PROTOCOL', `An SP message of ${length} bytes came; ${this.#maxMessage} is the most.`)
    return Number(length)
  }

  /** Takes bytes off the front: a view where they came in one chunk. */
  #take(size: number): Uint8Array {
    this.#held -= size
    const first = this.#chunks[0]
    if (first && first.length > size) {
      this.#chunks[0] = first.subarray(size)
      return first.subarray(0, size)
    }
    const parts: Uint8Array[] = []
    for (let missing = size; missing > 0; ) {
      const chunk = this.#chunks[0] as Uint8Array
      const part = chunk.subarray(0, missing)
      if (part.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(missing)
      parts.push(part)
      missing -= part.length
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : new Uint8Array(Buffer.concat(parts))
  }
}

/** What stands in front of a message of so many bytes. */
export function spMessageHead(transport: SpAddress['transport'], length: number): Uint8Array {
  const head = Buffer.alloc(transport === 'ipc' ? 9 : 8)
  if (transport === 'ipc') head[0] = 1
  head.writeBigUInt64BE(BigInt(length), head.length - 8)
  return head
}
