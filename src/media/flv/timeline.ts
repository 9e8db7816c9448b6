/** From the 32-bit millisecond clock of tags to decode times that never go back. */

/** ms that a track may go back and still be meant as it is; more is a source that began anew. */
const tolerance = 1000

/** ms between the newest time before a new beginning and the first after it. */
const gap = 20

interface Position {
  /** As the tag had it. */
  raw: number
  /** ms, unwrapped and moved. */
  time: number
  /** The last time given out; `time` may lie before it. */
  out: number
  beginnings: number
}

/**
 * Times of all tracks of one source:
 * - a step across 2^32 is a small step (49.7 days);
 * - a step forward, however large, is kept: the source was silent;
 * - a step back of at most 1 s repeats the last time until the source has caught up;
 * - a step back of more is a source that began anew (a looped file, a 24-bit clock): its times continue 20 ms after the
 *   newest, and the other tracks follow with the same shift when they step back too, so that sound and picture stay together.
 */
export class Timeline {
  readonly #tracks = new Map<number, Position>()
  /** A raw time and what it stands for: where a track without a position begins. */
  #anchor: { raw: number; time: number } | undefined
  #beginnings = 0
  #newest = 0

  /** Decode time in ms for a tag of `track` with the time `raw` (ms, modulo 2^32). */
  place(track: number, raw: number): number {
    const position = this.#tracks.get(track) ?? this.#enter(raw)
    this.#tracks.set(track, position)
    this.#step(position, raw)
    position.out = Math.max(position.out, position.time)
    this.#newest = Math.max(this.#newest, position.out)
    return position.out
  }

  #enter(raw: number): Position {
    this.#anchor ??= { raw, time: raw >>> 0 }
    const time = Math.max(0, this.#anchor.time + since(this.#anchor.raw, raw))
    return { raw, time, out: time, beginnings: this.#beginnings }
  }

  #step(position: Position, raw: number): void {
    const step = since(position.raw, raw)
    if (step < -tolerance) this.#begin(position, raw)
    else position.time += step
    position.raw = raw
    if (position.beginnings === this.#beginnings) this.#anchor = { raw, time: position.time }
  }

  #begin(position: Position, raw: number): void {
    if (position.beginnings === this.#beginnings || !this.#anchor) {
      this.#beginnings++
      this.#anchor = { raw, time: this.#newest + gap }
    }
    position.time = this.#anchor.time + since(this.#anchor.raw, raw)
    position.beginnings = this.#beginnings
  }
}

/** Signed distance on a 32-bit circle. */
function since(from: number, to: number): number {
  return (to - from) | 0
}
