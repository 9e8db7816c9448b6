/** The default of the `cache` slot: least recently used entries go first. */

import type { Cache } from '../../../services.js'
import { monotonic } from '../../util/wait.js'

/** Its bounds. */
export interface MemoryCacheOptions {
  /** Default 10,000. */
  readonly entries?: number
  /** Keys (UTF-16, two bytes a unit) and values; default 16 MiB. A value that does not fit alone is not kept. */
  readonly bytes?: number
  /** Monotonic ms. */
  readonly now?: () => number
}

interface Entry {
  readonly value: Uint8Array
  readonly expires: number
  readonly weight: number
}

/** A cache in memory, bounded in entries and bytes. Values are copied in and out. Needs no timer: what has expired goes when it is met or when room is needed. */
export class MemoryCache implements Cache {
  // a Map keeps the order of insertion: the first entry is the one not used for longest
  readonly #entries = new Map<string, Entry>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #now: () => number
  #bytes = 0

  constructor(options: MemoryCacheOptions = {}) {
    this.#maxEntries = options.entries ?? 10_000
    this.#maxBytes = options.bytes ?? 16 * 1024 * 1024
    this.#now = options.now ?? monotonic
  }

  /** Entries, expired ones included that nobody met yet. */
  get size(): number {
    return this.#entries.size
  }

  /** Bytes they take. */
  get bytes(): number {
    return this.#bytes
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const entry = this.#take(key)
    if (!entry || entry.expires <= this.#now()) return undefined
    this.#put(key, entry)
    return entry.value.slice()
  }

  async set(key: string, value: Uint8Array, ttl: number): Promise<void> {
    this.#take(key)
    const weight = key.length * 2 + value.length
    if (!(ttl > 0) || weight > this.#maxBytes) return
    // Buffer.slice shares memory, so copy through the constructor
    this.#put(key, { value: new Uint8Array(value), expires: this.#now() + ttl, weight })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return
      this.#take(oldest)
    }
  }

  async delete(key: string): Promise<void> {
    this.#take(key)
  }

  async clear(): Promise<void> {
    this.#entries.clear()
    this.#bytes = 0
  }

  #put(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    this.#bytes += entry.weight
  }

  #take(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry) {
      this.#entries.delete(key)
      this.#bytes -= entry.weight
    }
    return entry
  }
}
