/** Lets a few through at a time: programs that all start at once leave no processor for streams. */

/** A gate. Who waits comes through in order. */
export class StartGate {
  #free: number
  readonly #waiting: (() => void)[] = []

  /** `width`: how many may be inside. */
  constructor(width: number) {
    this.#free = width
  }

  /** Resolves when there is room, with the function that makes it free again; more calls of that do nothing. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let inside = true
    return () => {
      if (!inside) return
      inside = false
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
