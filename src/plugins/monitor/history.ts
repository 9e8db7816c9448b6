/** The last events, numbered, for readers that come and go. */

/** An event as it is kept. */
export interface HistoryEntry {
  /** 1, 2, 3 …; never used twice. */
  readonly seq: number
  /** Wall clock, ms since 1970. */
  readonly time: number
  readonly source: 'streams' | 'peers'
  readonly type: string
  /** The rest of the event. */
  readonly [detail: string]: unknown
}

/** A page of the history. */
export interface HistoryPage {
  /** Newest last. */
  readonly events: readonly HistoryEntry[]
  /** Give this as `since` to go on. */
  readonly next: number
  /** Events after `since` that had left the history already. */
  readonly missed: number
}

/** A bounded list of events. Readers hold a number, not a queue, so that a slow one costs nothing. */
export class History {
  readonly #limit: number
  #entries: HistoryEntry[] = []
  #seq = 0
  #wake: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  add(event: { readonly time: number; readonly source: HistoryEntry['source']; readonly type: string }): void {
    this.#entries.push({ ...event, seq: ++this.#seq })
    // cut in blocks: shifting a long array for each event would cost more than keeping a few more
    if (this.#entries.length > this.#limit * 2) this.#entries = this.#entries.slice(-this.#limit)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** The first `limit` events after `since`; without `since` the last `limit` of all. */
  page(since: number | undefined, limit: number): HistoryPage {
    const oldest = Math.max(1, this.#seq - this.#limit + 1)
    const from = Math.max(oldest, since === undefined ? this.#seq - limit + 1 : since + 1)
    const at = from - (this.#entries[0]?.seq ?? from)
    const events = this.#entries.slice(at, at + limit)
    const missed = since === undefined ? 0 : Math.max(0, oldest - since - 1)
    return { events, next: events.at(-1)?.seq ?? this.#seq, missed }
  }

  /** Everything from now on, until the signal aborts. A reader that falls behind the history gets `lagged` with the number missed. */
  async *follow(
    signal: AbortSignal,
    since: number = this.#seq,
  ): AsyncGenerator<HistoryEntry | { readonly type: 'lagged'; readonly missed: number }, void, undefined> {
    let at = since
    while (!signal.aborted) {
      const { events, next, missed } = this.page(at, 100)
      if (missed > 0) yield { type: 'lagged', missed }
      yield* events
      at = next
      if (events.length === 0) await this.#changed(signal)
    }
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        const at = this.#wake.indexOf(wake)
        if (at >= 0) this.#wake.splice(at, 1)
        resolve()
      }
      this.#wake.push(wake)
      signal.addEventListener('abort', wake, { once: true })
      if (signal.aborted) wake()
    })
  }
}
