/** H.265: decoder configuration (hvcC, ISO/IEC 14496-15 8.3.3), sequence parameter set (H.265 7.3.2.2), codec string (14496-15 annex E). */

import { ShoalError } from '../errors.js'
import { BitReader } from './bits.js'
import { checkedSize, unescapeNal } from './nal.js'

/** NAL unit types that are used here (H.265 table 7-1). */
export const hevcNal = { vps: 32, sps: 33, pps: 34 } as const

/** Type of an H.265 NAL unit. */
export function hevcNalType(nal: Uint8Array, at = 0): number {
  return ((nal[at] as number) >> 1) & 0x3f
}

/** Is what begins at `at` a parameter set? Those travel in the description, not in frames. */
export function isHevcParameterSet(nal: Uint8Array, at = 0): boolean {
  const type = hevcNalType(nal, at)
  return type >= hevcNal.vps && type <= hevcNal.pps
}

/** What an hvcC says. */
export interface HevcConfig {
  /** `hvc1.1.6.L93.B0`. */
  readonly codec: string
  /** Pixels after cropping. */
  readonly width: number
  readonly height: number
  /** Bytes of the lengths before NAL units: 1, 2 or 4. */
  readonly lengthSize: number
  readonly vps: readonly Uint8Array[]
  readonly sps: readonly Uint8Array[]
  readonly pps: readonly Uint8Array[]
}

/** Reads an HEVCDecoderConfigurationRecord. Throws `ERR_MEDIA_INVALID`. */
export function parseHvcC(bytes: Uint8Array): HevcConfig {
  const reader = new BitReader(bytes, 'hvcC')
  if (reader.bits(8) !== 1) throw reader.invalid('its version is not 1')
  const codec = hevcCodec(reader.bytes(12))
  reader.skip(64) // segmentation, parallelism, chroma, bit depths, frame rate
  const lengthSize = (reader.bits(8) & 3) + 1
  if (lengthSize === 3) throw reader.invalid('lengths of 3 bytes do not exist')
  const sets = readArrays(reader)
  const sps = sets.filter((nal) => hevcNalType(nal) === hevcNal.sps)
  const first = sps[0]
  if (!first) throw reader.invalid('it has no sequence parameter set')
  const { width, height } = parseHevcSps(first)
  const of = (type: number): Uint8Array[] => sets.filter((nal) => hevcNalType(nal) === type)
  return { codec, width, height, lengthSize, vps: of(hevcNal.vps), sps, pps: of(hevcNal.pps) }
}

function readArrays(reader: BitReader): Uint8Array[] {
  const sets: Uint8Array[] = []
  for (let arrays = reader.bits(8); arrays > 0; arrays--) {
    reader.skip(8) // array_completeness and type; the unit itself says its type
    for (let count = reader.bits(16); count > 0; count--) {
      const nal = reader.bytes(reader.bits(16))
      if (nal.length > 2) sets.push(nal)
    }
  }
  return sets
}

/** Writes an hvcC with 4-byte lengths. Throws `ERR_MEDIA_INVALID` for sets that it cannot hold. */
export function makeHvcC(vps: readonly Uint8Array[], sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  const first = sps[0]
  if (!first || [...vps, ...sps, ...pps].some((nal) => nal.length > 0xffff)) {
    throw new ShoalError('ERR_MEDIA_INVALID', 'These parameter sets do not fit an hvcC.')
  }
  const info = parseHevcSps(first)
  const bytes: number[] = [1, ...info.profileTierLevel]
  bytes.push(0xf0, 0, 0xfc, 0xfc | info.chromaFormat, 0xf8 | (info.bitDepthLuma - 8), 0xf8 | (info.bitDepthChroma - 8), 0, 0)
  bytes.push((info.subLayers << 3) | (Number(info.nested) << 2) | 3)
  const arrays = [vps, sps, pps].map((nals, i) => ({ type: hevcNal.vps + i, nals })).filter(({ nals }) => nals.length > 0)
  bytes.push(arrays.length)
  for (const { type, nals } of arrays) {
    bytes.push(0x80 | type, nals.length >> 8, nals.length & 0xff)
    for (const nal of nals) bytes.push(nal.length >> 8, nal.length & 0xff, ...nal)
  }
  return Uint8Array.from(bytes)
}

/** What a sequence parameter set says. */
export interface HevcSps {
  readonly width: number
  readonly height: number
  /** The 12 bytes from general_profile_space to general_level_idc, as hvcC holds them. */
  readonly profileTierLevel: Uint8Array
  readonly chromaFormat: number
  readonly bitDepthLuma: number
  readonly bitDepthChroma: number
  /** Temporal sub-layers. */
  readonly subLayers: number
  /** sps_temporal_id_nesting_flag. */
  readonly nested: boolean
}

/** Reads a sequence parameter set, with its NAL header, up to the bit depths. Throws `ERR_MEDIA_INVALID`. */
export function parseHevcSps(nal: Uint8Array): HevcSps {
  const reader = new BitReader(unescapeNal(nal), 'SPS')
  if (((reader.bits(16) >> 9) & 0x3f) !== hevcNal.sps) throw reader.invalid('it is another NAL unit')
  reader.skip(4) // sps_video_parameter_set_id
  const subLayers = reader.bits(3) + 1
  const nested = reader.flag()
  const profileTierLevel = reader.bytes(12)
  skipSubLayers(reader, subLayers - 1)
  reader.ue() // sps_seq_parameter_set_id
  const chromaFormat = reader.ue()
  if (chromaFormat > 3) throw reader.invalid(`chroma format ${chromaFormat}`)
  const planes = chromaFormat === 3 && reader.flag()
  const size = readSize(reader, planes ? 0 : chromaFormat)
  const bitDepthLuma = reader.ue() + 8
  const bitDepthChroma = reader.ue() + 8
  if (bitDepthLuma > 15 || bitDepthChroma > 15) throw reader.invalid('a bit depth over 15')
  return { ...size, profileTierLevel, chromaFormat, bitDepthLuma, bitDepthChroma, subLayers, nested }
}

/** The sub-layer part of profile_tier_level (7.3.3). */
function skipSubLayers(reader: BitReader, count: number): void {
  if (count === 0) return
  const present = Array.from({ length: 8 }, () => ({ profile: reader.flag(), level: reader.flag() }))
  for (const layer of present.slice(0, count)) {
    if (layer.profile) reader.skip(88)
    if (layer.level) reader.skip(8)
  }
}

function readSize(reader: BitReader, chroma: number): { width: number; height: number } {
  const width = reader.ue()
  const height = reader.ue()
  const window = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0]
  const [left, right, top, bottom] = window as [number, number, number, number]
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1
  const unitY = chroma === 1 ? 2 : 1
  return checkedSize(width - (left + right) * unitX, height - (top + bottom) * unitY)
}

/** Profile, compatibility, tier and level, constraints: 12 bytes as in hvcC. */
function hevcCodec(profileTierLevel: Uint8Array): string {
  const reader = new BitReader(profileTierLevel, 'hvcC')
  const space = ['', 'A', 'B', 'C'][reader.bits(2)] as string
  const tier = reader.flag() ? 'H' : 'L'
  const profile = reader.bits(5)
  // The string has the compatibility flags in reverse bit order.
  const compatibility = Array.from({ length: 32 }, () => reader.bits(1)).reduceRight((sum, bit) => sum * 2 + bit, 0)
  const constraints = Array.from(reader.bytes(6))
  while (constraints.length > 0 && constraints[constraints.length - 1] === 0) constraints.pop()
  const level = reader.bits(8)
  const parts = ['hvc1', `${space}${profile}`, compatibility.toString(16).toUpperCase(), `${tier}${level}`]
  return [...parts, ...constraints.map((byte) => byte.toString(16).toUpperCase())].join('.')
}
