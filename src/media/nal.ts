/** NAL units of H.264 and H.265: length-prefixed (as frames carry them) and Annex B (as byte streams do). */

import { ShoalError } from '../errors.js'

/** The NAL units in `data`, each behind a length of `lengthSize` bytes. No copies. Empty units are left out. Throws `ERR_MEDIA_INVALID` when a length does not fit. */
export function splitNals(data: Uint8Array, lengthSize = 4): Uint8Array[] {
  const nals: Uint8Array[] = []
  for (let at = 0; at < data.length; ) {
    const length = nalLength(data, at, lengthSize)
    at += lengthSize
    if (length > 0) nals.push(data.subarray(at, at + length))
    at += length
  }
  return nals
}

/** Does `test` hold for a unit that {@link splitNals} would give? It gets `data` and where the unit begins. Throws as that does. */
export function someNal(data: Uint8Array, lengthSize: number, test: (data: Uint8Array, at: number) => boolean): boolean {
  let found = false
  for (let at = 0; at < data.length; ) {
    const length = nalLength(data, at, lengthSize)
    at += lengthSize
    found ||= length > 0 && test(data, at)
    at += length
  }
  return found
}

/** The length at `at`, of bytes that are there. */
function nalLength(data: Uint8Array, at: number, lengthSize: number): number {
  if (at + lengthSize > data.length) throw new ShoalError('ERR_MEDIA_INVALID', 'A NAL unit length is cut short.')
  let length = 0
  for (let i = 0; i < lengthSize; i++) length = length * 256 + (data[at + i] as number)
  const left = data.length - at - lengthSize
  if (length > left) throw new ShoalError('ERR_MEDIA_INVALID', `A NAL unit of ${length} bytes in ${left}.`)
  return length
}

/** The units with 4-byte lengths, in one new array. */
export function joinNals(nals: readonly Uint8Array[]): Uint8Array {
  return concat(nals, (bytes, at, nal) => new DataView(bytes.buffer).setUint32(at, nal.length))
}

/** The units with 4-byte start codes, in one new array (H.264 Annex B). */
export function toAnnexB(nals: readonly Uint8Array[]): Uint8Array {
  return concat(nals, (bytes, at) => {
    bytes[at + 3] = 1
  })
}

function concat(nals: readonly Uint8Array[], prefix: (bytes: Uint8Array, at: number, nal: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(nals.reduce((sum, nal) => sum + 4 + nal.length, 0))
  let at = 0
  for (const nal of nals) {
    prefix(bytes, at, nal)
    bytes.set(nal, at + 4)
    at += 4 + nal.length
  }
  return bytes
}

/** The units of an Annex B byte stream: between start codes, without trailing zero bytes. What stands before the first start code is not a unit. */
export function fromAnnexB(bytes: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = []
  let start = -1
  for (let at = 0; at + 2 < bytes.length; ) {
    if ((bytes[at + 2] as number) > 1) at += 3
    else if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) {
      if (start >= 0) pushTrimmed(nals, bytes, start, at)
      at += 3
      start = at
    } else at++
  }
  if (start >= 0) pushTrimmed(nals, bytes, start, bytes.length)
  return nals
}

function pushTrimmed(nals: Uint8Array[], bytes: Uint8Array, start: number, end: number): void {
  let last = end
  while (last > start && bytes[last - 1] === 0) last--
  if (last > start) nals.push(bytes.subarray(start, last))
}

/** The payload of a NAL unit without emulation prevention bytes: 00 00 03 becomes 00 00 (H.264 7.4.1). The same array where there are none. */
export function unescapeNal(nal: Uint8Array): Uint8Array {
  const out = new Uint8Array(nal.length)
  let length = 0
  let zeros = 0
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0
      continue
    }
    zeros = byte === 0 ? zeros + 1 : 0
    out[length++] = byte
  }
  return length === nal.length ? nal : out.subarray(0, length)
}

/** A picture's size, checked: 1 to 16,384 each way. Throws `ERR_MEDIA_INVALID`. */
export function checkedSize(width: number, height: number): { width: number; height: number } {
  const fits = (value: number): boolean => value >= 1 && value <= 16_384
  if (!fits(width) || !fits(height)) throw new ShoalError('ERR_MEDIA_INVALID', `A picture of ${width}x${height}.`)
  return { width, height }
}

/** Byte for byte equal? */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
