/** The newest group of a stream as ready bytes, for viewers who join. */

import type { Frame } from '../stream.js'

/** Bytes that are kept at most. */
const keptBytes = 4 * 1024 * 1024

/** Keeps what was written of the frames since the newest key frame: parts of the memory that went to viewers. */
export class NewestGroup {
  readonly #ready = new Map<Frame, Buffer>()
  #bytes = 0
  /** Decode time of the key frame that began it, µs. */
  #time = Number.NEGATIVE_INFINITY

  /** The bytes of a frame, if it is kept. */
  get(frame: Frame): Buffer | undefined {
    return this.#ready.get(frame)
  }

  /** Does the frame belong to the newest group, or begin it? Viewers who are late ask for older ones. */
  takes(frame: Frame, kind: 'audio' | 'video'): boolean {
    const time = frame.decodeTime ?? frame.timestamp
    if (kind === 'video' && frame.key && time > this.#time) {
      this.#time = time
      this.#ready.clear()
      this.#bytes = 0
    }
    return this.#time !== Number.NEGATIVE_INFINITY && time >= this.#time && this.#bytes < keptBytes
  }

  /** Keeps the bytes of a frame that it takes. */
  keep(frame: Frame, bytes: Buffer): void {
    this.#ready.set(frame, bytes)
    this.#bytes += bytes.length
  }
}
