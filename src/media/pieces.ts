/** Few large pieces out of many small parts: what is written to many sockets should be one buffer. */

/** Bytes of one piece, where its parts are smaller. */
const pieceSize = 256 * 1024

/** What is ready before it is asked for. */
interface Item {
  readonly parts: readonly Uint8Array[]
  readonly bytes: number
  readonly placed: ((bytes: Buffer) => void) | undefined
}

/** Bytes of all parts. */
export function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0
  for (const part of parts) size += part.length
  return size
}

/** Joins items (each of a few parts) to pieces of up to 256 KiB or of one item. Items that lie in memory one behind the other are not copied again. */
export class Pieces {
  /** Bytes added so far. */
  bytes = 0
  readonly #pieces: Buffer[] = []
  #items: Item[] = []
  #waiting = 0

  /** Adds an item that is copied; `placed` gets its bytes in the piece. */
  add(parts: readonly Uint8Array[], placed?: (bytes: Buffer) => void): void {
    const bytes = sizeOf(parts)
    if (this.#waiting > 0 && this.#waiting + bytes > pieceSize) this.#flush()
    this.#items.push({ parts, bytes, placed })
    this.#waiting += bytes
    this.bytes += bytes
  }

  /** Adds bytes that lie in a piece already. */
  addReady(bytes: Buffer): void {
    this.#flush()
    this.bytes += bytes.length
    const last = this.#pieces.at(-1)
    if (last && last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset)
      this.#pieces[this.#pieces.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length)
    else this.#pieces.push(bytes)
  }

  /** The pieces. Call it last. */
  end(): readonly Buffer[] {
    this.#flush()
    return this.#pieces
  }

  #flush(): void {
    if (this.#waiting === 0) return
    const piece = Buffer.allocUnsafeSlow(this.#waiting)
    let at = 0
    for (const { parts, bytes, placed } of this.#items) {
      placed?.(piece.subarray(at, at + bytes))
      for (const part of parts) {
        piece.set(part, at)
        at += part.length
      }
    }
    this.#pieces.push(piece)
    this.#items = []
    this.#waiting = 0
  }
}
