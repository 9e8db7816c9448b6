/** The reading half of a link stream: a bounded buffer between libp2p's `message` events and one `for await`. */

import type { Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { ShoalError } from '../../errors.js'
import { FrameDecoder } from './frame-decoder.js'

/** Unread bytes above which the far end is held back. */
const highWater = 512 * 1024

/** Unread bytes below which it may go on. */
const lowWater = 128 * 1024

/** Frames from one libp2p stream. Holds at most `highWater`, one window (1 MiB) and one frame. */
export class LinkReader implements AsyncIterable<Uint8Array> {
  readonly #stream: Stream
  readonly #decoder: FrameDecoder
  readonly #broken: (error: ShoalError) => void
  #ended = false
  #error: Error | undefined
  #resuming = false
  #wake: (() => void) | undefined

  /** `broken` is called when the far end breaks the framing; the stream must then be reset. */
  constructor(stream: Stream, maxFrame: number, broken: (error: ShoalError) => void) {
    this.#stream = stream
    this.#decoder = new FrameDecoder(maxFrame)
    this.#broken = broken
  }

  /** Bytes received and not yet read. */
  get pending(): number {
    return this.#decoder.pending
  }

  /** Takes what libp2p hands over. */
  receive(data: Uint8Array | Uint8ArrayList): void {
    if (this.#ended) return
    if (data instanceof Uint8Array) this.#decoder.push(data)
    else for (const chunk of data) this.#decoder.push(chunk)
    this.#hold()
    this.#wake?.()
  }

  /** No more bytes will come, and that is right. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  /** No more bytes will come, and that is wrong: the reader learns it after the whole frames that are here. */
  fail(error: Error): void {
    if (this.#ended) return
    this.#error = error
    this.end()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const frame = this.#next()
      this.#release()
      if (frame !== undefined) yield frame
      else if (this.#ended) return this.#finish()
      else await this.#more()
    }
  }

  #next(): Uint8Array | undefined {
    try {
      return this.#decoder.next()
    } catch (error) {
      const broken = ShoalError.from(error, 'ERR_PROTOCOL')
      this.#broken(broken)
      throw broken
    }
  }

  #finish(): void {
    if (this.#error) throw this.#error
    if (this.#decoder.partial) throw new ShoalError('ERR_PROTOCOL', 'The stream ended within a frame.')
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  /** Pauses above the high-water mark, but never from inside resume(): libp2p would then believe it is open while it is shut. */
  #hold(): void {
    if (this.#resuming || this.#decoder.pending < highWater || this.#stream.readStatus !== 'readable') return
    this.#stream.pause()
  }

  #release(): void {
    if (this.#stream.readStatus !== 'paused' || this.#decoder.pending > lowWater) return
    this.#resuming = true
    try {
      // hands over what libp2p held meanwhile, at once
      this.#stream.resume()
    } catch {
      // the connection went away: what was held has still been handed over
    } finally {
      this.#resuming = false
    }
    this.#hold()
  }
}
