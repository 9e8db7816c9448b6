/** Which payloads of a peer were taken, and what came of them: so that none is handled twice and every copy gets the same receipt. */

import type { PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'

/** What came of a payload. */
export interface Outcome {
  /** Empty = handled; else an error code. */
  readonly code: string
  readonly message: string
  readonly reply: Uint8Array
}

/** How much is remembered of each peer. */
export interface LedgerLimits {
  /** ms. */
  readonly age: number
  /** Settled payloads. */
  readonly entries: number
  /** Bytes of replies; older replies go first, and a copy of their request learns that the reply is gone. */
  readonly replyBytes: number
}

interface Entry {
  outcome: Outcome | undefined
  settledAt: number
}

interface Book {
  readonly instance: string
  readonly entries: Map<number, Entry>
  /** Ids in the order in which they were settled. */
  readonly settled: number[]
  head: number
  replyHead: number
  replyBytes: number
  /** Highest id no longer remembered: what is not above it may have been handled. */
  floor: number
}

const nothing = new Uint8Array()
const tooOld: Outcome = { code: 'ERR_TIMEOUT', message: 'The payload is too old to tell whether it was handled.', reply: nothing }
const replyGone: Outcome = { code: 'ERR_TIMEOUT', message: 'The payload was handled, but its reply is no longer kept.', reply: nothing }

/**
 * One book for each peer, for its present instance: when a peer restarts, payloads of its former run can no longer arrive.
 * Payloads that wait or run are always remembered; how many these are is limited by the queues.
 */
export class Ledger {
  readonly #books = new Map<PeerId, Book>()
  readonly #limits: LedgerLimits
  readonly #now: () => number

  constructor(limits: LedgerLimits, now: () => number = monotonic) {
    this.#limits = limits
    this.#now = now
  }

  /** Enters a payload. `new`: handle it and {@link settle} it; `pending`: a copy of one that waits; else a copy of one that is settled. */
  enter(peer: PeerId, instance: string, id: number): 'new' | 'pending' | Outcome {
    const book = this.#book(peer, instance)
    this.#expire(book)
    const entry = book.entries.get(id)
    if (entry) return entry.outcome ?? 'pending'
    if (id <= book.floor) return tooOld
    book.entries.set(id, { outcome: undefined, settledAt: 0 })
    return 'new'
  }

  /** Remembers what came of a payload. */
  settle(peer: PeerId, instance: string, id: number, outcome: Outcome): void {
    const book = this.#books.get(peer)
    const entry = book?.instance === instance ? book.entries.get(id) : undefined
    if (!book || !entry) return
    entry.outcome = outcome
    entry.settledAt = this.#now()
    book.settled.push(id)
    book.replyBytes += outcome.reply.byteLength
    this.#expire(book)
  }

  /** Drops all that is known of a peer. */
  forget(peer: PeerId): void {
    this.#books.delete(peer)
  }

  /** Payloads remembered of a peer. */
  size(peer: PeerId): number {
    return this.#books.get(peer)?.entries.size ?? 0
  }

  #book(peer: PeerId, instance: string): Book {
    const present = this.#books.get(peer)
    if (present?.instance === instance) return present
    const book: Book = { instance, entries: new Map(), settled: [], head: 0, replyHead: 0, replyBytes: 0, floor: 0 }
    this.#books.set(peer, book)
    return book
  }

  #expire(book: Book): void {
    const { age, entries, replyBytes } = this.#limits
    const oldest = this.#now() - age
    while (book.head < book.settled.length) {
      const id = book.settled[book.head] as number
      const entry = book.entries.get(id) as Entry
      if (book.settled.length - book.head <= entries && entry.settledAt > oldest) break
      if (book.replyHead <= book.head) this.#dropReply(book)
      book.entries.delete(id)
      book.floor = Math.max(book.floor, id)
      book.head++
    }
    while (book.replyBytes > replyBytes && book.replyHead < book.settled.length) this.#dropReply(book)
    if (book.head > 1024) this.#compact(book)
  }

  /** Frees the oldest reply that is kept. */
  #dropReply(book: Book): void {
    const entry = book.entries.get(book.settled[book.replyHead] as number) as Entry
    const bytes = entry.outcome?.reply.byteLength ?? 0
    book.replyHead++
    if (bytes === 0) return
    book.replyBytes -= bytes
    entry.outcome = replyGone
  }

  #compact(book: Book): void {
    book.settled.splice(0, book.head)
    book.replyHead -= book.head
    book.head = 0
  }
}
