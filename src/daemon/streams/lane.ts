/** Readers of one stream that are served in the same moment, so that they share what is made for them. */

import { monotonic } from '../util/wait.js'
import type { Reader } from './subscription.js'
import { later } from './timer.js'
import { type KindBit, kindBits } from './tracks.js'

/** ms that sound waits for the next picture: a little more than the distance of pictures at 25 a second. */
const soundWait = 40

/** ms a batch may wait at most. */
const maxBatch = 1000

/** ms by which a picture may come too late for its batch: 33 is meant to join two pictures at 30 a second, which are 33.3 ms apart. */
const slack = 2

/** One lane for each way of gathering. Has a timer only while frames wait that are not due. */
export class Lane {
  /** Is something due to its readers? */
  isDue = false
  readonly #batch: number | undefined
  readonly #expired: () => void
  readonly #waiting = new Set<Reader>()
  /** Monotonic ms at which what waits is due. */
  #deadline = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  /** `batch`: see {@link SubscribeOptions.batch}. `expired`: what waited has waited enough. */
  constructor(batch: number | undefined, expired: () => void) {
    this.#batch = batch === undefined ? undefined : Math.min(maxBatch, Math.max(0, batch))
    this.#expired = expired
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  add(reader: Reader): void {
    this.#waiting.add(reader)
  }

  delete(reader: Reader): void {
    this.#waiting.delete(reader)
    if (this.isEmpty) this.stop()
  }

  /** A frame came at `now`, in a stream with pictures or without. True: it is due now. */
  came(kind: KindBit, pictures: boolean, now: number): boolean {
    if (this.isDue || this.isEmpty) return this.isDue
    const leads = !pictures || kind === kindBits.video
    const wait = this.#batch === undefined ? 0 : this.#batch + (leads ? 0 : soundWait)
    if (wait > 0 && !(leads && this.#deadline - now <= slack * 2)) {
      this.#wait(now + wait + (leads ? slack : 0), now)
      return false
    }
    this.stop()
    this.isDue = true
    return true
  }

  /** Serves what waits at `deadline`, or when it was to be served before. */
  #wait(deadline: number, now: number): void {
    if (deadline >= this.#deadline) return
    this.#cancel?.()
    this.#deadline = deadline
    this.#cancel = later(Math.ceil(deadline - now), () => {
      this.#deadline = Number.POSITIVE_INFINITY
      this.#cancel = undefined
      this.isDue = true
      this.#expired()
    })
  }

  /** Serves those who wait. */
  flush(): void {
    this.stop()
    const now = monotonic()
    for (const reader of this.#waiting) if (!reader.offer(now)) this.#waiting.delete(reader)
  }

  /** Nothing is due any more. */
  stop(): void {
    this.isDue = false
    this.#deadline = Number.POSITIVE_INFINITY
    this.#cancel?.()
    this.#cancel = undefined
  }
}
