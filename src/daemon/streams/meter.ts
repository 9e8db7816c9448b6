/** Rates over the last seconds. */

/** Seconds a rate is taken over. */
const span = 4

/** Bits a second over the last four full seconds, in one bucket a second: an addition for each frame. */
export class BitrateMeter {
  readonly #buckets = new Float64Array(span + 1)
  #second: number
  readonly #first: number

  constructor(now: number) {
    this.#first = Math.floor(now / 1000)
    this.#second = this.#first
  }

  /** `now`: monotonic ms. */
  add(bytes: number, now: number): void {
    this.#turn(Math.floor(now / 1000))
    const at = this.#second % (span + 1)
    this.#buckets[at] = (this.#buckets[at] ?? 0) + bytes
  }

  /** Bits a second; while less than a second is known, what has come so far. */
  rate(now: number): number {
    const second = Math.floor(now / 1000)
    this.#turn(second)
    const bytes = this.#buckets.reduce((sum, value) => sum + value, 0)
    const full = Math.min(span, second - this.#first)
    const current = this.#buckets[second % (span + 1)] ?? 0
    return Math.round((full > 0 ? (bytes - current) / full : current) * 8)
  }

  /** Empties the buckets of the seconds that went by. */
  #turn(second: number): void {
    for (let step = Math.min(span + 1, second - this.#second); step > 0; step--) this.#buckets[(second - step + 1) % (span + 1)] = 0
    this.#second = Math.max(this.#second, second)
  }
}
