/** Memory for what comes in a row and is let go of in a row: one large piece in place of many small ones. */

/** Bytes of a piece. What is kept of it keeps all of it, so it is worth no more than a moment of a stream. */
const size = 256 * 1024

/** A larger part gets memory of its own, so that no more than this is lost at the end of a piece. */
const largest = size / 4

/**
 * Hands out memory piece by piece. For the engine each piece is one thing to know of, count and free: a stream's frames would be a hundred
 * a second. To be used by one stream: its frames grow old together.
 */
export class Slab {
  #piece = new Uint8Array(0)
  #used = 0

  /** `length` bytes that nobody else has, all of them 0. */
  take(length: number): Uint8Array {
    if (length > largest) return new Uint8Array(length)
    if (this.#used + length > this.#piece.length) {
      this.#piece = new Uint8Array(size)
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    return this.#piece.subarray(start, this.#used)
  }
}
