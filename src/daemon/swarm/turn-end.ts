/** Work that is put off to the end of a turn of the loop of events, and then done together. */

/**
 * The end of the present turn: after what has arrived in it was handled, and before the loop waits for more. What all streams of a
 * connection send there becomes one write below them; were each to wait for itself, Node would run what such a write waits for
 * between one and the next, and write for each.
 */
export class TurnEnd {
  #due: (() => void)[] = []

  /** Calls `work` at the end of this turn; of work that is asked for meanwhile, at the end of the next. It must not throw. */
  add(work: () => void): void {
    if (this.#due.push(work) === 1) setImmediate(() => this.#run())
  }

  #run(): void {
    const due = this.#due
    this.#due = []
    for (const work of due) work()
  }
}
