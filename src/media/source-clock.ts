/** From the clock of a source, which may wrap and jump, to decode times that never go back. */

/** µs that a track may go back and still be meant as it is. */
const backward = 1_000_000

/** µs that a track may step forward; more is a clock that was set anew. */
const forward = 10_000_000

/** µs between the newest time before a new beginning and the first after it. */
const gap = 20_000

interface Position {
  /** As the source had it, µs. */
  raw: number
  /** µs, unwrapped and moved. */
  time: number
  /** The last time given out; `time` may lie before it. */
  out: number
  beginning: number
}

/**
 * Times of all tracks of one source. A step across the wrap is a small step. A step back of at most 1 s repeats the last
 * time until the source has caught up. A larger step back, or one of more than 10 s forward, is a source that began anew:
 * its times continue 20 ms after the newest, and the other tracks follow with the same shift when they jump too.
 */
export class SourceClock {
  readonly #period: number
  readonly #earliest: number
  readonly #tracks = new Map<number, Position>()
  /** A raw time and what it stands for. */
  #anchor: { raw: number; time: number } | undefined
  #beginning = 0
  #newest = Number.NEGATIVE_INFINITY

  /** `period`: µs after which the source's clock begins again at 0. `earliest`: µs; a source that begins before it begins there. */
  constructor(period = Number.POSITIVE_INFINITY, earliest = 0) {
    this.#period = period
    this.#earliest = earliest
  }

  /** Decode time, whole µs, of a frame of `track` whose source says `raw` µs. */
  place(track: number, raw: number): number {
    const known = this.#tracks.get(track)
    const position = known ?? this.#enter(raw)
    if (known) this.#step(known, raw)
    this.#tracks.set(track, position)
    position.out = Math.max(position.out, Math.round(position.time))
    this.#newest = Math.max(this.#newest, position.out)
    return position.out
  }

  /** Signed µs from one raw time to another, the short way round. */
  since(from: number, to: number): number {
    const step = to - from
    if (!Number.isFinite(this.#period)) return step
    return step - Math.round(step / this.#period) * this.#period
  }

  #enter(raw: number): Position {
    this.#anchor ??= { raw, time: Math.max(this.#earliest, raw) }
    // a track may come in well behind the others, as sound of a segment does after its pictures
    if (Math.abs(this.since(this.#anchor.raw, raw)) > forward) this.#begin(raw)
    const time = Math.max(this.#earliest, this.#anchor.time + this.since(this.#anchor.raw, raw))
    return { raw, time, out: Math.round(time), beginning: this.#beginning }
  }

  #step(position: Position, raw: number): void {
    const step = this.since(position.raw, raw)
    if (this.#isJump(step)) this.#rejoin(position, raw)
    else position.time += step
    position.raw = raw
    if (position.beginning === this.#beginning) this.#anchor = { raw, time: position.time }
  }

  /** After a jump: where another track has gone before, or to a beginning of its own. */
  #rejoin(position: Position, raw: number): void {
    const known = this.#anchor
    if (position.beginning === this.#beginning || !known || this.#isJump(this.since(known.raw, raw))) this.#begin(raw)
    const anchor = this.#anchor ?? { raw, time: position.out }
    position.time = anchor.time + this.since(anchor.raw, raw)
    position.beginning = this.#beginning
  }

  #begin(raw: number): void {
    this.#beginning++
    this.#anchor = { raw, time: this.#newest + gap }
  }

  #isJump(step: number): boolean {
    return step < -backward || step > forward
  }
}
