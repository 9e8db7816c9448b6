/** How unevenly packets arrive (RFC 3550 section 6.4.1 and appendix A.8). */

/** Estimates the jitter of one source. */
export class Jitter {
  /** In ticks of the media clock. */
  ticks = 0
  readonly #rate: number
  #last: { readonly timestamp: number; readonly arrival: number } | undefined

  /** `rate`: ticks a second. */
  constructor(rate: number) {
    this.#rate = rate
  }

  /** In ms. */
  get ms(): number {
    return (this.ticks * 1000) / this.#rate
  }

  /** A packet with the RTP time `timestamp` came at `arrival` (ms, monotonic). */
  packet(timestamp: number, arrival: number): void {
    const before = this.#last
    this.#last = { timestamp, arrival }
    if (!before) return
    const late = ((arrival - before.arrival) * this.#rate) / 1000 - ((timestamp - before.timestamp) | 0)
    // a clock that was set anew says nothing about the network
    if (Math.abs(late) < this.#rate * 10) this.ticks += (Math.abs(late) - this.ticks) / 16
  }
}
