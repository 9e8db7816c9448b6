/** When a connection that takes slowly is not written to, and how fresh what it gets afterwards must be. */

/** ms for which bytes may wait for a connection without a pause. Beyond it, frames wait in the stream instead, where whole groups can be left out. */
const patience = 200

/** The same for a receiver that was found slower than the stream. */
const slowPatience = 100

/** ms for which such a receiver is remembered. */
const memory = 10_000

/** Bytes that may wait right after a wait: whether the receiver has caught up, or is slow, is seen by how it takes these. */
const trial = 64 * 1024

/** ms: a receiver that took so long for what waited, twice in a row, gets a newer group instead of what has gathered. */
const late = 300

/** ms the next frame may be old for such a receiver. */
const freshness = 300

/**
 * The queue of one connection; bytes and monotonic ms. One that stood still for a moment gets all it missed: it takes that fast. One that
 * has to be waited for again right after is slower than the stream; for the next seconds it is not given the benefit of the doubt: what it missed
 * would lie before it in its own system, where nobody can leave it out.
 */
export class Pace {
  readonly #limit: number
  /** Since when bytes wait without a pause. */
  #since: number | undefined
  /** Waits without a moment between them in which nothing waited. */
  #waits = 0
  #justResumed = false
  #slowUntil = Number.NEGATIVE_INFINITY

  /** `limit`: bytes that may wait at most. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Something was written; `before` and `after`: bytes that waited then and wait now. True: no more may be written until all is taken. */
  wrote(before: number, after: number): boolean {
    const isTrial = this.#justResumed
    if (before === 0 && !isTrial) this.#waits = 0
    this.#justResumed = false
    if (after === 0) {
      this.#since = undefined
      this.#waits = 0
      return false
    }
    const now = performance.now()
    if (before === 0) this.#since = now
    const room = isTrial ? Math.min(trial, this.#limit) : this.#limit
    return after > room || now - (this.#since ?? now) > (now < this.#slowUntil ? slowPatience : patience)
  }

  /** All was taken, after a wait of `ms`. How old the next frame may be, in ms; undefined where nothing needs to be left out. */
  resumed(ms: number): number | undefined {
    this.#since = undefined
    this.#justResumed = true
    this.#waits++
    const now = performance.now()
    if (ms < late || (this.#waits < 2 && now >= this.#slowUntil)) return undefined
    this.#waits = 0
    this.#slowUntil = now + memory
    return freshness
  }
}
