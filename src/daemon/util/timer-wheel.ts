/** Deadlines by the thousand that are hardly ever reached: one timer for all of them. */

import { monotonic } from './wait.js'

/** What has a deadline. */
export interface Expiring {
  /** Its time is up; it is in the wheel no more. Must not throw. */
  expire(): void
}

/** The longest timer that Node sets, in ms. */
const longest = 2 ** 31 - 1

/** A place in a {@link TimerWheel}. */
export type Slot = number

/**
 * Deadlines in slots of some ms. What is added costs an entry of a set; the timer is set for the earliest slot and does not keep the
 * process alive. Nothing expires early, and late by a slot at most, beside what the loop of events is late.
 */
export class TimerWheel {
  readonly #width: number
  readonly #slots = new Map<Slot, Set<Expiring>>()
  #timer: NodeJS.Timeout | undefined
  #set: Slot = Number.POSITIVE_INFINITY

  /** `width`: ms of a slot. */
  constructor(width: number) {
    this.#width = width
  }

  /** Adds a deadline in `ms`, which may be infinite. Returns its place, with which it is removed. */
  add(one: Expiring, ms: number): Slot {
    const slot = Math.ceil((monotonic() + Math.max(ms || 0, 0)) / this.#width)
    const present = this.#slots.get(slot)
    if (present) present.add(one)
    else this.#slots.set(slot, new Set([one]))
    if (slot < this.#set) this.#arm(slot)
    return slot
  }

  /** Its deadline counts no more. The timer stays: the next deadline comes soon after most often. */
  remove(one: Expiring, slot: Slot): void {
    const present = this.#slots.get(slot)
    if (present?.delete(one) && present.size === 0) this.#slots.delete(slot)
  }

  /** Drops all deadlines. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#set = Number.POSITIVE_INFINITY
    this.#slots.clear()
  }

  #arm(slot: Slot): void {
    clearTimeout(this.#timer)
    this.#set = slot
    this.#timer = setTimeout(() => this.#turn(), Math.min(longest, Math.ceil(slot * this.#width - monotonic()))).unref()
  }

  #turn(): void {
    this.#set = Number.POSITIVE_INFINITY
    const now = monotonic() / this.#width
    for (const [slot, present] of [...this.#slots]) {
      if (slot > now) continue
      this.#slots.delete(slot)
      for (const one of present) one.expire()
    }
    let next = Number.POSITIVE_INFINITY
    for (const slot of this.#slots.keys()) next = Math.min(next, slot)
    if (next < this.#set) this.#arm(next)
  }
}
