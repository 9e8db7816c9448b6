/** Turns media time into waiting. */

import { setTimeout as sleep } from 'node:timers/promises'

/** ms that the source may lag before it goes on from now instead of hurrying. */
const patience = 2000

/** Lets frames go when they are due. */
export class Pace {
  readonly #lead: number
  /** Monotonic ms at which media time 0 was, or would have been. */
  #origin: number | undefined

  /** `lead`: ms that frames may be ahead of time. */
  constructor(lead = 0) {
    this.#lead = lead
  }

  /** Waits until `time` (µs) is due; false when aborted. The first time is due at once. */
  async until(time: number, signal: AbortSignal): Promise<boolean> {
    const at = time / 1000
    const now = performance.now()
    this.#origin ??= now - at
    if (now - this.#origin - at > patience) this.#origin = now - at
    const wait = Math.floor(this.#origin + at - now - this.#lead)
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => {})
    return !signal.aborted
  }
}
