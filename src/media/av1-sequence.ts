/** AV1 sequence headers (AV1 specification 5.5) and the decoder configuration that is made of one. */

import { readTiming } from './av1.js'
import { BitReader } from './bits.js'
import { checkedSize } from './nal.js'
import { joinObus, withoutSize } from './obu.js'

/** What a sequence header says. */
export interface Av1Sequence {
  /** `av01.0.04M.08`. */
  readonly codec: string
  /** Largest picture in pixels. */
  readonly width: number
  readonly height: number
  /** av1C with the header inside. */
  readonly description: Uint8Array
}

/** Reads a sequence header OBU. Throws `ERR_MEDIA_INVALID`. */
export function parseAv1Sequence(obu: Uint8Array): Av1Sequence {
  const bare = withoutSize(obu)
  const reader = new BitReader(bare.subarray((bare[0] ?? 0) & 4 ? 2 : 1), 'AV1 sequence header')
  const profile = reader.bits(3)
  if (profile > 2) throw reader.invalid(`profile ${profile}`)
  reader.skip(1) // still_picture
  const reduced = reader.flag()
  const { level, tier } = reduced ? { level: reader.bits(5), tier: 0 } : readOperatingPoints(reader)
  const size = readSize(reader)
  skipTools(reader, reduced)
  const { high, twelve, mono, layout } = readColour(reader, profile)
  const two = (value: number): string => String(value).padStart(2, '0')
  const codec = `av01.${profile}.${two(level)}${tier ? 'H' : 'M'}.${two(twelve ? 12 : high ? 10 : 8)}`
  const flags = (tier << 7) | (Number(high) << 6) | (Number(twelve) << 5) | (Number(mono) << 4) | layout
  return { codec, ...size, description: Buffer.concat([Uint8Array.of(0x81, (profile << 5) | level, flags, 0), joinObus([obu])]) }
}

/** Level and tier of the first operating point: the one that decodes everything. */
function readOperatingPoints(reader: BitReader): { readonly level: number; readonly tier: number } {
  const delayBits = reader.flag() ? readTiming(reader) : 0
  const displayDelay = reader.flag()
  let first: { level: number; tier: number } | undefined
  for (let points = reader.bits(5) + 1; points > 0; points--) {
    reader.skip(12) // operating_point_idc
    const level = reader.bits(5)
    first ??= { level, tier: 0 }
    const tier = level > 7 ? reader.bits(1) : 0
    if (first.level === level && first.tier === 0) first.tier = tier
    if (delayBits > 0 && reader.flag()) reader.skip(2 * delayBits + 1)
    if (displayDelay && reader.flag()) reader.skip(4)
  }
  return first ?? { level: 0, tier: 0 }
}

function readSize(reader: BitReader): { readonly width: number; readonly height: number } {
  const widthBits = reader.bits(4) + 1
  const heightBits = reader.bits(4) + 1
  return checkedSize(reader.bits(widthBits) + 1, reader.bits(heightBits) + 1)
}

/** What stands between the size and the colours. */
function skipTools(reader: BitReader, reduced: boolean): void {
  if (!reduced && reader.flag()) reader.skip(7) // lengths of frame ids
  reader.skip(3)
  if (!reduced) skipInterTools(reader)
  reader.skip(3)
}

function skipInterTools(reader: BitReader): void {
  reader.skip(4)
  const ordered = reader.flag()
  if (ordered) reader.skip(2)
  const forced = reader.flag() ? 2 : reader.bits(1) // screen content tools
  if (forced > 0 && !reader.flag()) reader.skip(1) // integer motion vectors
  if (ordered) reader.skip(3)
}

interface Colour {
  readonly high: boolean
  readonly twelve: boolean
  readonly mono: boolean
  /** Subsampling and the place of its samples, as the low bits of av1C's third byte. */
  readonly layout: number
}

/** color_config (5.5.2). */
function readColour(reader: BitReader, profile: number): Colour {
  const high = reader.flag()
  const twelve = profile === 2 && high && reader.flag()
  const mono = profile !== 1 && reader.flag()
  const [primaries, transfer, matrix] = reader.flag() ? [reader.bits(8), reader.bits(8), reader.bits(8)] : [2, 2, 2]
  if (mono) return { high, twelve, mono, layout: 0b1100 }
  if (primaries === 1 && transfer === 13 && matrix === 0) return { high, twelve, mono, layout: 0 }
  reader.skip(1) // color_range
  const horizontal = profile === 0 || (profile === 2 && (!twelve || reader.flag()))
  const vertical = profile === 0 || (profile === 2 && twelve && horizontal && reader.flag())
  const position = horizontal && vertical ? reader.bits(2) : 0
  return { high, twelve, mono, layout: (Number(horizontal) << 3) | (Number(vertical) << 2) | position }
}
