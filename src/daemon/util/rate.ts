/** Limits on how often something happens. */

import { monotonic } from './wait.js'

/** A token bucket: `rate` a second, up to `burst` at once. */
export class TokenBucket {
  #tokens: number
  #last: number
  readonly #rate: number
  readonly #burst: number
  readonly #now: () => number

  constructor(options: { rate: number; burst: number; now?: () => number }) {
    this.#rate = options.rate
    this.#burst = options.burst
    this.#tokens = options.burst
    this.#now = options.now ?? monotonic
    this.#last = this.#now()
  }

  /** Takes `count` tokens; false when there are not enough. */
  take(count = 1): boolean {
    const now = this.#now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#last) / 1000) * this.#rate)
    this.#last = now
    if (this.#tokens < count) return false
    this.#tokens -= count
    return true
  }
}

/** Lets one call in `interval` ms through and counts the rest: for log lines that could flood. */
export class Throttle {
  #last = Number.NEGATIVE_INFINITY
  #held = 0
  readonly #interval: number
  readonly #now: () => number

  constructor(interval: number, now: () => number = monotonic) {
    this.#interval = interval
    this.#now = now
  }

  /** Calls `log` with the number of calls held back since the last one, at most once an interval. */
  run(log: (heldBack: number) => void): void {
    const now = this.#now()
    if (now - this.#last < this.#interval) {
      this.#held++
      return
    }
    this.#last = now
    const held = this.#held
    this.#held = 0
    log(held)
  }
}
