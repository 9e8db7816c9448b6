/** Puts RTP packets back into order and counts what is missing (RFC 3550 appendix A.1, A.3). */

import type { RtpPacket } from './packet.js'

/** Steps larger than these are not loss but a source that began anew. */
const maxAhead = 3000
const maxBehind = 500

/** Counters since the start. */
export interface ReceiveCounters {
  received: number
  /** Waited for in vain. */
  lost: number
  /** Came twice, or after they were given up. */
  late: number
  /** Came in the wrong order, in time. */
  reordered: number
}

/** A packet in order. */
export interface OrderedPacket {
  readonly packet: RtpPacket
  /** Packets are missing before it. */
  readonly gap: boolean
}

/** Holds packets back until those before them are here, or are given up: `limit` packets or `patience` ms later. */
export class ReorderBuffer {
  readonly counters: ReceiveCounters = { received: 0, lost: 0, late: 0, reordered: 0 }
  /** The highest sequence number, extended by the rounds it made; -1 before the first packet. */
  highest = -1
  readonly #limit: number
  readonly #patience: number
  readonly #held = new Map<number, RtpPacket>()
  /** Extended number of the packet that comes next. */
  #next = -1
  #since = 0
  /** A packet far off: with its successor it is a new beginning. */
  #stray = -1

  /** `limit` 0: packets come in order by nature, as over TCP, and a gap is loss at once. */
  constructor(limit: number, patience = 100) {
    this.#limit = limit
    this.#patience = patience
  }

  /** Takes a packet at `now` (ms); gives what is due, in order. */
  push(packet: RtpPacket, now: number): OrderedPacket[] {
    this.counters.received++
    const at = this.#extend(packet.sequence)
    if (at === undefined) return []
    if (at < this.#next || this.#held.has(at)) {
      this.counters.late++
      return []
    }
    if (at < this.highest) this.counters.reordered++
    if (this.#held.size === 0) this.#since = now
    this.highest = Math.max(this.highest, at)
    this.#held.set(at, packet)
    const due = this.#take(false)
    while (this.#held.size > this.#limit || (this.#held.size > 0 && now - this.#since > this.#patience)) {
      due.push(...this.#skip())
      this.#since = now
    }
    return due
  }

  /** The extended number; undefined for a stray. */
  #extend(sequence: number): number | undefined {
    if (this.#next < 0) return this.#begin(sequence)
    const step = ((sequence - this.#next + 0x8000) & 0xffff) - 0x8000
    if (step <= maxAhead && step >= -maxBehind) {
      this.#stray = -1
      return this.#next + step
    }
    if (sequence === this.#stray) return this.#begin(sequence)
    this.#stray = (sequence + 1) & 0xffff
    return undefined
  }

  #begin(sequence: number): number {
    this.#held.clear()
    this.#stray = -1
    // one round up: a packet that comes before the first must not be below 0
    this.#next = sequence + 0x10000
    this.highest = this.#next
    return this.#next
  }

  #take(gap: boolean): OrderedPacket[] {
    const due: OrderedPacket[] = []
    for (let missing = gap; ; missing = false) {
      const packet = this.#held.get(this.#next)
      if (!packet) return due
      this.#held.delete(this.#next++)
      due.push({ packet, gap: missing })
    }
  }

  /** Gives up what is missing before the oldest packet that is here. */
  #skip(): OrderedPacket[] {
    const oldest = Math.min(...this.#held.keys())
    this.counters.lost += oldest - this.#next
    this.#next = oldest
    return this.#take(true)
  }
}
