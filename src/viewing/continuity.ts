/** Keeps the times of one viewer together when the publisher changes. */

import type { Frame } from '../stream.js'
import { LastTimes } from './last-times.js'

/** µs of distance at a change of tracks that still counts as the same clock. */
const tolerance = 1_000_000

/** µs between the last frame of one clock and the first of the next. */
const gap = 100_000

/** µs where a stream begins whose clock is before 0. */
const earliest = 1_000_000

/**
 * Times go out on the publisher's clock, so that all viewers share the same bytes. When another publisher takes the path
 * its clock may begin anywhere; a viewer that stays then gets its times moved, so that its player sees no jump. A clock
 * before 0 is moved too: formats cannot say such times.
 */
export class Continuity {
  readonly #last = new LastTimes()
  #newest = Number.NEGATIVE_INFINITY
  #shift = 0
  #changed = false

  /** The tracks changed: the next frame may be on another clock. */
  change(): void {
    this.#changed = true
  }

  /** µs to add to the times of `frames`, which are on one clock. Call it once for each batch, in order. */
  shiftOf(frames: readonly Frame[]): number {
    if (this.#changed && frames[0]) this.#follow(frames[0])
    for (const frame of frames) {
      const moved = decodeTimeOf(frame) + this.#shift
      this.#last.set(frame.track, moved)
      if (moved > this.#newest) this.#newest = moved
    }
    return this.#shift
  }

  #follow(frame: Frame): void {
    this.#changed = false
    const { track } = frame
    const time = decodeTimeOf(frame)
    if (this.#last.isEmpty) {
      if (time < 0) this.#shift = earliest - time
      return
    }
    const step = time + this.#shift - (this.#last.get(track) ?? this.#newest)
    // In one publication the times of a track never go back; a new one may begin anywhere.
    const sameClock = step <= tolerance && step >= (this.#last.get(track) === undefined ? -tolerance : 0)
    if (!sameClock) this.#shift = this.#newest + gap - time
    this.#last.clear()
  }
}

/** µs. */
export function decodeTimeOf(frame: Frame): number {
  return frame.decodeTime ?? frame.timestamp
}
