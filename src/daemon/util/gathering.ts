/** Changes that wait for their turn, one for each key. */

interface Waiting<T> {
  value: T
  readonly done: Promise<void>
}

/** Changes of one kind. Those that come while one waits for the same key join it: however fast they come, the queue behind them stays short. */
export class Gathering<T> {
  readonly #waiting = new Map<string, Waiting<T>>()
  readonly #inOrder: (action: () => Promise<void>) => Promise<void>
  readonly #apply: (key: string, value: T) => Promise<void>

  /** `inOrder` runs an action when its turn comes, never in the same turn of the loop; `apply` makes a change. */
  constructor(inOrder: (action: () => Promise<void>) => Promise<void>, apply: (key: string, value: T) => Promise<void>) {
    this.#inOrder = inOrder
    this.#apply = apply
  }

  /** Resolves when the change is made; rejects as `apply`. `join` makes one change of this one and the one that waits, if there is one. */
  add(key: string, join: (earlier?: T) => T): Promise<void> {
    const present = this.#waiting.get(key)
    if (present) {
      present.value = join(present.value)
      return present.done
    }
    const waiting: Waiting<T> = {
      value: join(),
      done: this.#inOrder(async () => {
        this.#waiting.delete(key)
        await this.#apply(key, waiting.value)
      }),
    }
    this.#waiting.set(key, waiting)
    return waiting.done
  }
}
