/** What was made of batches in this turn of the event loop. */

import type { Frame } from '../stream.js'

/** Values kept at most: a batch has one for each variant, and few streams are served in one turn. */
const maxMade = 32

interface Made<T> {
  readonly batch: readonly Frame[]
  readonly variant: string | number
  readonly value: T
}

/**
 * All viewers that are up to date get the same batch in the same turn; later nobody gets it any more. So it is let go of at the end of the turn, and
 * its memory does not wait for a collection of all garbage.
 */
export class BatchCache<T> {
  #made: Made<T>[] = []

  /** The value of that variant of a batch; made where there is none. */
  of(batch: readonly Frame[], variant: string | number, make: () => T): T {
    return this.get(batch, variant) ?? this.keep(batch, variant, make())
  }

  /** The value, if it was made. */
  get(batch: readonly Frame[], variant: string | number): T | undefined {
    // the one that was made last is the one that is asked for
    for (let at = this.#made.length - 1; at >= 0; at--) {
      const made = this.#made[at]
      if (made?.batch === batch && made.variant === variant) return made.value
    }
    return undefined
  }

  /** Keeps what was made, and gives it back. */
  keep(batch: readonly Frame[], variant: string | number, value: T): T {
    if (this.#made.length === 0) setImmediate(() => this.#clear())
    if (this.#made.length >= maxMade) this.#made.shift()
    this.#made.push({ batch, variant, value })
    return value
  }

  #clear(): void {
    this.#made = []
  }
}
