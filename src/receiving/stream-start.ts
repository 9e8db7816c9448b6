/** From what a demuxer gives to a publication: it opens once the tracks are known. */

import { ShoalError } from '../errors.js'
import type { MediaDemuxer, MediaEvent } from '../media/media-event.js'
import type { Frame, Publication, Track } from '../stream.js'

/** µs of media after which a stream starts with the tracks that are known. */
const startSpan = 1_000_000

/** Frames and bytes kept until a stream starts; more means that its other tracks will not come. */
const startFrames = 512
const startBytes = 16 * 1024 * 1024

/** Opens the publication. */
export type OpenPublication = (tracks: readonly Track[]) => Publication

/** Holds the first frames back until every track that is announced has shown what it is, then writes. */
export class StreamStart {
  readonly #open: OpenPublication
  readonly #tracks = new Map<number, Track>()
  #publication: Publication | undefined
  #waiting: Frame[] = []
  #bytes = 0

  constructor(open: OpenPublication) {
    this.#open = open
  }

  /** The stream that is written to; absent until it has started. */
  get publication(): Publication | undefined {
    return this.#publication
  }

  /** Learns the tracks of events that are about to be taken one by one: the stream is to begin with all that its demuxer knows. */
  know(events: readonly MediaEvent[]): void {
    if (this.#publication) return
    for (const event of events) if (event.type === 'track' && !this.#tracks.has(event.track.id)) this.#tracks.set(event.track.id, event.track)
  }

  /** Takes what a demuxer read. `complete`: no further track is to be expected. Throws `ERR_FRAME_INVALID`, and what opening the publication throws. */
  take(events: readonly MediaEvent[], complete: boolean): void {
    for (const event of events) {
      if (event.type === 'track') this.#update(event.track)
      else this.#write(event.frame)
    }
    if (!this.#publication && this.#waiting.length > 0 && (complete || this.#isLate())) this.#start()
  }

  /** Ends the stream; readers get what there is, then the end, or `reason`. Idempotent. */
  close(reason?: unknown): void {
    this.#waiting = []
    this.#publication?.close(reason)
  }

  #update(track: Track): void {
    this.#tracks.set(track.id, track)
    this.#publication?.update(track)
  }

  #write(frame: Frame): void {
    if (this.#publication) {
      this.#publication.write(frame)
      return
    }
    this.#waiting.push(frame)
    this.#bytes += frame.data.length
  }

  #isLate(): boolean {
    const [first, last] = [this.#waiting[0], this.#waiting.at(-1)]
    if (!first || !last) return false
    return this.#waiting.length >= startFrames || this.#bytes >= startBytes || decodeTimeOf(last) - decodeTimeOf(first) >= startSpan
  }

  #start(): void {
    const tracks = [...this.#tracks.values()].sort((a, b) => a.id - b.id)
    this.#publication = this.#open(tracks)
    for (const frame of this.#waiting) this.#publication.write(frame)
    this.#waiting = []
  }
}

/** µs. */
export function decodeTimeOf(frame: Frame): number {
  return frame.decodeTime ?? frame.timestamp
}

/** The error for a source that ended, or fell silent, without a picture or sound. */
export function nothingCame(demuxer: MediaDemuxer): ShoalError {
  const { leftOut } = demuxer
  if (leftOut.length > 0) return new ShoalError('ERR_CODEC_UNSUPPORTED', `None of its codecs is read: ${leftOut.join(', ')}.`)
  return new ShoalError('ERR_SOURCE_FAILED', 'It brought neither picture nor sound.')
}
