/** H.264: decoder configuration (avcC, ISO/IEC 14496-15 5.3.3), sequence parameter set (H.264 7.3.2.1), codec string (RFC 6381). */

import { ShoalError } from '../errors.js'
import { BitReader } from './bits.js'
import { checkedSize, unescapeNal } from './nal.js'

/** NAL unit types that are used here (H.264 table 7-1). */
export const avcNal = { idr: 5, sps: 7, pps: 8, spsExtension: 13, subsetSps: 15 } as const

/** Type of an H.264 NAL unit. */
export function avcNalType(nal: Uint8Array, at = 0): number {
  return (nal[at] as number) & 0x1f
}

/** Is what begins at `at` a parameter set? Those travel in the description, not in frames. */
export function isAvcParameterSet(nal: Uint8Array, at = 0): boolean {
  const type = avcNalType(nal, at)
  return type === avcNal.sps || type === avcNal.pps || type === avcNal.spsExtension || type === avcNal.subsetSps
}

/** What an avcC says. */
export interface AvcConfig {
  /** `avc1.PPCCLL`. */
  readonly codec: string
  /** Pixels after cropping. */
  readonly width: number
  readonly height: number
  /** Bytes of the lengths before NAL units: 1, 2 or 4. */
  readonly lengthSize: number
  readonly sps: readonly Uint8Array[]
  readonly pps: readonly Uint8Array[]
}

/** Reads an AVCDecoderConfigurationRecord. Throws `ERR_MEDIA_INVALID`. */
export function parseAvcC(bytes: Uint8Array): AvcConfig {
  const reader = new BitReader(bytes, 'avcC')
  if (reader.bits(8) !== 1) throw reader.invalid('its version is not 1')
  reader.skip(24)
  const lengthSize = (reader.bits(8) & 3) + 1
  if (lengthSize === 3) throw reader.invalid('lengths of 3 bytes do not exist')
  const sps = readSets(reader, reader.bits(8) & 0x1f)
  const pps = readSets(reader, reader.bits(8))
  const first = sps[0]
  if (!first) throw reader.invalid('it has no sequence parameter set')
  const { width, height, codec } = parseAvcSps(first)
  return { codec, width, height, lengthSize, sps, pps }
}

function readSets(reader: BitReader, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => reader.bytes(reader.bits(16))).filter((nal) => nal.length > 0)
}

/** Writes an avcC with 4-byte lengths. Throws `ERR_MEDIA_INVALID` for sets that it cannot hold: none, more than 31 or 255, larger than 65,535 bytes. */
export function makeAvcC(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): Uint8Array {
  const first = sps[0]
  const sets = [...sps, ...pps]
  if (!first || first.length < 4 || sps.length > 31 || pps.length > 255 || sets.some((nal) => nal.length > 0xffff)) {
    throw new ShoalError('ERR_MEDIA_INVALID', 'These parameter sets do not fit an avcC.')
  }
  const bytes: number[] = [1, first[1] as number, first[2] as number, first[3] as number, 0xff]
  bytes.push(0xe0 | sps.length)
  for (const nal of sps) bytes.push(nal.length >> 8, nal.length & 0xff, ...nal)
  bytes.push(pps.length)
  for (const nal of pps) bytes.push(nal.length >> 8, nal.length & 0xff, ...nal)
  if (hasChromaInfo(first[1] as number)) {
    const { chromaFormat, bitDepthLuma, bitDepthChroma } = parseAvcSps(first)
    bytes.push(0xfc | chromaFormat, 0xf8 | (bitDepthLuma - 8), 0xf8 | (bitDepthChroma - 8), 0)
  }
  return Uint8Array.from(bytes)
}

/** What a sequence parameter set says. */
export interface AvcSps {
  readonly codec: string
  readonly width: number
  readonly height: number
  /** chroma_format_idc: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number
  readonly bitDepthLuma: number
  readonly bitDepthChroma: number
}

/** Reads a sequence parameter set, with its NAL header, up to the cropping window. Throws `ERR_MEDIA_INVALID`. */
export function parseAvcSps(nal: Uint8Array): AvcSps {
  const reader = new BitReader(unescapeNal(nal), 'SPS')
  if ((reader.bits(8) & 0x1f) !== avcNal.sps) throw reader.invalid('it is another NAL unit')
  const profile = reader.bits(8)
  const constraints = reader.bits(8)
  const level = reader.bits(8)
  const codec = `avc1.${[profile, constraints, level].map((value) => value.toString(16).padStart(2, '0')).join('')}`
  reader.ue() // seq_parameter_set_id
  const chroma = hasChromaInfo(profile) ? readChroma(reader) : { chromaFormat: 1, bitDepthLuma: 8, bitDepthChroma: 8, planes: false }
  reader.ue() // log2_max_frame_num_minus4
  skipPictureOrder(reader)
  reader.ue() // max_num_ref_frames
  reader.skip(1) // gaps_in_frame_num_value_allowed_flag
  const { planes, ...info } = chroma
  return { codec, ...readSize(reader, planes ? 0 : info.chromaFormat), ...info }
}

/** Profiles whose SPS carries chroma format and bit depth (7.3.2.1.1). */
function hasChromaInfo(profile: number): boolean {
  return [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].includes(profile)
}

function readChroma(reader: BitReader): { chromaFormat: number; bitDepthLuma: number; bitDepthChroma: number; planes: boolean } {
  const chromaFormat = reader.ue()
  if (chromaFormat > 3) throw reader.invalid(`chroma format ${chromaFormat}`)
  const planes = chromaFormat === 3 && reader.flag()
  const bitDepthLuma = reader.ue() + 8
  const bitDepthChroma = reader.ue() + 8
  if (bitDepthLuma > 14 || bitDepthChroma > 14) throw reader.invalid('a bit depth over 14')
  reader.skip(1) // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) skipScalingLists(reader, chromaFormat === 3 ? 12 : 8)
  return { chromaFormat, bitDepthLuma, bitDepthChroma, planes }
}

/** 7.3.2.1.1.1: a list ends early when the next scale becomes 0. */
function skipScalingLists(reader: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (!reader.flag()) continue
    let last = 8
    let next = 8
    for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
      if (next !== 0) next = (last + reader.se() + 256) & 0xff
      if (next !== 0) last = next
    }
  }
}

function skipPictureOrder(reader: BitReader): void {
  const type = reader.ue()
  if (type > 2) throw reader.invalid(`picture order count type ${type}`)
  if (type === 0) reader.ue() // log2_max_pic_order_cnt_lsb_minus4
  if (type !== 1) return
  reader.skip(1) // delta_pic_order_always_zero_flag
  reader.se() // offset_for_non_ref_pic
  reader.se() // offset_for_top_to_bottom_field
  const count = reader.ue()
  if (count > 255) throw reader.invalid(`${count} reference frames in the order cycle`)
  for (let i = 0; i < count; i++) reader.se()
}

/** Macroblocks minus the cropping window. `chroma` is ChromaArrayType. */
function readSize(reader: BitReader, chroma: number): { width: number; height: number } {
  const columns = reader.ue() + 1
  const rows = reader.ue() + 1
  const fields = reader.flag() ? 1 : 2
  if (fields === 2) reader.skip(1) // mb_adaptive_frame_field_flag
  reader.skip(1) // direct_8x8_inference_flag
  const crop = reader.flag() ? [reader.ue(), reader.ue(), reader.ue(), reader.ue()] : [0, 0, 0, 0]
  const [left, right, top, bottom] = crop as [number, number, number, number]
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1
  const unitY = (chroma === 1 ? 2 : 1) * fields
  return checkedSize(columns * 16 - (left + right) * unitX, rows * 16 * fields - (top + bottom) * unitY)
}
