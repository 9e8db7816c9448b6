/** One viewer: a subscription on one side, a connection on the other. */

import { sizeOf } from '../../media/pieces.js'
import type { Frame, Subscription } from '../../stream.js'
import { Outlet } from '../../viewing/outlet.js'
import type { Sink } from '../../viewing/sink.js'
import type { ViewerInfo } from '../../viewing/viewer.js'
import { Continuity, decodeMs } from './continuity.js'
import type { FlvFormat, FlvTags } from './tags.js'

/** What a viewer works with. */
export interface ViewerOptions {
  readonly subscription: Subscription
  readonly sink: Sink
  readonly tags: FlvTags
  /** Bytes that may wait before no more frames are taken. */
  readonly bufferSize: number
  /** ms. */
  readonly stallTimeout: number
  /** Aborted when the client goes. */
  readonly signal: AbortSignal
  /** Who it is, for lists: `127.0.0.1`. */
  readonly address: string
}

/** Sends a stream to one connection. */
export class Viewer {
  readonly #options: ViewerOptions
  readonly #since = Date.now()
  readonly #continuity = new Continuity()
  #format: FlvFormat | undefined
  #generation: number | undefined
  /** Were the headers of the present tracks sent? */
  #headed = false
  #framesOut = 0
  readonly #outlet: Outlet

  constructor(options: ViewerOptions) {
    this.#options = options
    this.#outlet = new Outlet({ ...options, who: `The viewer ${options.address} of ${options.subscription.path}` })
  }

  /** Its figures now. */
  info(): ViewerInfo {
    const { subscription, sink, address } = this.#options
    return {
      path: subscription.path,
      via: sink.via,
      address,
      since: this.#since,
      bytesOut: this.#outlet.bytes,
      framesOut: this.#framesOut,
      framesDropped: subscription.dropped,
      waiting: sink.waiting,
    }
  }

  /**
   * Sends until the stream ends or the client goes; both are a return. Rejects with what ended the stream, and with
   * `ERR_SLOW_CONSUMER` for a client that takes nothing. While much waits for the client no frames are taken, so that the
   * stream skips whole groups for it and cuts it when that goes on.
   */
  async run(): Promise<void> {
    const { subscription, tags } = this.#options
    const file = tags.of(subscription.tracks).file()
    this.#outlet.write([file], file.length)
    const close = (): void => subscription.close()
    await subscription.deliver((frames) => {
      this.#send(frames)
      return this.#outlet.room(close)
    })
    await this.#outlet.taken()
  }

  #send(frames: readonly Frame[]): void {
    const { subscription, tags } = this.#options
    if (!this.#format || this.#generation !== subscription.generation) {
      this.#generation = subscription.generation
      this.#format = tags.of(subscription.tracks)
      this.#continuity.change()
      this.#headed = false
    }
    const shift = this.#continuity.shiftOf(frames)
    const { pieces, bytes, frames: count } = this.#format.batch(frames, shift)
    this.#framesOut += count
    if (this.#headed || !frames[0]) {
      this.#outlet.write(pieces, bytes)
      return
    }
    this.#headed = true
    const headers = this.#format.headers(decodeMs(frames[0]) + shift)
    this.#outlet.write([...headers, ...pieces], sizeOf(headers) + bytes)
  }
}
