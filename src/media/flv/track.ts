/** Decoder configurations of FLV as {@link Track}s. */

import type { Track } from '../../stream.js'
import { parseAudioConfig } from '../aac.js'
import { parseAv1C } from '../av1.js'
import { parseMp3Header } from '../mp3.js'
import { parseOpusHead } from '../opus.js'
import { parseVpcC } from '../vp9.js'
import { nalCodecs } from './nal-codec.js'
import type { FlvCodec } from './packet.js'

/** A track as a reader keeps it. */
export interface SourceTrack {
  readonly track: Track
  readonly codec: FlvCodec
  /** The configuration it was made of. */
  readonly config: Uint8Array
  /** Bytes of NAL unit lengths in the source; 0 = no NAL units. */
  readonly lengthSize: number
  /** µs of a frame where all are alike. */
  readonly frameDuration?: number
}

/** Makes the track for a decoder configuration (MP3: for a first frame). AVC and HEVC descriptions always speak of 4-byte lengths, as frames do. Throws `ERR_MEDIA_INVALID`. */
export function makeTrack(id: number, codec: FlvCodec, config: Uint8Array): SourceTrack {
  const base = { codec, config, lengthSize: 0 }
  switch (codec) {
    case 'avc1':
    case 'hvc1':
      return nalTrack(id, codec, config)
    case 'av01':
      return { ...base, track: { id, kind: 'video', description: config, ...parseAv1C(config) } }
    case 'vp09':
      return { ...base, track: { id, kind: 'video', description: config, ...parseVpcC(config) } }
    case 'mp4a': {
      const { frameLength, ...info } = parseAudioConfig(config)
      return { ...base, track: { id, kind: 'audio', description: config, ...info }, frameDuration: Math.round((frameLength * 1e6) / info.sampleRate) }
    }
    case 'Opus': {
      const { preSkip: _, ...info } = parseOpusHead(config)
      return { ...base, track: { id, kind: 'audio', description: config, ...info } }
    }
    case '.mp3': {
      const { frameLength, ...info } = parseMp3Header(config)
      return { ...base, track: { id, kind: 'audio', codec: 'mp3', ...info }, frameDuration: Math.round((frameLength * 1e6) / info.sampleRate) }
    }
  }
}

function nalTrack(id: number, codec: 'avc1' | 'hvc1', config: Uint8Array): SourceTrack {
  const { lengthSize, codec: name, width, height } = nalCodecs[codec].parse(config)
  const description = lengthSize === 4 ? config : Uint8Array.from(config)
  const at = nalCodecs[codec].lengthSizeAt
  if (lengthSize !== 4) description[at] = (description[at] as number) | 3
  return { codec, config, lengthSize, track: { id, kind: 'video', codec: name, description, width, height } }
}

/** A video track without a size, completed from `onMetaData`. */
export function withSize(track: Track, width: unknown, height: unknown): Track {
  if (track.kind !== 'video' || track.width !== undefined) return track
  const fits = (value: unknown): value is number => typeof value === 'number' && value >= 1 && value <= 16_384
  return fits(width) && fits(height) ? { ...track, width: Math.round(width), height: Math.round(height) } : track
}
