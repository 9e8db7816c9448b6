/** A timer that fires when something has not happened for a while. */

/** Calls `expired` once after `ms` without {@link Watchdog.touch}. Touching is cheap: it does not set a timer. */
export class Watchdog {
  #last = performance.now()
  #timer: NodeJS.Timeout | undefined
  readonly #ms: number
  readonly #expired: () => void

  constructor(ms: number, expired: () => void) {
    this.#ms = ms
    this.#expired = expired
    this.#arm(ms)
  }

  /** It happened. */
  touch(): void {
    this.#last = performance.now()
  }

  /** Ends it; `expired` is not called any more. Idempotent. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => {
      const left = this.#ms - (performance.now() - this.#last)
      if (left > 0) this.#arm(Math.ceil(left))
      else this.#expired()
    }, ms)
  }
}
