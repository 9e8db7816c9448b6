/** AV1's open bitstream units: one after the other with sizes, as frames carry them ("AV1 Bitstream" 5.3). */

import { ShoalError } from '../errors.js'

/** Type of a unit. */
export function obuType(obu: Uint8Array): number {
  return ((obu[0] ?? 0) >> 3) & 0xf
}

/** The units in `data`, with their headers. The last may be without a size. Throws `ERR_MEDIA_INVALID`. */
export function splitObus(data: Uint8Array): Uint8Array[] {
  const obus: Uint8Array[] = []
  for (let at = 0; at < data.length; ) {
    const { header, size } = layout(data.subarray(at))
    if (header + size > data.length - at) throw invalid(`a unit of ${size} bytes in ${data.length - at}`)
    obus.push(data.subarray(at, at + header + size))
    at += header + size
  }
  return obus
}

/** Bytes of a header, with the size field, and of what follows. */
function layout(obu: Uint8Array): { readonly header: number; readonly size: number } {
  const first = obu[0] as number
  if (first & 0x80) throw invalid('its forbidden bit is set')
  const plain = first & 4 ? 2 : 1
  if (plain > obu.length) throw invalid('its header is cut short')
  if ((first & 2) === 0) return { header: plain, size: obu.length - plain }
  let size = 0
  for (let i = 0; i < 5; i++) {
    const byte = obu[plain + i]
    if (byte === undefined) break
    size += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { header: plain + i + 1, size }
  }
  throw invalid('its size cannot be read')
}

/** The unit as RTP carries it: without its size field. */
export function withoutSize(obu: Uint8Array): Uint8Array {
  const first = obu[0] as number
  if ((first & 2) === 0) return obu
  const { header } = layout(obu)
  const bytes = new Uint8Array((first & 4 ? 2 : 1) + obu.length - header)
  bytes[0] = first & ~2
  if (first & 4) bytes[1] = obu[1] as number
  bytes.set(obu.subarray(header), first & 4 ? 2 : 1)
  return bytes
}

/** Units, with or without sizes, one after the other with sizes; temporal delimiters are left out. Throws `ERR_MEDIA_INVALID`. */
export function joinObus(obus: readonly Uint8Array[]): Uint8Array {
  const pieces = obus.filter((obu) => obu.length > 0 && obuType(obu) !== 2).flatMap(sized)
  return Buffer.concat(pieces)
}

function sized(obu: Uint8Array): Uint8Array[] {
  const first = obu[0] as number
  const { header, size } = layout(obu)
  if (first & 2) return [obu.subarray(0, header + size)]
  const length: number[] = []
  for (let left = size; ; left = Math.floor(left / 128)) {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0))
    if (left <= 0x7f) break
  }
  const start = first & 4 ? [first | 2, obu[1] as number] : [first | 2]
  return [Uint8Array.of(...start, ...length), obu.subarray(header)]
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `OBU: ${why}.`)
}
