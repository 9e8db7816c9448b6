/** What readers of every format have in common: they look for the stamps in frames. */

import { findStamp, now } from './stamp.js'

/** What one reader saw. */
export abstract class Reader {
  /** Bytes of the stream in the window, without those of its carrier (HTTP). */
  bytes = 0
  /** Stamped frames in the window. */
  frames = 0
  /** Messages since the start: pictures, sound, headers. */
  messages = 0
  /** Frames that did not follow the one before, since the start. */
  gaps = 0
  ended = false
  /** Stamp of the newest frame. */
  last: number | undefined
  /** ms from connecting to the first whole video frame. */
  joined: number | undefined
  /** ms from the publisher's stamp to the last byte of the frame, for each frame in the window. */
  readonly latencies: number[] = []
  /** Is the window open? */
  measuring = false
  readonly #opened = performance.now()
  #arrived: (() => void) | undefined

  abstract close(): void

  /** Resolves with the first whole video frame. */
  first(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve
      if (this.joined !== undefined) resolve()
    })
  }

  /** Bytes came. */
  protected received(bytes: number): void {
    if (this.measuring) this.bytes += bytes
  }

  /** A whole message came; `picture`: the start of a video frame, enough to find a stamp. */
  protected frame(picture: Buffer | undefined): void {
    this.messages++
    const stamp = picture && findStamp(picture)
    if (!stamp) return
    if (this.joined === undefined) {
      this.joined = performance.now() - this.#opened
      this.#arrived?.()
    }
    if (this.last !== undefined && stamp.sequence !== this.last + 1) this.gaps++
    this.last = stamp.sequence
    if (!this.measuring) return
    this.frames++
    this.latencies.push(Number(now() - stamp.time) / 1e6)
  }
}
