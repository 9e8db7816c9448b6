/** One conversation in memory: what is known of each message but its text. It knows no disk and no wire. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { Mark, Past } from './row.js'
import { type DeliveryState, isQueued } from './state.js'

/** A message without its text. */
export interface Entry {
  readonly id: string
  /** Position in the conversation: 1, 2, 3 … in the order in which messages were stored here. */
  readonly at: number
  state: DeliveryState | 'received'
  /** The round in which it was last taken by the peer's node; absent: it has to be brought there. */
  handed?: number
}

/**
 * How many of the peer's messages are remembered after they were deleted. A sender has at most {@link window} messages out
 * that were not acknowledged, so nothing older can come again.
 */
export const memory = 256

/** Messages that may be out to a peer without an acknowledgement. */
export const window = 64

/** The messages of one peer, in order. */
export class Conversation {
  readonly peer: PeerId
  mark: Mark = { read: 0, id: '0'.repeat(32), told: 0 }
  /** Deleted messages of the peer that may come again, by position. */
  past: readonly Past[] = []
  /** Why nothing is delivered: an error code. */
  problem: string | undefined
  readonly #entries = new Map<string, Entry>()
  readonly #queue = new Set<Entry>()
  #last = 0

  constructor(peer: PeerId) {
    this.peer = peer
  }

  /** Messages kept. */
  get size(): number {
    return this.#entries.size
  }

  /** Messages of this node that the peer has not got. */
  get queued(): number {
    return this.#queue.size
  }

  /** Of those, the ones its node has taken without an acknowledgement. */
  get out(): number {
    return [...this.#queue].filter(({ handed }) => handed !== undefined).length
  }

  /** The position for the next message; never one that was taken. */
  get next(): number {
    return Math.max(this.#last, this.mark.read, this.past.at(-1)?.at ?? 0) + 1
  }

  /** Messages of the peer after the mark. */
  get unread(): number {
    return this.received().filter(({ at }) => at > this.mark.read).length
  }

  /** Does the peer have to be told what was read? */
  get owesRead(): boolean {
    return this.mark.told < this.mark.read
  }

  /** All that is kept, oldest first. */
  list(): Entry[] {
    return [...this.#entries.values()]
  }

  /** Messages of the peer, oldest first. */
  received(): Entry[] {
    return this.list().filter(({ state }) => state === 'received')
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id)
  }

  /** A message of this node. */
  mine(id: string): (Entry & { state: DeliveryState }) | undefined {
    const entry = this.#entries.get(id)
    return entry && isMine(entry) ? entry : undefined
  }

  /** By id, or its first 8 characters and more. Throws `ERR_NOT_FOUND`, `ERR_REQUEST_INVALID`. */
  find(id: string): Entry {
    const wanted = id.toLowerCase()
    const found = wanted.length < 8 ? [] : this.list().filter((entry) => entry.id.startsWith(wanted))
    const [first] = found
    if (first === undefined) throw new ShoalError('ERR_NOT_FOUND', `There is no message ${id.slice(0, 40)} in this conversation.`)
    if (found.length > 1) throw new ShoalError('ERR_REQUEST_INVALID', `${found.length} messages begin with ${wanted}.`)
    return first
  }

  /** Did this message of the peer come before? */
  knows(id: string): boolean {
    return this.#entries.get(id)?.state === 'received' || this.past.some((one) => one.id === id)
  }

  add(entry: Entry): void {
    this.#entries.set(entry.id, entry)
    this.#last = Math.max(this.#last, entry.at)
    this.#enqueue(entry)
  }

  set(entry: Entry, state: DeliveryState): void {
    entry.state = state
    this.#enqueue(entry)
  }

  remove(entry: Entry): void {
    this.#entries.delete(entry.id)
    this.#queue.delete(entry)
  }

  /** The next message to bring to the peer's node; `undefined` also while too many are out. */
  toSend(): Entry | undefined {
    return this.out >= window ? undefined : [...this.#queue].find(({ handed }) => handed === undefined)
  }

  /** Brings messages to the peer again that were taken before `round` and not acknowledged. */
  again(round: number): void {
    for (const entry of this.#queue) if (entry.handed !== undefined && entry.handed < round) delete entry.handed
  }

  /** What has to be remembered once `gone` are deleted; the same list when nothing is added. */
  pastWithout(gone: ReadonlySet<Entry>): readonly Past[] {
    const latest = this.received().slice(-memory)
    const positions = [...latest, ...this.past].map(({ at }) => at).sort((a, b) => b - a)
    const oldest = positions[memory - 1] ?? 0
    const added = latest.filter((entry) => gone.has(entry) && entry.at >= oldest).map(({ at, id }) => ({ at, id }))
    if (added.length === 0) return this.past
    return [...this.past, ...added].filter(({ at }) => at >= oldest).sort((a, b) => a.at - b.at)
  }

  /** The oldest messages beyond `limit`. What still has to be delivered stays, and does not count. */
  surplus(limit: number): Entry[] {
    const excess = this.size - this.queued - limit
    if (excess <= 0) return []
    return this.list()
      .filter((entry) => !this.#queue.has(entry))
      .slice(0, excess)
  }

  #enqueue(entry: Entry): void {
    if (isMine(entry) && isQueued(entry.state)) this.#queue.add(entry)
    else this.#queue.delete(entry)
  }
}

function isMine(entry: Entry): entry is Entry & { state: DeliveryState } {
  return entry.state !== 'received'
}
