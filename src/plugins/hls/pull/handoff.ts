/** A short queue between one who loads and one who plays. */

/** At most `limit` values wait. The end, or a failure, comes after them. */
export class Handoff<T> implements AsyncIterable<T> {
  readonly #limit: number
  readonly #waiting: T[] = []
  #end: { readonly error?: unknown } | undefined
  #wake: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Adds a value; resolves when there is room for another, or when the queue has ended. */
  async push(value: T): Promise<void> {
    if (this.#end) return
    this.#waiting.push(value)
    this.#stir()
    while (this.#waiting.length >= this.#limit && !this.#end) await this.#stirred()
  }

  /** Nothing comes after what waits; with an error iterating then rejects. Idempotent. */
  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error }
    this.#stir()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const value = this.#waiting.shift()
      if (value !== undefined) {
        this.#stir()
        yield value
      } else if (this.#end) {
        if ('error' in this.#end) throw this.#end.error
        return
      } else await this.#stirred()
    }
  }

  #stirred(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve)
    })
  }

  #stir(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}
