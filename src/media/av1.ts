/** AV1: decoder configuration (av1C) and codec string ("AV1 Codec ISO Media File Format Binding" 2.3 and 5), sequence header (AV1 specification 5.5). */

import { BitReader } from './bits.js'
import { checkedSize } from './nal.js'

/** What an av1C says. */
export interface Av1Config {
  /** `av01.0.04M.08`. */
  readonly codec: string
  /** Largest picture in pixels; known when the record carries the sequence header. */
  readonly width?: number
  readonly height?: number
}

/** Reads an AV1CodecConfigurationRecord. Throws `ERR_MEDIA_INVALID`. */
export function parseAv1C(bytes: Uint8Array): Av1Config {
  const reader = new BitReader(bytes, 'av1C')
  if (reader.bits(8) !== 0x81) throw reader.invalid('its marker and version are wrong')
  const profile = reader.bits(3)
  const level = reader.bits(5)
  const tier = reader.flag() ? 'H' : 'M'
  const high = reader.flag()
  const depth = reader.flag() ? 12 : high ? 10 : 8
  reader.skip(5 + 8) // monochrome, subsampling, sample position; presentation delay
  const codec = `av01.${profile}.${two(level)}${tier}.${two(depth)}`
  const header = findSequenceHeader(bytes.subarray(4))
  return header ? { codec, ...readMaxSize(new BitReader(header, 'AV1 sequence header')) } : { codec }
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

const sequenceHeader = 1

/** The payload of the first sequence header among low-overhead OBUs (5.3). Throws `ERR_MEDIA_INVALID`. */
function findSequenceHeader(obus: Uint8Array): Uint8Array | undefined {
  const reader = new BitReader(obus, 'OBU')
  while (reader.left > 0) {
    if (reader.flag()) throw reader.invalid('its forbidden bit is set')
    const type = reader.bits(4)
    const extended = reader.flag()
    const sized = reader.flag()
    reader.skip(extended ? 9 : 1)
    const payload = reader.bytes(sized ? readLeb128(reader) : reader.left >> 3)
    if (type === sequenceHeader) return payload
  }
  return undefined
}

/** leb128() (4.10.5), at most 32 bits. */
function readLeb128(reader: BitReader): number {
  let value = 0
  for (let i = 0; i < 5; i++) {
    const byte = reader.bits(8)
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return value
  }
  throw reader.invalid('a size is longer than 32 bits')
}

/** sequence_header_obu (5.5.1), up to the frame size. */
function readMaxSize(reader: BitReader): { width: number; height: number } {
  reader.skip(3 + 1) // seq_profile, still_picture
  if (reader.flag())
    reader.skip(5) // reduced_still_picture_header: seq_level_idx
  else skipOperatingPoints(reader)
  const widthBits = reader.bits(4) + 1
  const heightBits = reader.bits(4) + 1
  return checkedSize(reader.bits(widthBits) + 1, reader.bits(heightBits) + 1)
}

function skipOperatingPoints(reader: BitReader): void {
  const delayBits = reader.flag() ? readTiming(reader) : 0
  const displayDelay = reader.flag()
  for (let points = reader.bits(5) + 1; points > 0; points--) {
    reader.skip(12) // operating_point_idc
    if (reader.bits(5) > 7) reader.skip(1) // seq_tier
    if (delayBits > 0 && reader.flag()) reader.skip(2 * delayBits + 1)
    if (displayDelay && reader.flag()) reader.skip(4)
  }
}

/** Skips timing_info and decoder_model_info (5.5.3, 5.5.4); gives the bits of a buffer delay, 0 without a decoder model. */
export function readTiming(reader: BitReader): number {
  reader.skip(64)
  if (reader.flag()) reader.ue() // num_ticks_per_picture_minus_1: uvlc() is ue(v)
  if (!reader.flag()) return 0
  const delayBits = reader.bits(5) + 1
  reader.skip(32 + 5 + 5)
  return delayBits
}
