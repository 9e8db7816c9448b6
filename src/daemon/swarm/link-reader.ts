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
  /** Takes what there is for the reader that waits, if one does. */
  #waiting: (() => void) | undefined

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
    // a reader that waits takes it at once, and then nothing has to be held back
    this.#waiting?.()
    this.#hold()
  }

  /** No more bytes will come, and that is right. */
  end(): void {
    this.#ended = true
    this.#waiting?.()
  }

  /** No more bytes will come, and that is wrong: the reader learns it after the whole frames that are here. */
  fail(error: Error): void {
    if (this.#ended) return
    this.#error = error
    this.end()
  }

  /** No generator: that costs three promises more for each frame, and a turn through them for each piece of one. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array, void> {
    let over = false
    const finish = (): IteratorReturnResult<void> => {
      over = true
      return { done: true, value: undefined }
    }
    const iterator: AsyncIterableIterator<Uint8Array, void> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => (over ? Promise.resolve(finish()) : this.#read(finish)),
      return: () => Promise.resolve(finish()),
    }
    return iterator
  }

  /** The next frame, in the turn in which its last byte arrives; or `finish()`, at the end. */
  #read(finish: () => IteratorReturnResult<void>): Promise<IteratorResult<Uint8Array, void>> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        this.#waiting = undefined
        try {
          const frame = this.#take()
          if (frame !== undefined) resolve({ done: false, value: frame })
          else if (this.#ended) resolve(this.#finished(finish))
          else this.#waiting = attempt
        } catch (error) {
          finish()
          reject(error)
        }
      }
      attempt()
    })
  }

  #take(): Uint8Array | undefined {
    const frame = this.#next()
    this.#release()
    // what was held back may complete a frame, and be all that comes
    return frame ?? (this.#decoder.pending > 0 ? this.#next() : undefined)
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

  #finished(finish: () => IteratorReturnResult<void>): IteratorReturnResult<void> {
    if (this.#error) throw this.#error
    if (this.#decoder.partial) throw new ShoalError('ERR_PROTOCOL', 'The stream ended within a frame.')
    return finish()
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
