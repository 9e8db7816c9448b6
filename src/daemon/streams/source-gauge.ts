/** What a publisher tells of its source, asked seldom and taken with care. */

import type { SourceStats } from '../../stream.js'

/** ms for which an answer is good: lists are made on every event. */
const interval = 1000

const names = ['received', 'lost', 'late', 'reordered', 'retransmitted', 'jitter', 'rtt', 'latency', 'bandwidth'] as const satisfies (keyof SourceStats)[]

/** Asks one publisher. */
export class SourceGauge {
  readonly #ask: () => SourceStats
  #kept: SourceStats | undefined
  #asked = Number.NEGATIVE_INFINITY

  constructor(ask: () => SourceStats) {
    this.#ask = ask
  }

  /** `now`: ms, monotonic. Undefined where nothing is told. Never throws. */
  read(now: number): SourceStats | undefined {
    if (now - this.#asked < interval) return this.#kept
    this.#asked = now
    try {
      this.#kept = checked(this.#ask())
    } catch {
      // a list is made for others, whose streams are shown all the same
      this.#kept = undefined
    }
    return this.#kept
  }
}

/** The numbers among what a plugin said. */
function checked(told: SourceStats): SourceStats | undefined {
  const known = names.flatMap((name) => {
    const value: unknown = told[name]
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? [[name, value] as const] : []
  })
  return known.length > 0 ? Object.freeze(Object.fromEntries(known)) : undefined
}
