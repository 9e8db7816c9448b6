/** The segments of one stream in one form: made while somebody asks for them. */

import { ShoalError } from '../../errors.js'
import type { Frame, Subscription } from '../../stream.js'
import { Continuity } from '../../viewing/continuity.js'
import { type Format, openContainer } from './container.js'
import { bytesOf, durationOf, Segmenter, type SegmenterOptions } from './segmenter.js'

/** Cuts a subscription into segments, and lets requests wait for what is not there yet. */
export class LiveStream {
  readonly path: string
  readonly format: Format
  readonly segmenter: Segmenter
  readonly #continuity = new Continuity()
  readonly #waiters = new Set<() => void>()
  /** Wall clock, ms since 1970; for people. */
  readonly since = Date.now()
  #asked = performance.now()
  #generation: number | undefined
  #dropped = 0
  #failure: ShoalError | undefined
  /** No more segments come. */
  ended = false

  constructor(path: string, format: Format, options: SegmenterOptions) {
    this.path = path
    this.format = format
    this.segmenter = new Segmenter(options)
  }

  /** Monotonic ms of the newest request. */
  get asked(): number {
    return this.#asked
  }

  /** Somebody asks. */
  touch(): void {
    this.#asked = performance.now()
  }

  /** µs of the longest segment that is there. */
  get longest(): number {
    return Math.max(0, ...this.segmenter.segments.map(durationOf))
  }

  /**
   * Makes segments until nobody has asked for `idle` ms and three segments, or the signal aborts. What the stream ends with
   * is what requests get that wait then; its last segments can be had until nobody asks.
   */
  async run(subscription: Subscription, idle: number, signal: AbortSignal): Promise<void> {
    const leave = new AbortController()
    const look = setInterval(() => {
      if (performance.now() - this.#asked > Math.max(idle, (3 * this.longest) / 1000)) leave.abort()
    }, 250)
    const over = AbortSignal.any([leave.signal, signal])
    const close = (): void => subscription.close()
    over.addEventListener('abort', close, { once: true })
    if (over.aborted) close()
    try {
      await this.#read(subscription)
      if (!over.aborted) await new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }))
    } finally {
      clearInterval(look)
      subscription.close()
    }
  }

  async #read(subscription: Subscription): Promise<void> {
    try {
      for await (const frames of subscription) {
        this.#take(subscription, frames)
        this.#wake()
      }
    } catch (error) {
      this.#failure = ShoalError.from(error)
    } finally {
      this.#end()
    }
  }

  /** Completes what is there, and lets all that wait go on. */
  #end(): void {
    this.segmenter.finish()
    this.ended = true
    this.#wake()
  }

  /**
   * Waits at most `ms` until `ready` gives something. Rejects with what ended the stream, `ERR_STREAM_NOT_FOUND` when it
   * ended without a word, and `ERR_TIMEOUT`.
   */
  async wait<T>(ready: () => T | undefined, ms: number, signal: AbortSignal): Promise<T> {
    const until = performance.now() + ms
    for (;;) {
      const found = ready()
      if (found !== undefined) return found
      signal.throwIfAborted()
      if (this.ended) throw this.#failure ?? new ShoalError('ERR_STREAM_NOT_FOUND', `The stream ${this.path} ended.`)
      const left = until - performance.now()
      if (left <= 0) throw new ShoalError('ERR_TIMEOUT', `The stream ${this.path} brought nothing for ${ms} ms.`)
      await this.#news(left, signal)
      // who waits is there
      this.touch()
    }
  }

  /** Bits a second: of the most costly segment, and of all. */
  get rates(): { readonly peak: number; readonly average: number } {
    const rows = this.segmenter.segments.map((segment) => ({ bits: 8 * bytesOf(segment), time: durationOf(segment) / 1e6 }))
    const sum = (of: 'bits' | 'time'): number => rows.reduce((total, row) => total + row[of], 0)
    return { peak: Math.ceil(Math.max(1, ...rows.map(({ bits, time }) => bits / time))), average: Math.ceil(sum('bits') / Math.max(0.001, sum('time'))) }
  }

  #take(subscription: Subscription, frames: readonly Frame[]): void {
    if (this.#generation !== subscription.generation) {
      this.#generation = subscription.generation
      this.segmenter.turn(openContainer(this.format, subscription.tracks))
      this.#continuity.change()
    } else if (subscription.dropped !== this.#dropped) this.segmenter.gap()
    this.#dropped = subscription.dropped
    const shift = this.#continuity.shiftOf(frames)
    for (const frame of frames) this.segmenter.push(frame, shift)
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter()
  }

  #news(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(settle)
        signal.removeEventListener('abort', settle)
        resolve()
      }
      const timer = setTimeout(settle, ms)
      this.#waiters.add(settle)
      signal.addEventListener('abort', settle, { once: true })
    })
  }
}
