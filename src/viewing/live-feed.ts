/** A subscription as bytes of one format, for outlets that are no HTTP connection. */

import type { Frame, Subscription } from '../stream.js'
import { Continuity } from './continuity.js'
import type { LiveFormat, LiveWriter, Parts } from './format.js'

/** Muxes what one receiver gets, batch by batch. */
export class LiveFeed {
  readonly #subscription: Subscription
  readonly #format: LiveFormat
  readonly #continuity = new Continuity()
  #writer: LiveWriter | undefined
  #generation: number | undefined
  #dropped = 0

  constructor(subscription: Subscription, format: LiveFormat) {
    this.#subscription = subscription
    this.#format = format
  }

  /** Codecs that are left out. */
  get leftOut(): readonly string[] {
    return this.#writer?.leftOut ?? []
  }

  /** The frames as bytes; undefined where the tracks changed to what cannot follow. `missed`: frames before these were not sent although the subscription had them. Throws `ERR_CODEC_UNSUPPORTED`. */
  write(frames: readonly Frame[], missed = false): Parts | undefined {
    const head = this.#generation === this.#subscription.generation ? [] : this.#turn()
    if (!head || !this.#writer) return undefined
    const gap = missed || this.#subscription.dropped !== this.#dropped
    this.#dropped = this.#subscription.dropped
    const { pieces } = this.#writer.write(frames, this.#continuity.shiftOf(frames), gap)
    return head.length > 0 ? [...head, ...pieces] : pieces
  }

  /** Goes over to the tracks of now: what a receiver needs first, undefined where it cannot follow. */
  #turn(): Parts | undefined {
    const { tracks, generation } = this.#subscription
    this.#generation = generation
    this.#continuity.change()
    const before = this.#writer
    this.#writer = this.#format.open(tracks, generation)
    if (!before) return this.#writer.head()
    return this.#writer.follow(before) ? [] : undefined
  }
}
