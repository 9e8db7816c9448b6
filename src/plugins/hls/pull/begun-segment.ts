/** The segment of which parts were taken: when its other parts go before they were loaded, the rest is cut out of the whole. */

import { createHash, type Hash } from 'node:crypto'

/** Remembers how one segment began. */
export class BegunSegment {
  #name: string | undefined
  #size = 0
  #hash: Hash | undefined

  /** A part was loaded, the next of segment `name`. */
  part(name: string, isFirst: boolean, bytes: Uint8Array): void {
    if (isFirst) {
      this.#name = name
      this.#size = 0
      this.#hash = createHash('sha256')
    } else if (name !== this.#name) this.forget()
    this.#size += bytes.length
    this.#hash?.update(bytes)
  }

  /** A part could not be had, or was not the first: nothing is known of how the segment begins. */
  forget(): void {
    this.#name = undefined
    this.#hash = undefined
  }

  /** What of segment `name` is behind the parts; undefined where they are not what the whole begins with. */
  restOf(name: string, whole: Uint8Array): Uint8Array | undefined {
    const begun = name === this.#name ? this.#hash?.copy().digest() : undefined
    if (!begun || this.#size > whole.length) return undefined
    const beginning = createHash('sha256').update(whole.subarray(0, this.#size)).digest()
    return beginning.equals(begun) ? whole.subarray(this.#size) : undefined
  }
}
