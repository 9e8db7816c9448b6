/** What was made once and goes to all viewers. */

import type { Muxed, Parts } from './format.js'

/** Bytes of one piece: a write of a few pieces costs much less than one of the many parts that frames consist of. */
const pieceSize = 256 * 1024

interface Made<T> {
  readonly variant: string | number
  readonly value: T
  readonly next: Made<T> | undefined
}

/** What was made of a key, for each variant of it. It lives as long as its key. Variants differ only for viewers that lived through different changes, so the list is short. */
export class MuxedCache<K extends WeakKey, T> {
  readonly #made = new WeakMap<K, Made<T>>()

  /** The value of that variant; made where there is none. */
  of(key: K, variant: string | number, make: () => T): T {
    const first = this.#made.get(key)
    for (let made = first; made; made = made.next) if (made.variant === variant) return made.value
    const value = make()
    this.#made.set(key, { variant, value, next: first })
    return value
  }

  /** Some variant that fits. */
  find(key: K, fits: (value: T) => boolean): T | undefined {
    for (let made = this.#made.get(key); made; made = made.next) if (fits(made.value)) return made.value
    return undefined
  }
}

/** Bytes of all parts. */
export function sizeOf(parts: Parts): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

/** Joins units, one for each frame, to pieces of at most `pieceSize` bytes or, where a unit is larger, of one unit. Empty units are frames that are not carried. */
export function joinUnits(units: readonly Parts[]): Muxed {
  const pieces: Uint8Array[] = []
  let parts: Uint8Array[] = []
  let size = 0
  let bytes = 0
  for (const unit of units) {
    const length = sizeOf(unit)
    if (size > 0 && size + length > pieceSize) {
      pieces.push(Buffer.concat(parts, size))
      parts = []
      size = 0
    }
    parts.push(...unit)
    size += length
    bytes += length
  }
  if (size > 0) pieces.push(Buffer.concat(parts, size))
  return { pieces, bytes, frames: units.filter((unit) => unit.length > 0).length }
}
