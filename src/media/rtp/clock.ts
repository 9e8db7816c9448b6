/** From the media clocks of RTP to one clock for all tracks of a source. */

/** µs that a media clock may be off what is expected; more is a source that began anew. */
const jump = 10_000_000

/** µs a track may be moved by one later report: clocks drift, but nothing may be seen of it. */
const slew = 2000

/** What the clocks of one source share: where wall-clock times of senders lie on our clock. */
export interface SharedClock {
  /** µs to be taken from a sender's wall clock; absent before the first report. */
  origin?: number
  /** The newest jump: by how much a track was moved, and when (µs). */
  jump?: { readonly by: number; readonly at: number }
}

/** µs between two packets that are no pause. */
const longestStep = 100_000

/** µs by which two tracks may seem to jump apart, for their packets come at different times, and still mean one jump. */
const sameJump = 1_000_000

/**
 * The clock of one track: ticks, unwrapped, become µs. A track begins where its first packet arrives; sender reports
 * then put all tracks where they belong: the first report of the source sets what others are compared with.
 */
export class TrackClock {
  /** Has a report placed it? */
  synchronised = false
  readonly #rate: number
  readonly #shared: SharedClock
  #last: number | undefined
  #ticks = 0
  #offset: number | undefined
  #newest: { time: number; arrival: number; step: number } | undefined

  /** `rate`: ticks a second. */
  constructor(rate: number, shared: SharedClock) {
    this.#rate = rate
    this.#shared = shared
  }

  /** µs of a packet with the time `timestamp` that arrived at `arrival` (µs, monotonic). */
  time(timestamp: number, arrival: number): number {
    const media = this.#media(timestamp)
    this.#offset ??= arrival - media
    let time = media + this.#offset
    if (this.#newest) {
      // packets come in bursts, but what follows is never nearer than what came before it was
      const expected = this.#newest.time + Math.max(arrival - this.#newest.arrival, this.#newest.step)
      if (Math.abs(time - this.#newest.time) > jump && Math.abs(time - expected) > jump) {
        const by = this.#jumped(expected - time, arrival)
        this.#offset += by
        time += by
      }
    }
    const step = this.#newest ? Math.min(Math.max(0, time - this.#newest.time), longestStep) : 0
    this.#newest = { time, arrival, step }
    return Math.round(time)
  }

  /** A sender report: at `wall` (µs) the media clock showed `timestamp`. `arrival` in µs. */
  report(wall: number, timestamp: number, arrival: number): void {
    const media = this.#last === undefined ? this.#media(timestamp) : this.#unwrapped(timestamp)
    this.#offset ??= arrival - media
    this.#shared.origin ??= wall - (media + this.#offset)
    const wrong = wall - this.#shared.origin - (media + this.#offset)
    // a wall clock that was set says nothing about media
    if (Math.abs(wrong) > jump) return
    this.#offset += this.synchronised ? Math.max(-slew, Math.min(slew, wrong)) : wrong
    this.synchronised = true
  }

  /** What jumps together is moved together: packets of sound and picture do not arrive when they should be seen. */
  #jumped(by: number, at: number): number {
    const { jump: before } = this.#shared
    if (before && Math.abs(before.by - by) < sameJump && at - before.at < jump) return before.by
    this.#shared.jump = { by, at }
    return by
  }

  #media(timestamp: number): number {
    this.#ticks += this.#step(timestamp)
    this.#last = timestamp
    return (this.#ticks * 1e6) / this.#rate
  }

  /** µs on the media clock, without moving it. */
  #unwrapped(timestamp: number): number {
    return ((this.#ticks + this.#step(timestamp)) * 1e6) / this.#rate
  }

  /** Ticks from the last packet: never more than half a round, either way. */
  #step(timestamp: number): number {
    return this.#last === undefined ? timestamp : (timestamp - this.#last) | 0
  }
}
