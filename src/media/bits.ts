/** Reading bits, most significant first, with a check at every step: the ground of all parameter-set parsers. */

import { ShoalError } from '../errors.js'

/** Reads bits from a byte array. Every method throws `ERR_MEDIA_INVALID` at the end of the data. */
export class BitReader {
  #at = 0
  readonly #bytes: Uint8Array
  readonly #what: string

  /** `what` names the structure in errors: `SPS`. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  /** Bits left. */
  get left(): number {
    return this.#bytes.length * 8 - this.#at
  }

  /** The next `count` bits, 0 to 32, as an unsigned number. */
  bits(count: number): number {
    if (count > this.left) throw this.invalid('it ends too early')
    let value = 0
    for (let wanted = count; wanted > 0; ) {
      const byte = this.#bytes[this.#at >> 3] as number
      const free = 8 - (this.#at & 7)
      const take = Math.min(free, wanted)
      value = value * 2 ** take + ((byte >> (free - take)) & ((1 << take) - 1))
      this.#at += take
      wanted -= take
    }
    return value
  }

  flag(): boolean {
    return this.bits(1) === 1
  }

  skip(count: number): void {
    if (count > this.left) throw this.invalid('it ends too early')
    this.#at += count
  }

  /** `count` whole bytes; the reader must stand at a byte boundary. No copy. */
  bytes(count: number): Uint8Array {
    if (count * 8 > this.left) throw this.invalid('it ends too early')
    const from = this.#at >> 3
    this.#at += count * 8
    return this.#bytes.subarray(from, from + count)
  }

  /** ue(v): unsigned Exp-Golomb, up to 32 bits (H.264 9.1). */
  ue(): number {
    let zeros = 0
    while (!this.flag()) {
      if (++zeros > 31) throw this.invalid('an Exp-Golomb code is longer than 32 bits')
    }
    return 2 ** zeros - 1 + this.bits(zeros)
  }

  /** se(v): signed Exp-Golomb (H.264 9.1.1). */
  se(): number {
    const code = this.ue()
    return code % 2 === 1 ? (code + 1) / 2 : code === 0 ? 0 : -code / 2
  }

  /** The error for this structure. */
  invalid(why: string): ShoalError {
    return new ShoalError('ERR_MEDIA_INVALID', `${this.#what}: ${why}.`)
  }
}
