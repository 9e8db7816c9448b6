/** When a plugin's process is started again, and when no more. */

import { Backoff, monotonic } from '../../util/wait.js'

/** Limits of restarts. Times in ms. */
export interface RestartLimits {
  /** So many ends … */
  readonly exits: number
  /** … within this time are too many. */
  readonly window: number
  /** Pause before the first restart, and the longest one. */
  readonly backoff: { readonly min: number; readonly max: number }
}

/** Three ends within a minute. */
export const restartLimits: RestartLimits = { exits: 3, window: 60_000, backoff: { min: 200, max: 5000 } }

/** Counts the ends of one plugin's process. */
export class Restarts {
  /** Starts after the first. */
  count = 0
  readonly #limits: RestartLimits
  readonly #backoff: Backoff
  readonly #now: () => number
  #ends: number[] = []

  constructor(limits: RestartLimits = restartLimits, now: () => number = monotonic) {
    this.#limits = limits
    this.#now = now
    this.#backoff = new Backoff(limits.backoff)
  }

  /** Notes an end that nobody asked for: ms to wait before the next start, or undefined when it is not started any more. */
  next(): number | undefined {
    const now = this.#now()
    this.#ends = this.#ends.filter((end) => now - end < this.#limits.window)
    if (this.#ends.length === 0) this.#backoff.reset()
    this.#ends.push(now)
    if (this.#ends.length >= this.#limits.exits) return undefined
    this.count++
    return this.#backoff.next()
  }
}
