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
