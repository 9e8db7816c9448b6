/** A live byte stream that arrives in pieces, such as datagrams, as a source. */

import { ShoalError } from '../errors.js'
import type { MediaDemuxer } from '../media/media-event.js'
import type { OpenPublication } from './stream-start.js'
import { nothingCame, StreamStart } from './stream-start.js'
import { Watchdog } from './watchdog.js'

/** Limits in ms. */
export interface PieceTiming {
  /** Until the stream starts. */
  readonly first: number
  /** Without media afterwards. */
  readonly silence: number
}

/** Limits of sources that are live. */
export const liveTiming: PieceTiming = { first: 10_000, silence: 15_000 }

/** Reads pieces as they come. What goes wrong, also silence, is told once to `failed`. */
export class PieceReader {
  readonly #demuxer: MediaDemuxer
  readonly #start: StreamStart
  readonly #failed: (error: unknown) => void
  readonly #timing: PieceTiming
  #dog: Watchdog
  #over = false

  constructor(demuxer: MediaDemuxer, open: OpenPublication, failed: (error: unknown) => void, timing = liveTiming) {
    this.#demuxer = demuxer
    this.#failed = failed
    this.#timing = timing
    this.#start = new StreamStart((tracks) => {
      const publication = open(tracks)
      this.#dog.stop()
      this.#dog = this.#watch(timing.silence, () => new ShoalError('ERR_SOURCE_FAILED', `Nothing came for ${timing.silence} ms.`))
      return publication
    })
    this.#dog = this.#watch(timing.first, () => this.#nothing())
  }

  /** Has the stream started? */
  get started(): boolean {
    return this.#start.publication !== undefined
  }

  /** Takes the next piece. Frames may refer to its memory. */
  push(piece: Uint8Array): void {
    if (this.#over) return
    try {
      this.#take(this.#demuxer.push(piece))
    } catch (error) {
      this.#fail(error)
    }
  }

  /** No more comes. Idempotent. */
  end(reason?: unknown): void {
    if (!this.#over) {
      try {
        this.#take(this.#demuxer.flush())
      } catch {
        // the end of a stream may be cut short anywhere
      }
    }
    this.#over = true
    this.#dog.stop()
    this.#start.close(reason)
  }

  #take(events: ReturnType<MediaDemuxer['push']>): void {
    if (events.length > 0 && this.#start.publication) this.#dog.touch()
    this.#start.take(events, this.#demuxer.complete)
  }

  #nothing(): ShoalError {
    const error = nothingCame(this.#demuxer)
    if (error.code === 'ERR_CODEC_UNSUPPORTED') return error
    return new ShoalError('ERR_SOURCE_FAILED', `Neither picture nor sound came within ${this.#timing.first} ms.`)
  }

  #watch(ms: number, error: () => ShoalError): Watchdog {
    return new Watchdog(ms, () => this.#fail(error()))
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#dog.stop()
    this.#failed(error)
  }
}
