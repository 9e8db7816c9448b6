/** Bounded queues and broadcast channels: the only ways in which values wait in the daemon. */

/** What a full queue does with a new value. */
export type Overflow = 'refuse' | 'drop-oldest'

/**
 * A queue with a limit in items and, where a weight is given, in weight; read by one `for await`. Closing lets the
 * reader finish what is queued; failing does too, and then throws.
 */
export class BoundedQueue<T> implements AsyncIterable<T> {
  /** Values refused or dropped because the queue was full. */
  dropped = 0
  #items: T[] = []
  #head = 0
  #weight = 0
  #closed = false
  #error: unknown
  #wake: (() => void) | undefined
  readonly #limit: number
  readonly #maxWeight: number
  readonly #weigh: (item: T) => number
  readonly #overflow: Overflow

  constructor(options: { limit: number; maxWeight?: number; weigh?: (item: T) => number; overflow?: Overflow }) {
    this.#limit = options.limit
    this.#maxWeight = options.maxWeight ?? Number.POSITIVE_INFINITY
    this.#weigh = options.weigh ?? (() => 0)
    this.#overflow = options.overflow ?? 'refuse'
  }

  /** Items waiting. */
  get size(): number {
    return this.#items.length - this.#head
  }

  /** Their weight. */
  get weight(): number {
    return this.#weight
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Queues `item`; false when it was refused (full, or closed). A single item heavier than the limit passes when the queue is empty. */
  push(item: T): boolean {
    if (this.#closed) return false
    const weight = this.#weigh(item)
    while (this.size >= this.#limit || (this.size > 0 && this.#weight + weight > this.#maxWeight)) {
      this.dropped++
      if (this.#overflow === 'refuse') return false
      this.shift()
    }
    this.#items.push(item)
    this.#weight += weight
    this.#wake?.()
    return true
  }

  /** Takes the oldest item, if there is one. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head] as T
    this.#items[this.#head++] = undefined as T
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    this.#weight -= this.#weigh(item)
    return item
  }

  /** Takes everything. */
  drain(): T[] {
    const items = this.#items.slice(this.#head)
    this.#items = []
    this.#head = 0
    this.#weight = 0
    return items
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
  }

  /** Closes with an error that the reader gets after what is queued. */
  fail(error: unknown): void {
    if (this.#closed) return
    this.#error = error ?? new Error('queue failed')
    this.close()
  }

  /** Resolves when there is an item, or the queue is closed. */
  async ready(): Promise<void> {
    if (this.size > 0 || this.#closed) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.size > 0) yield this.shift() as T
      if (this.#closed) {
        if (this.#error !== undefined) throw this.#error
        return
      }
      await this.ready()
    }
  }
}

/**
 * Events for many listeners. Each has its own bounded queue, so a slow one blocks nobody; it learns how many events it
 * missed through the value `lagged` makes, and goes on.
 */
export class Broadcast<T> {
  readonly #listeners = new Set<{ queue: BoundedQueue<T>; missed: number }>()
  readonly #limit: number
  readonly #lagged: (missed: number) => T

  constructor(lagged: (missed: number) => T, limit = 1024) {
    this.#lagged = lagged
    this.#limit = limit
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Hands `event` to every listener; never waits. */
  emit(event: T): void {
    for (const listener of this.#listeners) {
      if (!listener.queue.push(event)) listener.missed++
    }
  }

  /** Starts to listen now; iterate the result. Ends when `signal` aborts or the channel closes. */
  listen(signal?: AbortSignal): AsyncIterableIterator<T> {
    const listener = { queue: new BoundedQueue<T>({ limit: this.#limit }), missed: 0 }
    if (!signal?.aborted) this.#listeners.add(listener)
    else listener.queue.close()
    const stop = (): void => {
      this.#listeners.delete(listener)
      listener.queue.close()
      signal?.removeEventListener('abort', stop)
    }
    signal?.addEventListener('abort', stop, { once: true })
    return this.#iterate(listener, stop)
  }

  async *#iterate(listener: { queue: BoundedQueue<T>; missed: number }, stop: () => void): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const item = listener.queue.shift()
        if (item !== undefined) {
          yield item
          continue
        }
        if (listener.missed > 0) {
          const missed = listener.missed
          listener.missed = 0
          yield this.#lagged(missed)
          continue
        }
        if (listener.queue.closed) return
        await listener.queue.ready()
      }
    } finally {
      stop()
    }
  }

  /** Ends all listeners after what they have queued. */
  close(): void {
    for (const listener of this.#listeners) listener.queue.close()
    this.#listeners.clear()
  }
}
