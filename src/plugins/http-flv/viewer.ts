/** One viewer: a subscription on one side, a connection on the other. */

import { ShoalError } from '../../errors.js'
import type { Frame, Subscription } from '../../stream.js'
import { Continuity, decodeMs } from './continuity.js'
import { drained, type Sink } from './sink.js'
import { FlvHeaders, type FlvTags, type Parts, sizeOf } from './tags.js'

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

/** One viewer as the plugin's list shows it. */
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
  #headers = new FlvHeaders([])
  #generation: number | undefined
  #bytesOut = 0
  #framesOut = 0

  constructor(options: ViewerOptions) {
    this.#options = options
  }

  /** Its figures now. */
  info(): ViewerInfo {
    const { subscription, sink, address } = this.#options
    return {
      path: subscription.path,
      via: sink.via,
      address,
      since: this.#since,
      bytesOut: this.#bytesOut,
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
    const { subscription, sink, bufferSize } = this.#options
    const file = new FlvHeaders(subscription.tracks).file()
    this.#write(file, sizeOf(file))
    for await (const batch of subscription) {
      this.#send(batch)
      if (sink.waiting > bufferSize && !(await this.#roomMade())) return
    }
    await this.#roomMade()
  }

  #send(frames: readonly Frame[]): void {
    const { subscription, tags } = this.#options
    const isNew = this.#generation !== subscription.generation
    if (isNew) {
      this.#generation = subscription.generation
      this.#headers = new FlvHeaders(subscription.tracks)
      this.#continuity.change()
    }
    const shift = this.#continuity.shiftOf(frames)
    const batch = tags.of(frames, this.#headers.writer, shift)
    this.#framesOut += batch.frames
    if (!isNew || !frames[0]) {
      this.#write(batch.pieces, batch.bytes)
      return
    }
    const headers = this.#headers.tags(decodeMs(frames[0]) + shift)
    this.#write([...headers, ...batch.pieces], sizeOf(headers) + batch.bytes)
  }

  #write(parts: Parts, bytes: number): void {
    if (bytes === 0) return
    this.#bytesOut += bytes
    this.#options.sink.write(parts)
  }

  /** Waits until the client has taken all; false when it went. Throws `ERR_SLOW_CONSUMER`. */
  async #roomMade(): Promise<boolean> {
    const { sink, stallTimeout, signal, address, subscription } = this.#options
    const outcome = await drained(sink, stallTimeout, signal)
    if (outcome === 'stalled') throw new ShoalError('ERR_SLOW_CONSUMER', `The viewer ${address} of ${subscription.path} took nothing for ${stallTimeout} ms.`)
    return outcome === 'taken'
  }
}
