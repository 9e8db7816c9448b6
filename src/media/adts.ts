/** ADTS: the header that AAC frames carry in byte streams (ISO/IEC 14496-3 1.A.2.2). */

import { ShoalError } from '../errors.js'
import { type AacConfig, parseAudioConfig } from './aac.js'
import { BitReader } from './bits.js'

/** What a header says of every frame of a track. */
export interface AdtsConfig {
  /** Audio object type minus 1: 0 Main, 1 LC, 2 SSR, 3 LTP. */
  readonly profile: number
  readonly rateIndex: number
  readonly channels: number
}

/** Bytes of a header without a checksum. */
export const adtsHeaderSize = 7

/** Reads what is needed of an AudioSpecificConfig. With SBR or PS it is the core's, which decoders extend by themselves. Throws `ERR_CODEC_UNSUPPORTED` for what ADTS cannot say. */
export function adtsConfig(audioConfig: Uint8Array): AdtsConfig {
  const reader = new BitReader(audioConfig, 'AudioSpecificConfig')
  const type = reader.bits(5)
  const rateIndex = reader.bits(4)
  if (rateIndex === 15) throw unsupported('its sample rate is none of the table')
  const channels = reader.bits(4)
  const core = type === 5 || type === 29 ? coreType(reader) : type
  if (core < 1 || core > 4) throw unsupported(`audio object type ${core}`)
  if (channels > 7) throw unsupported(`channel configuration ${channels}`)
  return { profile: core - 1, rateIndex, channels }
}

function coreType(reader: BitReader): number {
  if (reader.bits(4) === 15) reader.skip(24)
  return reader.bits(5)
}

/** The header of a frame of `length` bytes without it. Throws `ERR_FRAME_INVALID` for one that is too long. */
export function adtsHeader({ profile, rateIndex, channels }: AdtsConfig, length: number): Uint8Array {
  const size = length + adtsHeaderSize
  if (size > 0x1fff) throw new ShoalError('ERR_FRAME_INVALID', `An AAC frame of ${length} bytes does not fit ADTS.`)
  return Uint8Array.of(
    0xff,
    0xf1, // MPEG-4, no checksum
    (profile << 6) | (rateIndex << 2) | (channels >> 2),
    ((channels & 3) << 6) | (size >> 11),
    (size >> 3) & 0xff,
    ((size & 7) << 5) | 0x1f, // buffer fullness: variable rate
    0xfc,
  )
}

function unsupported(why: string): ShoalError {
  return new ShoalError('ERR_CODEC_UNSUPPORTED', `ADTS does not carry this AAC: ${why}.`)
}

/** One frame of a byte stream. */
export interface AdtsFrame {
  /** Bytes with the header. */
  readonly size: number
  readonly headerSize: number
  readonly config: AacConfig
  /** AudioSpecificConfig. */
  readonly description: Uint8Array
}

/** Reads the header at the start of `bytes`, which are 7 or more; undefined where there is none, or one that says what cannot be. */
export function parseAdts(bytes: Uint8Array): AdtsFrame | undefined {
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0, seventh = 0] = bytes
  const headerSize = (second & 1) === 0 ? 9 : adtsHeaderSize
  const size = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5)
  const rateIndex = (third >> 2) & 15
  // several raw blocks in one frame (1.A.2.2.2) are written by nobody
  if (first !== 0xff || (second & 0xf6) !== 0xf0 || size <= headerSize || rateIndex > 12 || (seventh & 3) !== 0) return undefined
  const channels = ((third & 1) << 2) | (fourth >> 6)
  const type = (third >> 6) + 1
  const description = Uint8Array.of((type << 3) | (rateIndex >> 1), ((rateIndex & 1) << 7) | (channels << 3))
  return { size, headerSize, config: parseAudioConfig(description), description }
}
