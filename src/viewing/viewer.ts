/** One viewer: a subscription on one side, a connection on the other. */

import type { Frame, Subscription } from '../stream.js'
import { Continuity } from './continuity.js'
import type { LiveFormat, LiveWriter } from './format.js'
import { sizeOf } from './muxed-cache.js'
import { Outlet } from './outlet.js'
import type { Sink } from './sink.js'

/** What a viewer works with. */
export interface ViewerOptions {
  readonly subscription: Subscription
  readonly sink: Sink
  readonly format: LiveFormat
  /** Bytes that may wait before no more frames are taken. */
  readonly bufferSize: number
  /** ms. */
  readonly stallTimeout: number
  /** Aborted when the client goes. */
  readonly signal: AbortSignal
  /** Who it is, for lists: `127.0.0.1`. */
  readonly address: string
}

/** One viewer as a plugin's list shows it. */
export interface ViewerInfo {
  readonly path: string
  readonly via: 'http' | 'websocket'
  readonly address: string
  /** Wall clock, ms since 1970. */
  readonly since: number
  readonly bytesOut: number
  readonly framesOut: number
  /** Frames skipped because it was late. */
  readonly framesDropped: number
  /** Bytes written and not yet taken. */
  readonly waiting: number
}

/** Sends a stream to one connection. */
export class Viewer {
  readonly #options: ViewerOptions
  readonly #since = Date.now()
  readonly #continuity = new Continuity()
  #writer: LiveWriter | undefined
  #generation: number | undefined
  #dropped = 0
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
   * Sends until the stream ends, the client goes, or the tracks change to what cannot follow on this connection; all are a
   * return. Rejects with what ended the stream, and with `ERR_SLOW_CONSUMER` for a client that takes nothing. While much
   * waits for the client no frames are taken, so that the stream skips whole groups for it and cuts it when that goes on.
   */
  async run(): Promise<void> {
    const { subscription } = this.#options
    const close = (): void => subscription.close()
    await subscription.deliver((frames) => {
      if (this.#send(frames)) return this.#outlet.room(close)
      close()
    })
    await this.#outlet.taken()
  }

  /** False when the tracks changed and the connection cannot go on with them. */
  #send(frames: readonly Frame[]): boolean {
    const { subscription } = this.#options
    if (this.#generation !== subscription.generation && !this.#turn()) return false
    const gap = subscription.dropped !== this.#dropped
    this.#dropped = subscription.dropped
    const muxed = this.#writer?.write(frames, this.#continuity.shiftOf(frames), gap)
    if (!muxed || muxed.bytes === 0) return true
    this.#framesOut += muxed.frames
    this.#outlet.write(muxed.pieces, muxed.bytes)
    return true
  }

  /** Goes over to the tracks of now. */
  #turn(): boolean {
    const { subscription, format, sink } = this.#options
    this.#generation = subscription.generation
    this.#continuity.change()
    const before = this.#writer
    const writer = format.open(subscription.tracks, subscription.generation)
    this.#writer = writer
    if (before && writer.follow(before)) return true
    if (!sink.begin(writer) && before) return false
    const head = writer.head()
    this.#outlet.write(head, sizeOf(head))
    return true
  }
}
