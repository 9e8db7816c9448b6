/** Time of the supervisor and of what works for it. */

import { monotonic } from '../util/wait.js'

/** Time, so that tests can make it. */
export interface Clock {
  /** Monotonic ms. */
  now(): number
  /** Runs something later; the result takes it back. */
  schedule(ms: number, run: () => void): () => void
}

/** The machine's own time. */
export const realClock: Clock = {
  now: monotonic,
  schedule: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
