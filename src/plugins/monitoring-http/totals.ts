/** Totals of what happened on a node. */

import type { LoginCount, LogLine, Monitoring, PayloadCount, StreamCount } from '../../services.js'

/** Payloads one way. */
export interface PayloadTotals {
  readonly count: number
  readonly bytes: number
  /** Payloads by what came of them: `ok`, or a code. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Payloads by kind. Those beyond 1,000 kinds stand under the empty name. */
  readonly kinds: Readonly<Record<string, number>>
}

/** Totals since a moment. */
export interface Summary {
  /** Wall clock, ms since 1970. */
  readonly since: number
  readonly until: number
  readonly errors: { readonly warn: number; readonly error: number; readonly fatal: number; readonly modules: Readonly<Record<string, number>> }
  readonly logins: {
    readonly allowed: number
    readonly refused: number
    readonly doors: Readonly<Record<string, { readonly allowed: number; readonly refused: number }>>
  }
  readonly payloads: { readonly in: PayloadTotals; readonly out: PayloadTotals }
  readonly streams: { readonly published: number; readonly unpublished: number; readonly subscribed: number; readonly unsubscribed: number }
}

/** Names counted apart. */
const maxNames = 1000

/** Adds up what it is told. */
export class Totals implements Monitoring {
  readonly #now: () => number
  #since: number
  #levels = { warn: 0, error: 0, fatal: 0 }
  #modules = new Names()
  #doors = new Map<string, { allowed: number; refused: number }>()
  #payloads = { in: new PayloadSums(), out: new PayloadSums() }
  #streams = { published: 0, unpublished: 0, subscribed: 0, unsubscribed: 0 }

  /** `now`: wall clock, ms since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now
    this.#since = now()
  }

  onError({ level, module }: LogLine): void {
    if (level !== 'warn' && level !== 'error' && level !== 'fatal') return
    this.#levels[level]++
    this.#modules.add(module, 1)
  }

  onLogin({ allowed, via, count }: LoginCount): void {
    const known = this.#doors.has(via) || this.#doors.size < maxNames
    const sum = this.#doors.get(known ? via : '') ?? { allowed: 0, refused: 0 }
    sum[allowed ? 'allowed' : 'refused'] += count
    this.#doors.set(known ? via : '', sum)
  }

  onPayload({ direction, kind, outcome, count, bytes }: PayloadCount): void {
    this.#payloads[direction].add(kind, outcome, count, bytes)
  }

  onStream({ type, count }: StreamCount): void {
    this.#streams[type] += count
  }

  /** The totals so far. */
  read(): Summary {
    const doors = [...this.#doors.values()]
    return {
      since: this.#since,
      until: this.#now(),
      errors: { ...this.#levels, modules: this.#modules.read() },
      logins: {
        allowed: doors.reduce((sum, { allowed }) => sum + allowed, 0),
        refused: doors.reduce((sum, { refused }) => sum + refused, 0),
        doors: Object.fromEntries([...this.#doors].map(([via, sums]) => [via, { ...sums }])),
      },
      payloads: { in: this.#payloads.in.read(), out: this.#payloads.out.read() },
      streams: { ...this.#streams },
    }
  }

  /** The totals so far; then begins anew. */
  take(): Summary {
    const summary = this.read()
    this.#since = summary.until
    this.#levels = { warn: 0, error: 0, fatal: 0 }
    this.#modules = new Names()
    this.#doors = new Map()
    this.#payloads = { in: new PayloadSums(), out: new PayloadSums() }
    this.#streams = { published: 0, unpublished: 0, subscribed: 0, unsubscribed: 0 }
    return summary
  }
}

class PayloadSums {
  #count = 0
  #bytes = 0
  readonly #outcomes = new Names()
  readonly #kinds = new Names()

  add(kind: string, outcome: string, count: number, bytes: number): void {
    this.#count += count
    this.#bytes += bytes
    this.#outcomes.add(outcome, count)
    this.#kinds.add(kind, count)
  }

  read(): PayloadTotals {
    return { count: this.#count, bytes: this.#bytes, outcomes: this.#outcomes.read(), kinds: this.#kinds.read() }
  }
}

/** Numbers by name; those that come when there are too many stand under the empty name. */
class Names {
  readonly #sums = new Map<string, number>()

  add(name: string, count: number): void {
    const own = this.#sums.has(name) || this.#sums.size < maxNames ? name : ''
    this.#sums.set(own, (this.#sums.get(own) ?? 0) + count)
  }

  read(): Record<string, number> {
    return Object.fromEntries(this.#sums)
  }
}
