/** MP3: the frame header (ISO/IEC 11172-3 2.4.1.3 and 13818-3). */

import { BitReader } from './bits.js'

/** What a frame header says. */
export interface Mp3Header {
  readonly sampleRate: number
  readonly channels: number
  /** Samples in one frame. */
  readonly frameLength: number
}

/** Reads the header of a layer III frame. Throws `ERR_MEDIA_INVALID`. */
export function parseMp3Header(frame: Uint8Array): Mp3Header {
  const reader = new BitReader(frame, 'MP3 frame')
  if (reader.bits(11) !== 0x7ff) throw reader.invalid('it does not begin with a sync word')
  const version = reader.bits(2)
  const layer = reader.bits(2)
  reader.skip(1 + 4) // protection, bit rate
  const rate = [44_100, 48_000, 32_000][reader.bits(2)]
  if (version === 1 || layer !== 1 || rate === undefined) throw reader.invalid('it is not layer III')
  reader.skip(1 + 1) // padding, private
  const channels = reader.bits(2) === 3 ? 1 : 2
  const divisor = [4, 1, 2, 1][version] as number // MPEG 2.5, reserved, 2, 1
  return { sampleRate: rate / divisor, channels, frameLength: version === 3 ? 1152 : 576 }
}

/** kbit/s of layer III by index, for MPEG-1 and for MPEG-2 (tables of 2.4.2.3). */
const bitRates = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const

/** Bytes of the layer III frame that begins here, from its first 4 bytes; 0 where none begins, or one without a bit rate. */
export function mp3FrameSize(bytes: Uint8Array): number {
  const [first = 0, second = 0, third = 0] = bytes
  const version = (second >> 3) & 3
  const rateIndex = (third >> 2) & 3
  if (first !== 0xff || (second & 0xe0) !== 0xe0 || version === 1 || ((second >> 1) & 3) !== 1 || rateIndex === 3) return 0
  const isFirst = version === 3
  const bitRate = bitRates[isFirst ? 0 : 1][third >> 4] ?? 0
  if (bitRate === 0) return 0
  const { sampleRate, frameLength } = parseMp3Header(bytes)
  return Math.floor(((frameLength / 8) * bitRate * 1000) / sampleRate) + ((third >> 1) & 1)
}
