/** From the media clocks of RTP to one clock for all tracks of a source. */

/** µs that a media clock may be off what is expected; more is a source that began anew. */
const jump = 10_000_000

/** µs a track may be moved by one later report: clocks drift, but nothing may be seen of it. */
const slew = 2000

/** Part of the time that goes by in which a track comes nearer to where it should be: pictures 40 ms apart move by less than one. */
const pace = 0.02

/** µs that a track may be away from its place when its first report comes late; more is too wrong to be mended slowly. */
const nearby = 250_000

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
 * The clock of one track: ticks, unwrapped, become µs. A track begins where the packets that wait for the start arrive, the
 * earliest of them beside its time counting most, or its first packet; sender reports then put all tracks where they belong:
 * the first report of the source sets what others are compared with. What has begun is moved slowly, so that no step is seen.
 */
export class TrackClock {
  /** Has a report placed it? */
  synchronised = false
  readonly #rate: number
  readonly #shared: SharedClock
  #last: number | undefined
  #ticks = 0
  /** µs from the media clock to ours, as it is used, and as it should be. */
  #offset: number | undefined
  #target = 0
  /** µs on the media clock: the latest time so far. */
  #farthest = Number.NEGATIVE_INFINITY
  #newest: { time: number; arrival: number; step: number } | undefined

  /** `rate`: ticks a second. */
  constructor(rate: number, shared: SharedClock) {
    this.#rate = rate
    this.#shared = shared
  }

  /** A packet waits for the start: others may have been held up on their way, but none came before it was sent. Times as for `time`. */
  waits(timestamp: number, arrival: number): void {
    const media = this.#media(timestamp)
    const earlier = (this.#offset ?? Number.POSITIVE_INFINITY) - (arrival - media)
    // by as much as a jump it is no better guess, but a clock that was set
    if (this.#offset === undefined || (!this.synchronised && earlier > 0 && earlier < jump)) this.#moveTo(arrival - media)
  }

  /** µs of a packet with the time `timestamp` that arrived at `arrival` (µs, monotonic). */
  time(timestamp: number, arrival: number): number {
    const media = this.#media(timestamp)
    let time = media + this.#nearer(media, arrival)
    if (this.#newest) {
      // packets come in bursts, but what follows is never nearer than what came before it was
      const expected = this.#newest.time + Math.max(arrival - this.#newest.arrival, this.#newest.step)
      if (Math.abs(time - this.#newest.time) > jump && Math.abs(time - expected) > jump) {
        const by = this.#jumped(expected - time, arrival)
        time += by
        this.#offset = (this.#offset as number) + by
        this.#target += by
        this.#farthest = media
      }
    }
    const step = this.#newest ? Math.min(Math.max(0, time - this.#newest.time), longestStep) : 0
    this.#newest = { time, arrival, step }
    return Math.round(time)
  }

  /** A sender report: at `wall` (µs) the media clock showed `timestamp`. `arrival` in µs. */
  report(wall: number, timestamp: number, arrival: number): void {
    const media = this.#last === undefined ? this.#media(timestamp) : this.#unwrapped(timestamp)
    if (this.#offset === undefined) this.#moveTo(arrival - media)
    this.#shared.origin ??= wall - (media + this.#target)
    const wrong = wall - this.#shared.origin - (media + this.#target)
    // a wall clock that was set says nothing about media
    if (Math.abs(wrong) > jump) return
    if (this.synchronised) this.#target += Math.max(-slew, Math.min(slew, wrong))
    else if (this.#newest && Math.abs(wrong) <= nearby) this.#target += wrong
    else this.#moveTo(this.#target + wrong)
    this.synchronised = true
  }

  #moveTo(offset: number): void {
    this.#offset = offset
    this.#target = offset
  }

  /** The offset for a packet, which is nearer to what it should be by a part of the time since the one before it. */
  #nearer(media: number, arrival: number): number {
    if (this.#offset === undefined) this.#moveTo(arrival - media)
    const passed = this.#newest ? Math.max(0, media - this.#farthest) : 0
    this.#farthest = Math.max(this.#farthest, media)
    const offset = this.#offset as number
    this.#offset = offset + Math.max(-passed * pace, Math.min(passed * pace, this.#target - offset))
    return this.#offset
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
