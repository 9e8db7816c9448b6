/** When a stream is so quiet that other copies should be looked at. */

import { Backoff, monotonic } from '../util/wait.js'
import type { PullTiming } from './pulled-stream.js'

/** What is known of the frames of a stream. */
export interface Pace {
  /** Monotonic ms of the last frame. */
  readonly lastFrame: number
  /** ms: the longest pause between two frames of late. */
  readonly usualPause: number
}

/** Times the usual pause from which on a stream is quiet, and the most of that, ms. */
const unusual = 4
const longest = 30_000

/** ms between two looks around that found nothing. */
const pauses = { min: 1000, max: 60_000 }

/**
 * A relay may hang and still say that it is there. So what counts is frames: where none comes for much longer than usual, other
 * copies are tried beside, and whichever brings the next frame wins. A stream that pauses at its origin costs a try now and then.
 */
export class LookAround {
  readonly #pace: Pace
  readonly #timing: PullTiming
  readonly #look: (signal: AbortSignal) => Promise<void>
  readonly #timer: NodeJS.Timeout
  readonly #backoff = new Backoff(pauses)
  #looking: AbortController | undefined
  #after = 0
  /** The last frame when it last looked. */
  #seen = 0

  /** `look` tries the others; it never rejects but for its signal, which aborts when the stream goes on. */
  constructor(pace: Pace, timing: PullTiming, look: (signal: AbortSignal) => Promise<void>) {
    this.#pace = pace
    this.#timing = timing
    this.#look = look
    this.#timer = setInterval(() => this.#tick(), Math.min(250, timing.quiet / 4))
  }

  #tick(): void {
    const { lastFrame, usualPause } = this.#pace
    const now = monotonic()
    if (lastFrame !== this.#seen) this.#moved(lastFrame)
    if (this.#looking || now < this.#after || now - lastFrame < Math.max(this.#timing.quiet, Math.min(usualPause * unusual, longest))) return
    this.#looking = new AbortController()
    void this.#run(this.#looking.signal)
  }

  #moved(lastFrame: number): void {
    this.#seen = lastFrame
    this.#backoff.reset()
    this.#after = 0
    this.#looking?.abort()
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await this.#look(signal)
    } catch {
      // the stream went on by itself
    }
    this.#looking = undefined
    this.#after = monotonic() + this.#backoff.next()
  }

  /** Ends it. A source that has won is not touched: its signal is another one by then. */
  stop(): void {
    clearInterval(this.#timer)
    this.#looking?.abort()
  }
}
