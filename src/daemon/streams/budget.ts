/** The bytes all streams of a hub keep together. */

import type { Group } from './group.js'

/** A ring as the budget sees it. */
export interface Shedding {
  /** Drops a little of the oldest part; false when there is nothing left to drop. */
  shed(): boolean
}

/** A bound over many rings: when it is exceeded, the groups opened longest ago go first, whichever stream they belong to. */
export class Budget {
  readonly limit: number
  #total = 0
  /** Open groups in the order of their opening. */
  readonly #groups = new Map<Group, Shedding>()

  constructor(limit: number) {
    this.limit = limit
  }

  /** Bytes kept now. */
  get total(): number {
    return this.#total
  }

  opened(group: Group, ring: Shedding): void {
    this.#groups.set(group, ring)
  }

  dropped(group: Group): void {
    this.#groups.delete(group)
  }

  add(bytes: number): void {
    this.#total += bytes
  }

  /** Makes the rings shed until the bound holds. */
  enforce(): void {
    let barren = 0
    while (this.#total > this.limit && barren < this.#groups.size) {
      const [group, ring] = this.#groups.entries().next().value as [Group, Shedding]
      if (ring.shed()) {
        barren = 0
        continue
      }
      // an empty group that is still written to: look at the others first
      barren++
      this.#groups.delete(group)
      this.#groups.set(group, ring)
    }
  }
}
