/**
 * A `storage` over one table of a database: (name space, key) → value, ordered by the bytes of the key. Writes that wait
 * together share one transaction, and so one wait for the disk.
 */

import { ShoalError } from '../errors.js'
import type { KeyValue, Storage } from '../services.js'
import { checkNamespace, keyBytes, valueBytes } from './store-limits.js'

/** One change; no value = delete, no key = all of the name space. */
export interface TableChange {
  readonly namespace: string
  readonly key?: Uint8Array
  readonly value?: Uint8Array
}

/** Which entries a page holds: keys that begin with `prefix`, beyond `after`. */
export interface TableRange {
  readonly namespace: string
  readonly prefix: Uint8Array
  /** The last key of the page before. */
  readonly after?: Uint8Array
}

/** Key and value. */
export type TableEntry = readonly [key: Uint8Array, value: Uint8Array]

/** The database. Errors have codes. */
export interface Table {
  get(namespace: string, key: Uint8Array): Promise<Uint8Array | undefined>
  /** The first entries of a range in the order of their keys. Empty = there are none. */
  page(range: TableRange): Promise<readonly TableEntry[]>
  /** All changes, in order, or none; durable when it resolves. */
  write(changes: readonly TableChange[]): Promise<void>
}

/** Writes that may wait; more are refused with `ERR_OVERLOADED`. */
const maxWaiting = { writes: 4096, bytes: 32 << 20 }
/** Writes of one transaction. */
const maxGroup = 256

interface Write {
  readonly change: TableChange
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** See the file. */
export class TableStorage implements Storage {
  readonly #table: Table
  readonly #waiting: Write[] = []
  #bytes = 0
  #flushing: Promise<void> | undefined
  #closed = false

  constructor(table: Table) {
    this.#table = table
  }

  open(namespace: string): KeyValue {
    checkNamespace(namespace)
    return new TableSpace(namespace, this.#table, (change) => this.#write(change))
  }

  /** Writes what waits; later writes reject with `ERR_STOPPING`. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#flushing
  }

  #write(change: TableChange): Promise<void> {
    if (this.#closed) return Promise.reject(new ShoalError('ERR_STOPPING'))
    const bytes = change.namespace.length + (change.key?.length ?? 0) + (change.value?.length ?? 0)
    if (this.#waiting.length >= maxWaiting.writes || this.#bytes + bytes > maxWaiting.bytes)
      return Promise.reject(new ShoalError('ERR_OVERLOADED', 'Too many writes to the storage wait.'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, bytes, resolve, reject })
      this.#bytes += bytes
      this.#flushing ??= this.#flush()
    })
  }

  /** One group after the other: the order of the writes is that of the calls. */
  async #flush(): Promise<void> {
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, maxGroup)
      for (const { bytes } of group) this.#bytes -= bytes
      try {
        await this.#table.write(group.map(({ change }) => change))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#flushing = undefined
  }
}

/** One name space. */
class TableSpace implements KeyValue {
  readonly #namespace: string
  readonly #table: Table
  readonly #write: (change: TableChange) => Promise<void>

  constructor(namespace: string, table: Table, write: (change: TableChange) => Promise<void>) {
    this.#namespace = namespace
    this.#table = table
    this.#write = write
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return await this.#table.get(this.#namespace, keyBytes(key))
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    await this.#write({ namespace: this.#namespace, key: keyBytes(key), value: valueBytes(value) })
  }

  async delete(key: string): Promise<void> {
    await this.#write({ namespace: this.#namespace, key: keyBytes(key) })
  }

  async clear(): Promise<void> {
    await this.#write({ namespace: this.#namespace })
  }

  /** Read page by page, so that a slow reader holds nothing open: an entry changed meanwhile shows its old or its new value. */
  async *entries(prefix = ''): AsyncGenerator<readonly [key: string, value: Uint8Array], void, undefined> {
    const start = { namespace: this.#namespace, prefix: Buffer.from(prefix) }
    let page = await this.#table.page(start)
    for (;;) {
      for (const [key, value] of page) yield [Buffer.from(key).toString(), value]
      const last = page.at(-1)
      if (!last) return
      page = await this.#table.page({ ...start, after: last[0] })
    }
  }
}

/** The first key beyond all that begin with `prefix`; `undefined`: there is none. The last byte of UTF-8 is never 0xFF. */
export function beyond(prefix: Uint8Array): Uint8Array | undefined {
  if (prefix.length === 0) return undefined
  const end = Uint8Array.from(prefix)
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return end
}
