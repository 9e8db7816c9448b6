/** Frames of yamux (version 0): writes their headers, and cuts what comes over a connection into frames without copying what they carry. */

/** Bytes of a header: version, type, flags (2), stream (4), length (4). */
const headerLength = 12

/** The type of a frame that carries data. All others are a header alone. */
export const dataFrame = 0

/** The type of a frame that gives credit. */
export const windowUpdate = 1

/** A header. `length` is that of the data, or what a frame of another type says with it. */
export interface YamuxHeader {
  readonly type: number
  readonly flag: number
  readonly streamID: number
  readonly length: number
}

/** The bytes of a header. */
export function encodeHeader({ type, flag, streamID, length }: YamuxHeader): Uint8Array {
  const bytes = new Uint8Array(headerLength)
  const long = (at: number, value: number): void => {
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
  }
  bytes[1] = type
  bytes[2] = flag >>> 8
  bytes[3] = flag
  long(4, streamID)
  long(8, length)
  return bytes
}

/** The far end does not speak yamux. */
class NotYamux extends Error {
  /** The code by which the muxer tells the far end: a fault of the protocol. */
  readonly reason = 1
}

/**
 * Takes bytes as they come and gives whole frames, in order. A frame of data longer than any window is refused by its header: nothing
 * of it is kept.
 */
export class YamuxDecoder {
  readonly #maxData: number
  readonly #onFrame: (header: YamuxHeader, data: Uint8Array[]) => void
  readonly #partial = new Uint8Array(headerLength)
  #have = 0
  #header: YamuxHeader | undefined
  #missing = 0
  #data: Uint8Array[] = []

  /** `maxData`: bytes. `onFrame` is called from within {@link push}. */
  constructor(maxData: number, onFrame: (header: YamuxHeader, data: Uint8Array[]) => void) {
    this.#maxData = maxData
    this.#onFrame = onFrame
  }

  /** Takes a chunk, which is kept until its frames are whole. Throws when it is not yamux. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.byteLength) at = this.#header ? this.#gather(chunk, at) : this.#begin(chunk, at)
  }

  /** Reads (a part of) a header; returns where it ends. */
  #begin(chunk: Uint8Array, at: number): number {
    if (this.#have === 0 && chunk.byteLength - at >= headerLength) {
      this.#open(parse(chunk, at))
      return at + headerLength
    }
    const end = Math.min(at + headerLength - this.#have, chunk.byteLength)
    this.#partial.set(chunk.subarray(at, end), this.#have)
    this.#have += end - at
    if (this.#have < headerLength) return end
    this.#have = 0
    this.#open(parse(this.#partial, 0))
    return end
  }

  #open(header: YamuxHeader): void {
    if (header.type !== dataFrame || header.length === 0) {
      this.#onFrame(header, [])
      return
    }
    if (header.length > this.#maxData) throw new NotYamux(`A yamux frame of ${header.length} bytes is over the limit of ${this.#maxData}.`)
    this.#header = header
    this.#missing = header.length
  }

  /** Takes (a part of) the data of the frame that has begun; returns where it ends. */
  #gather(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#missing, chunk.byteLength)
    this.#data.push(at === 0 && end === chunk.byteLength ? chunk : chunk.subarray(at, end))
    this.#missing -= end - at
    if (this.#missing > 0) return end
    const [header, data] = [this.#header, this.#data]
    this.#header = undefined
    this.#data = []
    if (header) this.#onFrame(header, data)
    return end
  }
}

function parse(bytes: Uint8Array, at: number): YamuxHeader {
  if (bytes[at] !== 0) throw new NotYamux(`The version of a yamux frame is 0, not ${bytes[at]}.`)
  const short = (from: number): number => ((bytes[from] ?? 0) << 8) | (bytes[from + 1] ?? 0)
  const long = (from: number): number => short(from) * 0x10000 + short(from + 2)
  return { type: bytes[at + 1] ?? 0, flag: short(at + 2), streamID: long(at + 4), length: long(at + 8) }
}
