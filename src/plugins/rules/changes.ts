/** Tells listeners that something changed; several changes that nobody has looked at yet are one. */

/** A counter that can be waited for. */
export class Changes {
  #version = 0
  readonly #waiting = new Set<() => void>()

  /** Something changed. */
  emit(): void {
    this.#version++
    for (const wake of this.#waiting) wake()
  }

  /** Yields after each change from now on; ends when `signal` aborts. */
  listen(signal: AbortSignal): AsyncIterable<number> {
    return this.#follow(this.#version, signal)
  }

  async *#follow(from: number, signal: AbortSignal): AsyncGenerator<number, void, undefined> {
    let seen = from
    while (!signal.aborted) {
      if (seen === this.#version) await this.#next(signal)
      if (seen === this.#version) continue
      seen = this.#version
      yield seen
    }
  }

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
