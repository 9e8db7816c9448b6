/** One name space of the store as a {@link KeyValue}. */

import { ShoalError } from '../../errors.js'
import type { KeyValue } from '../../services.js'
import type { BackendRange } from './level-backend.js'
import { beyond, decodeRecord, maxValue, namespacePrefix, rawKey, rawPrefix } from './store-record.js'
import type { Change, Session } from './store-session.js'

/** What a view needs of the store. */
export interface NamespaceAccess {
  read<T>(action: (session: Session) => Promise<T>): Promise<T>
  /** `bytes`: roughly what the changes weigh in memory. */
  write(changes: readonly Change[], bytes: number): Promise<void>
}

/** Keys of one name space; every method rejects with the codes of the store, and with `ERR_KEY_INVALID`. */
export class NamespaceView implements KeyValue {
  readonly #prefix: Uint8Array
  readonly #access: NamespaceAccess

  constructor(namespace: string, access: NamespaceAccess) {
    this.#prefix = namespacePrefix(namespace)
    this.#access = access
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const raw = rawKey(this.#prefix, key)
    const record = await this.#access.read((session) => session.get(raw))
    return record && decodeRecord(raw, record)
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    const raw = rawKey(this.#prefix, key)
    if (value.length > maxValue) throw new ShoalError('ERR_KEY_INVALID', `A value has at most ${maxValue} bytes, not ${value.length}.`)
    // Copied, because the caller may reuse its buffer while the write waits.
    await this.#access.write([{ key: raw, value: new Uint8Array(value) }], raw.length + value.length)
  }

  async delete(key: string): Promise<void> {
    const raw = rawKey(this.#prefix, key)
    await this.#access.write([{ key: raw }], raw.length)
  }

  /** Read page by page, so that a slow reader holds nothing open: an entry changed meanwhile shows its old or its new value. */
  async *entries(prefix = ''): AsyncGenerator<readonly [key: string, value: Uint8Array], void, undefined> {
    for await (const page of this.#pages(prefix)) {
      for (const [raw, record] of page) yield [Buffer.from(raw.subarray(this.#prefix.length)).toString(), decodeRecord(raw, record)]
    }
  }

  /** Removes what is there now, 256 entries at a time. */
  async clear(): Promise<void> {
    for await (const page of this.#pages('')) {
      const changes = page.map(([key]) => ({ key }))
      await this.#access.write(
        changes,
        changes.reduce((sum, { key }) => sum + key.length, 0),
      )
    }
  }

  async *#pages(prefix: string): AsyncGenerator<readonly (readonly [Uint8Array, Uint8Array])[], void, undefined> {
    const from = rawPrefix(this.#prefix, prefix)
    const to = beyond(from)
    let range: BackendRange = { from, to }
    for (;;) {
      const page = await this.#access.read((session) => session.page(range))
      const last = page.at(-1)
      if (!last) return
      yield page
      range = { from: last[0], to, after: true }
    }
  }
}
