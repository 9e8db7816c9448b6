/** Ids that are refused for ever, whoever speaks for them. All of it is in memory; each change is on the disk before its promise resolves. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { KeyValue } from '../../services.js'
import { isPeerId } from './peer-id.js'

/** A blocked id. */
export interface Blocked {
  readonly id: PeerId
  /** Name it had when it was blocked; empty where none was known. */
  readonly name: string
  /** Wall clock, ms since 1970; for people. */
  readonly since: number
}

/** Blocked ids at a time; one more is `ERR_LIMIT`. */
const maxBlocked = 1000

/** The list. Make one with {@link BlockList.open}. */
export class BlockList {
  readonly #blocked = new Map<PeerId, Blocked>()
  readonly #store: KeyValue
  readonly #now: () => number
  #last: Promise<unknown> = Promise.resolve()

  private constructor(store: KeyValue, now: () => number) {
    this.#store = store
    this.#now = now
  }

  /** Loads the list from its name space of the store. Rejects with `ERR_STORE_DAMAGED`. */
  static async open(store: KeyValue, now: () => number = Date.now): Promise<BlockList> {
    const list = new BlockList(store, now)
    for await (const [id, bytes] of store.entries()) list.#blocked.set(id, decode(id, bytes))
    return list
  }

  has(id: PeerId): boolean {
    return this.#blocked.has(id)
  }

  /** Oldest first. */
  list(): readonly Blocked[] {
    return [...this.#blocked.values()].sort((a, b) => a.since - b.since)
  }

  /** Blocks an id; one that is blocked stays as it is. Rejects with `ERR_REQUEST_INVALID`, `ERR_LIMIT` and the codes of the store. */
  add(id: PeerId, name = ''): Promise<Blocked> {
    return this.#inOrder(async () => {
      const known = this.#blocked.get(id)
      if (known) return known
      if (!isPeerId(id)) throw new ShoalError('ERR_REQUEST_INVALID', `${JSON.stringify(id.slice(0, 100))} is no peer id.`)
      if (this.#blocked.size >= maxBlocked) throw new ShoalError('ERR_LIMIT', `There are ${maxBlocked} blocked ids already.`)
      const blocked = { id, name, since: this.#now() }
      await this.#store.set(id, new TextEncoder().encode(JSON.stringify(blocked)))
      this.#blocked.set(id, blocked)
      return blocked
    })
  }

  /** False: it was not blocked. Rejects with the codes of the store. */
  remove(id: PeerId): Promise<boolean> {
    return this.#inOrder(async () => {
      if (!this.#blocked.has(id)) return false
      await this.#store.delete(id)
      return this.#blocked.delete(id)
    })
  }

  #inOrder<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action)
    this.#last = result.catch(() => {})
    return result
  }
}

function decode(id: string, bytes: Uint8Array): Blocked {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof json === 'object' && json !== null && 'id' in json && 'name' in json && 'since' in json) {
      const { name, since } = json
      if (json.id === id && isPeerId(id) && typeof name === 'string' && typeof since === 'number') return { id, name, since }
    }
  } catch (cause) {
    throw new ShoalError('ERR_STORE_DAMAGED', `The record of the blocked id ${id} is no JSON.`, { cause })
  }
  throw new ShoalError('ERR_STORE_DAMAGED', `The record of the blocked id ${id} is malformed.`)
}
