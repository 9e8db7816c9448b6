/** Answers that are kept for a short time. */

/** What was answered: allowed, refused, or refused with a reason. */
export type Answer = boolean | string

/** Keeps at most so many answers; the oldest go first. */
export class Answers {
  readonly #kept = new Map<string, { readonly answer: Answer; readonly until: number }>()
  readonly #limit: number
  readonly #now: () => number

  /** `now`: monotonic ms. */
  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit
    this.#now = now
  }

  get(key: string): Answer | undefined {
    const kept = this.#kept.get(key)
    if (!kept) return undefined
    if (this.#now() < kept.until) return kept.answer
    this.#kept.delete(key)
    return undefined
  }

  /** `ttl` in ms; 0 = not at all. */
  set(key: string, answer: Answer, ttl: number): void {
    if (ttl <= 0) return
    this.#kept.delete(key)
    this.#kept.set(key, { answer, until: this.#now() + ttl })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#limit) return
      this.#kept.delete(oldest)
    }
  }
}
