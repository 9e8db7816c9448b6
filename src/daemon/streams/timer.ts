/** Timers of streams: any length, always undone. */

import { monotonic } from '../util/wait.js'

/** Longest pause of one `setTimeout`; it runs at once when asked for more. */
const longest = 0x7fff_ffff

/** Calls `body` once after `ms`; `Infinity` = never. Returns the undo. */
export function later(ms: number, body: () => void): () => void {
  if (ms === Number.POSITIVE_INFINITY) return () => {}
  let timer: NodeJS.Timeout
  const arm = (rest: number): void => {
    timer = setTimeout(() => (rest > longest ? arm(rest - longest) : body()), Math.min(rest, longest))
  }
  arm(Math.max(0, ms))
  return () => clearTimeout(timer)
}

/**
 * Calls `expire` once when `last()` (monotonic ms of the last sign of life) is `ms` ago. Costs one timer a period,
 * nothing for each sign of life.
 */
export class Watchdog {
  #cancel: () => void
  readonly #ms: number
  readonly #last: () => number
  readonly #expire: () => void

  constructor(ms: number, last: () => number, expire: () => void) {
    this.#ms = ms
    this.#last = last
    this.#expire = expire
    this.#cancel = later(ms, () => this.#check())
  }

  #check(): void {
    if (this.#lives()) return
    // a process that stood still finds its timers due before it reads what has arrived meanwhile
    const turn = setImmediate(() => this.#lives() || this.#expire())
    this.#cancel = () => clearImmediate(turn)
  }

  #lives(): boolean {
    const rest = this.#last() + this.#ms - monotonic()
    if (rest > 0) this.#cancel = later(Math.ceil(rest), () => this.#check())
    return rest > 0
  }

  stop(): void {
    this.#cancel()
  }
}
