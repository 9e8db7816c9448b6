/** AAC over RTP (RFC 3640, mpeg4-generic): one or more access units a packet, or a part of one. */

import { ShoalError } from '../../errors.js'
import { BitReader } from '../bits.js'
import type { AccessUnit, Depacketizer } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

/** Bits of the fields in AU headers, as `fmtp` says them. */
export interface AacLayout {
  readonly sizeLength: number
  readonly indexLength: number
  readonly indexDeltaLength: number
  /** Ticks from one unit to the next. */
  readonly frameLength: number
}

/** The layout of mode AAC-hbr (3.3.6). */
export const aacHbr = { sizeLength: 13, indexLength: 3, indexDeltaLength: 3 } as const

/** Most bytes of one unit: what a size of 13 bits says. */
const maxUnit = 8191

/** Reads AAC packets; interleaving is not supported. */
export class AacDepacketizer implements Depacketizer {
  readonly #layout: AacLayout
  #partial: { timestamp: number; size: number; pieces: Uint8Array[]; bytes: number } | undefined

  constructor(layout: AacLayout) {
    this.#layout = layout
  }

  push({ payload, timestamp }: RtpPacket, gap: boolean): AccessUnit[] {
    if (gap) this.#partial = undefined
    const { sizes, body } = this.#headers(payload)
    const [first] = sizes
    if (first !== undefined && sizes.length === 1 && first > body.length) return this.#fragment(timestamp, first, body)
    this.#partial = undefined
    let at = 0
    return sizes.map((size, i) => {
      if (at + size > body.length) throw invalid('an access unit is cut short')
      const part = body.subarray(at, at + size)
      at += size
      return { timestamp, later: i * this.#layout.frameLength, parts: [part] }
    })
  }

  #headers(payload: Uint8Array): { sizes: number[]; body: Uint8Array } {
    const { sizeLength, indexLength, indexDeltaLength } = this.#layout
    const reader = new BitReader(payload, 'AU headers')
    let left = reader.bits(16)
    const bytes = 2 + Math.ceil(left / 8)
    if (bytes > payload.length) throw invalid('its AU headers are cut short')
    const sizes: number[] = []
    for (let index = indexLength; left >= sizeLength + index && sizeLength > 0; index = indexDeltaLength) {
      sizes.push(reader.bits(sizeLength))
      if (reader.bits(index) !== 0) throw new ShoalError('ERR_CODEC_UNSUPPORTED', 'RTP: interleaved AAC is not supported.')
      left -= sizeLength + index
    }
    return { sizes, body: payload.subarray(bytes) }
  }

  /** A part of a unit: each packet says the size of the whole (3.2.3.1). */
  #fragment(timestamp: number, size: number, piece: Uint8Array): AccessUnit[] {
    if (this.#partial?.timestamp !== timestamp || this.#partial.size !== size) this.#partial = { timestamp, size, pieces: [], bytes: 0 }
    const partial = this.#partial
    partial.pieces.push(piece)
    partial.bytes += piece.length
    // empty pieces would not make it any longer
    if (piece.length === 0 || partial.bytes > size) this.#partial = undefined
    if (partial.bytes !== size) return []
    this.#partial = undefined
    return [{ timestamp, later: 0, parts: [Buffer.concat(partial.pieces)] }]
  }
}

/** Payloads for one unit in mode AAC-hbr, each of at most `size` bytes, as pieces to be joined. Throws `ERR_MEDIA_INVALID` for a unit that it cannot say the size of. */
export function packetizeAac(unit: Uint8Array, size: number): Uint8Array[][] {
  if (unit.length > maxUnit) throw invalid(`an AAC unit of ${unit.length} bytes`)
  const header = Uint8Array.of(0, 16, unit.length >> 5, (unit.length & 0x1f) << 3)
  const packets: Uint8Array[][] = []
  for (let at = 0; at < unit.length; at += size - 4) packets.push([header, unit.subarray(at, at + size - 4)])
  return packets
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `RTP: ${why}.`)
}
