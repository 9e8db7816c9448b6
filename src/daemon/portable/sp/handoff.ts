/** Hands values from many producers to one consumer; each producer waits until its value was taken, so nothing piles up. */

interface Offer<T> {
  readonly value: T
  readonly taken: () => void
}

/** A meeting point without a queue: at most one value of each producer waits. */
export class Handoff<T> implements AsyncIterable<T> {
  readonly #offers: Offer<T>[] = []
  #closed = false
  #wake: (() => void) | undefined

  /** Resolves when the value was taken, or will never be. */
  offer(value: T): Promise<void> {
    if (this.#closed) return Promise.resolve()
    return new Promise((taken) => {
      this.#offers.push({ value, taken })
      this.#wake?.()
    })
  }

  /** Ends the consumer; what waits is dropped. */
  close(): void {
    this.#closed = true
    for (const { taken } of this.#offers.splice(0)) taken()
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (!this.#closed) {
      const offer = this.#offers.shift()
      if (offer) {
        offer.taken()
        yield offer.value
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    }
  }
}
