/** Members' records for tests: what each published newest, given to all who are not cut off. */

import type { RawTrustRecord, TrustRecords } from '../../../../src/daemon/root/trust.js'
import { Broadcast } from '../../../../src/daemon/util/queue.js'

/** A record, or the news that some were missed. */
interface News {
  readonly record?: RawTrustRecord
}

/** One set of records for some nodes. */
export class TrustBus {
  /** Nodes that hear nothing and are not heard. */
  readonly away = new Set<string>()
  readonly #newest = new Map<string, RawTrustRecord>()
  readonly #ports = new Map<string, Broadcast<News>>()

  /** All records. */
  get records(): readonly RawTrustRecord[] {
    return [...this.#newest.values()]
  }

  /** What one node sees of it. */
  port(self: string): TrustRecords {
    const changes = new Broadcast<News>(() => ({}))
    this.#ports.set(self, changes)
    return {
      publish: (subject, body) => {
        const record = { author: self, subject, body }
        this.#newest.set(`${self} ${subject}`, record)
        this.tell(record)
      },
      list: () =>
        this.away.has(self)
          ? this.records.filter(({ author }) => author === self)
          : this.records.filter(({ author }) => !this.away.has(author) || author === self),
      changes: async function* (signal) {
        for await (const { record } of changes.listen(signal)) yield record
      },
    }
  }

  /** Gives a record to all, as if it were new. */
  tell(record: RawTrustRecord): void {
    if (this.away.has(record.author)) return
    for (const [node, changes] of this.#ports) if (!this.away.has(node)) changes.emit({ record })
  }

  /** A node is back: everybody is told to look. */
  back(node: string): void {
    this.away.delete(node)
    for (const changes of this.#ports.values()) changes.emit({})
  }
}
