/** RTP says when a picture is shown, not when it is decoded. This finds the decode times. */

/** Most pictures that may wait for one that is shown before them (H.264 and H.265: 16). */
const maxDepth = 16

/** Pictures by whose times the depth is guessed. */
export const lookAhead = 8

/**
 * The decode time of a picture is the presentation time of the one `depth` places before it in the order of display.
 * `depth` is how many pictures, at most, come before one that is shown earlier: 0 without B-pictures.
 */
export class DecodeOrder {
  /** µs from the first decode time to the first time of display. */
  readonly lead: number
  #depth: number
  /** µs, the newest times in order: at most `depth` + 1. */
  readonly #times: number[] = []
  #last = Number.NEGATIVE_INFINITY

  /** `times`: presentation times of the first pictures, in decode order. */
  constructor(times: readonly number[]) {
    this.#depth = times.reduce((depth, time, at) => Math.max(depth, times.slice(0, at).filter((before) => before > time).length), 0)
    const [first = 0, second = first] = times.toSorted((a, b) => a - b)
    this.lead = this.#depth * (second - first)
    for (let i = this.#depth; i > 0; i--) this.#times.push(first - i * (second - first))
  }

  /** The decode time in µs of the next picture, shown at `time`; never later than that, and never going back while the depth holds. */
  next(time: number): number {
    const times = this.#times
    // far from all before: the clock has jumped, and old times say nothing
    if (times.some((other) => Math.abs(other - time) > 5_000_000)) times.fill(time)
    times.push(time)
    times.sort((a, b) => a - b)
    const decode = times[0] as number
    const late = decode < this.#last
    if (late && this.#depth < maxDepth) this.#depth++
    if (times.length > this.#depth) times.shift()
    this.#last = late ? Math.min(time, this.#last) : decode
    return this.#last
  }
}
