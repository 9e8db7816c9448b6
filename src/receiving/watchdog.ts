/** A timer that fires when something has not happened for a while. */

/** Calls `expired` once after `ms` without {@link Watchdog.touch}. Touching is cheap: it does not set a timer. */
export class Watchdog {
  #last = performance.now()
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined
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
    clearImmediate(this.#turn)
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => {
      if (this.#lives()) return
      // a process that stood still finds its timers due before it reads what has arrived meanwhile
      this.#turn = setImmediate(() => this.#lives() || this.#expired())
    }, ms)
  }

  #lives(): boolean {
    const left = this.#ms - (performance.now() - this.#last)
    if (left > 0) this.#arm(Math.ceil(left))
    return left > 0
  }
}
