/** Keeps the times of one viewer together when the publisher changes. */

import type { Frame } from '../../stream.js'
import { LastTimes } from '../../viewing/last-times.js'

/** ms of distance at a change of tracks that still counts as the same clock. */
const tolerance = 1000

/** ms between the last frame of one clock and the first of the next. */
const gap = 100

/**
 * Times go out on the publisher's clock, so that all viewers share the same bytes. When another publisher takes the path
 * its clock may begin anywhere; a viewer that stays then gets its times moved, so that its player sees no jump.
 */
export class Continuity {
  readonly #last = new LastTimes()
  #newest = Number.NEGATIVE_INFINITY
  #shift = 0
  #changed = false

  /** The tracks changed: the next frame may be on another clock. */
  change(): void {
    this.#changed = !this.#last.isEmpty
  }

  /** ms to add to the decode times of `frames`, which are on one clock. Call it once for each batch, in order. */
  shiftOf(frames: readonly Frame[]): number {
    if (this.#changed && frames[0]) this.#follow(frames[0])
    for (const frame of frames) {
      const moved = decodeMs(frame) + this.#shift
      this.#last.set(frame.track, moved)
      if (moved > this.#newest) this.#newest = moved
    }
    return this.#shift
  }

  #follow(frame: Frame): void {
    this.#changed = false
    const { track } = frame
    const time = decodeMs(frame)
    const step = time + this.#shift - (this.#last.get(track) ?? this.#newest)
    // In one publication the times of a track never go back; a new one may begin anywhere.
    const sameClock = step <= tolerance && step >= (this.#last.get(track) === undefined ? -tolerance : 0)
    if (!sameClock) this.#shift = this.#newest + gap - time
    this.#last.clear()
  }
}

/** Decode time as tags have it. */
export function decodeMs(frame: Frame): number {
  return Math.round((frame.decodeTime ?? frame.timestamp) / 1000)
}
