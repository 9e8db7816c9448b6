/** One RTP stream that is received: its order, its clock, what is missing of it. */

import { type SharedClock, TrackClock } from '../../media/rtp/clock.js'
import { Jitter } from '../../media/rtp/jitter.js'
import { ReceptionReports } from '../../media/rtp/reception.js'
import { type ReceiveCounters, ReorderBuffer } from '../../media/rtp/reorder.js'
import type { StreamReader } from '../../media/webrtc/codec-match.js'
import { LossWatch } from './loss.js'

/** ms a packet that is missing may hold up those after it: the time to be sent again. */
const reorderPatience = 250

/** ms after which a source that is silent gives way to another one of the same format. */
const sourcePatience = 2000

/** ms between two requests for a key picture, and from the first packet of a source to the first of them. */
export const keyInterval = 500
const keyPatience = 200

/** How one format is received. */
export interface ReceivedStream extends StreamReader {
  readonly kind: 'audio' | 'video'
  /** The medium it belongs to: one of its formats is used at a time. */
  readonly medium: string
}

/** What came of one format. */
export class ReceivedLine {
  readonly stream: ReceivedStream
  readonly video: boolean
  readonly clock: TrackClock
  buffer = new ReorderBuffer(512, reorderPatience)
  loss = new LossWatch()
  jitter: Jitter
  ssrc: number | undefined
  /** The newest sender report. */
  report: { readonly mark: number; readonly at: number } | undefined
  /** Pictures are of no use before the next key picture. */
  broken: boolean
  /** A reader wants a key picture. */
  wanted = false
  keyAsked = Number.NEGATIVE_INFINITY
  /** ms when the last key picture came. */
  keyAt = Number.NEGATIVE_INFINITY
  /** µs of the last frame. */
  last = 0
  /** The source said goodbye. */
  ended = false
  #heard = 0
  /** Of sources that gave way to another. */
  #before: ReceiveCounters = { received: 0, lost: 0, late: 0, reordered: 0 }
  #reception = new ReceptionReports()

  constructor(stream: ReceivedStream, shared: SharedClock) {
    this.stream = stream
    this.video = stream.kind === 'video'
    this.broken = this.video
    this.clock = new TrackClock(stream.rate, shared)
    this.jitter = new Jitter(stream.rate)
  }

  /** Since the start. */
  get counters(): ReceiveCounters {
    const { received, lost, late, reordered } = this.buffer.counters
    const before = this.#before
    return { received: before.received + received, lost: before.lost + lost, late: before.late + late, reordered: before.reordered + reordered }
  }

  /**
   * Is a packet of this source taken? One source is, the first: others are further layers of a simulcast, which must not be mixed.
   * A source that began anew takes its place once the first is silent. `now` in ms.
   */
  takes(ssrc: number, now: number): boolean {
    if (this.ssrc !== undefined && this.ssrc !== ssrc) {
      if (!this.ended && now - this.#heard < sourcePatience) return false
      this.#before = this.counters
      this.buffer = new ReorderBuffer(512, reorderPatience)
      this.loss = new LossWatch()
      this.jitter = new Jitter(this.stream.rate)
      this.#reception = new ReceptionReports()
      this.report = undefined
      this.broken = this.video
    }
    // sources begin with a key picture: it is given a moment to come
    if (this.ssrc !== ssrc) this.keyAsked = now - keyInterval + keyPatience
    this.ssrc = ssrc
    this.ended = false
    this.#heard = now
    return true
  }

  /** A receiver report, by the source `own` about `ssrc`. `now` in ms. */
  reportFrom(own: number, ssrc: number, now: number): Uint8Array {
    return this.#reception.next(own, { ssrc, buffer: this.buffer, jitter: this.jitter, newest: this.report }, now)
  }
}
