/** What outlives a run: how often this node has started, and the records that are kept (`trust/…`). */

import type { Logger } from '../../plugin.js'
import type { KeyValue } from '../../services.js'
import { decodeRecord, encodeRecord } from '../swarm/control-codec.js'
import { Throttle } from '../util/rate.js'
import type { SignedRecord } from './record.js'

const epochKey = 'epoch'

const recordPrefix = 'record/'

/** The name space of the records in the store. */
export class RecordStore {
  readonly #store: KeyValue
  readonly #log: Logger
  readonly #failures = new Throttle(60_000)
  /** Undefined = to be deleted. */
  readonly #waiting = new Map<string, SignedRecord | undefined>()
  #last: Promise<void> = Promise.resolve()

  constructor(store: KeyValue, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Counts a start and gives its number, 1 or more: it is on the disk before it is used. Rejects with the codes of the store. */
  async nextEpoch(): Promise<number> {
    const bytes = await this.#store.get(epochKey)
    const last = bytes === undefined ? 0 : Number(Buffer.from(bytes).toString())
    const epoch = Number.isSafeInteger(last) && last >= 0 ? last + 1 : 1
    await this.#store.set(epochKey, Buffer.from(String(epoch)))
    return epoch
  }

  /** Keeps an epoch that was raised. */
  saveEpoch(epoch: number): Promise<void> {
    return this.#inOrder('the epoch', () => this.#store.set(epochKey, Buffer.from(String(epoch))))
  }

  /** The records that were kept. One that cannot be read is left out and logged. */
  async load(): Promise<SignedRecord[]> {
    const records: SignedRecord[] = []
    for await (const [key, bytes] of this.#store.entries(recordPrefix)) {
      try {
        records.push(decodeRecord(bytes))
      } catch (err) {
        this.#log.warn('a kept record cannot be read', { key, err })
      }
    }
    return records
  }

  /** Keeps a record in the place of the last of its author and slot. Never rejects: a failure is logged. */
  save(record: SignedRecord): Promise<void> {
    return this.#change(record.author, record.slot, record)
  }

  /** Keeps it no longer. */
  drop(author: string, slot: string): Promise<void> {
    return this.#change(author, slot, undefined)
  }

  /** Resolves when everything so far is written. */
  async settled(): Promise<void> {
    await this.#last
  }

  /** One change waits for each record: the newest, so that an author whose records change fast does not fill the queue. */
  #change(author: string, slot: string, record: SignedRecord | undefined): Promise<void> {
    const key = keyOf(author, slot)
    const waits = this.#waiting.has(key)
    this.#waiting.set(key, record)
    if (waits) return this.#last
    return this.#inOrder(slot, () => {
      const newest = this.#waiting.get(key)
      this.#waiting.delete(key)
      return newest ? this.#store.set(key, encodeRecord(newest)) : this.#store.delete(key)
    })
  }

  #inOrder(what: string, write: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(write).catch((err: unknown) => {
      this.#failures.run((heldBack) => this.#log.error('a record cannot be saved', { what, err, heldBack }))
    })
    return this.#last
  }
}

function keyOf(author: string, slot: string): string {
  return `${recordPrefix}${author}/${slot}`
}
