/** One viewer's connection, with its queue kept short. */

import { ShoalError } from '../errors.js'
import type { Parts } from './format.js'
import { Pace } from './pace.js'
import { drained, type Sink } from './sink.js'

/** What an outlet works with. */
export interface OutletOptions {
  readonly sink: Sink
  /** Bytes that may wait before no more frames are taken. */
  readonly bufferSize: number
  /** ms in which a client takes nothing of what waits before it is given up. */
  readonly stallTimeout: number
  /** Aborted when the client goes. */
  readonly signal: AbortSignal
  /** Who it is, for errors: `The viewer 127.0.0.1 of live/cam`. */
  readonly who: string
}

/** Writes to a sink and says when to wait. */
export class Outlet {
  /** Bytes written so far. */
  bytes = 0
  readonly #options: OutletOptions
  readonly #pace: Pace
  #isLate = false

  constructor(options: OutletOptions) {
    this.#options = options
    this.#pace = new Pace(options.bufferSize)
  }

  /** Writes parts of `bytes` bytes together. */
  write(parts: Parts, bytes: number): void {
    if (bytes === 0) return
    const { sink } = this.#options
    const before = sink.waiting
    sink.write(parts)
    this.bytes += bytes
    this.#isLate = this.#pace.wrote(before, sink.waiting)
  }

  /**
   * A promise to wait for before more is written; absent when there is room. It gives the age that the next frame may have, as
   * `deliver` of a subscription takes it; `gone` is called where the client went. Rejects with `ERR_SLOW_CONSUMER`.
   */
  room(gone: () => void): Promise<number | undefined> | undefined {
    return this.#isLate ? this.#emptied(gone) : undefined
  }

  async #emptied(gone: () => void): Promise<number | undefined> {
    const started = performance.now()
    this.#isLate = false
    if (await this.taken()) return this.#pace.resumed(performance.now() - started)
    gone()
    return undefined
  }

  /** Waits until the client has taken all; false when it went. Rejects with `ERR_SLOW_CONSUMER`. */
  async taken(): Promise<boolean> {
    const { sink, stallTimeout, signal, who } = this.#options
    const outcome = await drained(sink, stallTimeout, signal)
    if (outcome === 'stalled') throw new ShoalError('ERR_SLOW_CONSUMER', `${who} took nothing for ${stallTimeout} ms.`)
    return outcome === 'taken'
  }
}
