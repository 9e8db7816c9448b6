/** AAC: AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1) and codec string. */

import { BitReader } from './bits.js'

const sampleRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350] as const

/** Channels of each channel configuration (table 1.19); 0 = said inside the stream. */
const channelCounts = [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8] as const

/** What an AudioSpecificConfig says. */
export interface AacConfig {
  /** `mp4a.40.2`. */
  readonly codec: string
  /** Hz of what a decoder puts out. */
  readonly sampleRate: number
  /** Absent where the stream itself says it. */
  readonly channels?: number
  /** Samples at `sampleRate` in one frame. */
  readonly frameLength: number
}

/** Reads an AudioSpecificConfig. SBR and PS are seen where they are signalled hierarchically (object types 5 and 29). Throws `ERR_MEDIA_INVALID`. */
export function parseAudioConfig(bytes: Uint8Array): AacConfig {
  const reader = new BitReader(bytes, 'AudioSpecificConfig')
  const type = readObjectType(reader)
  if (type === 0) throw reader.invalid('object type 0')
  const rate = readSampleRate(reader)
  const channels = channelCounts[reader.bits(4)]
  if (channels === undefined) throw reader.invalid('a reserved channel configuration')
  const extended = type === 5 || type === 29
  const sampleRate = extended ? readSampleRate(reader) : rate
  const core = extended ? readObjectType(reader) : type
  const short = hasShortFrames(core) && reader.left > 0 && reader.flag()
  const frameLength = (short ? 960 : 1024) * (extended ? 2 : 1)
  return { codec: `mp4a.40.${type}`, sampleRate, frameLength, ...(channels > 0 && { channels: type === 29 ? 2 : channels }) }
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5)
  return type === 31 ? 32 + reader.bits(6) : type
}

function readSampleRate(reader: BitReader): number {
  const index = reader.bits(4)
  const rate = index === 15 ? reader.bits(24) : sampleRates[index]
  if (rate === undefined || rate === 0) throw reader.invalid('a reserved sample rate')
  return rate
}

/** Object types whose GASpecificConfig begins with frameLengthFlag (4.4.1). */
function hasShortFrames(type: number): boolean {
  return [1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22].includes(type)
}
