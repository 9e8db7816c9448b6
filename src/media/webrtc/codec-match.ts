/** Which format of an offer carries a track, and which track a format describes. */

import type { Track } from '../../stream.js'
import { makeOpusHead } from '../opus.js'
import { Av1Depacketizer } from '../rtp/av1.js'
import type { Depacketizer } from '../rtp/depacketizer.js'
import { H264Depacketizer } from '../rtp/h264.js'
import { H265Depacketizer } from '../rtp/h265.js'
import { PackedAudioDepacketizer } from '../rtp/packed-audio.js'
import { AudioReader, PictureReader, type TrackReader } from '../rtp/track-reader.js'
import { Vp8Depacketizer } from '../rtp/vp8.js'
import { Vp9Depacketizer } from '../rtp/vp9.js'
import { Av1Reader, Vp8Reader, Vp9Reader } from '../rtp/vpx-reader.js'
import type { Format, Section } from './description.js'

/** The format of `section` that carries `track`; undefined where none does. */
export function formatFor(track: Track, section: Pick<Section, 'kind' | 'formats'>): Format | undefined {
  if (section.kind !== track.kind) return undefined
  const encoding = encodingOf(track)
  const named = section.formats.filter((format) => format.encoding === encoding)
  if (encoding === 'h264') return h264Format(track.codec, named)
  if (encoding === 'vp9') return named.find(({ parameters }) => Number(parameters.get('profile-id') ?? 0) === Number(track.codec.slice(5, 7)))
  if (encoding === 'av1') return named.find(({ parameters }) => (parameters.get('profile') ?? '0') === track.codec[5])
  return named[0]
}

/** The name of a track's codec in descriptions; undefined for one that WebRTC does not know. */
export function encodingOf({ codec, sampleRate, channels }: Track): string | undefined {
  if (codec.startsWith('avc1.')) return 'h264'
  if (codec.startsWith('hvc1.')) return 'h265'
  if (codec.startsWith('vp09.')) return 'vp9'
  if (codec.startsWith('av01.')) return 'av1'
  if (codec === 'vp8') return 'vp8'
  if (codec === 'opus') return (channels ?? 2) <= 2 ? 'opus' : undefined
  // with other rates and channels G.711 has no number
  const plain = (sampleRate ?? 8000) === 8000 && (channels ?? 1) === 1
  if (codec === 'alaw' && plain) return 'pcma'
  return codec === 'ulaw' && plain ? 'pcmu' : undefined
}

/**
 * Fragments need packetization mode 1. The profile should be that of the stream; decoders take more than they say, and
 * what they refuse is seen at once, so that another profile is better than none.
 */
function h264Format(codec: string, named: readonly Format[]): Format | undefined {
  const fragmented = named.filter(({ parameters }) => parameters.get('packetization-mode') === '1')
  const profile = codec.slice(5, 7)
  const level = (format: Format): string => (format.parameters.get('profile-level-id') ?? '42e01f').toLowerCase()
  return (
    fragmented.find((format) => level(format).slice(0, 4) === codec.slice(5, 9)) ??
    fragmented.find((format) => level(format).startsWith(profile)) ??
    fragmented.find((format) => level(format).startsWith('64')) ??
    fragmented[0]
  )
}

/** How one RTP stream is read. */
export interface StreamReader {
  /** Ticks a second. */
  readonly rate: number
  readonly depacketizer: Depacketizer
  readonly reader: TrackReader
}

/** How `format` is read as track `id`; undefined for one that is not known. */
export function readerFor({ encoding, parameters, rate, channels }: Format, id: number): StreamReader | undefined {
  const video = (depacketizer: Depacketizer, reader: TrackReader): StreamReader => ({ rate: 90_000, depacketizer, reader })
  switch (encoding) {
    case 'h264':
      return parameters.get('packetization-mode') === '2' ? undefined : video(new H264Depacketizer(), new PictureReader(id, 'avc1', []))
    case 'h265':
      return video(new H265Depacketizer(), new PictureReader(id, 'hvc1', []))
    case 'vp8':
      return video(new Vp8Depacketizer(), new Vp8Reader(id))
    case 'vp9':
      return video(new Vp9Depacketizer(), new Vp9Reader(id))
    case 'av1':
      return video(new Av1Depacketizer(), new Av1Reader(id))
    case 'opus': {
      // what is sent counts more than what may be
      const stereo = (parameters.get('sprop-stereo') ?? parameters.get('stereo')) === '1' ? 2 : 1
      const track: Track = { id, kind: 'audio', codec: 'opus', description: makeOpusHead(stereo, 0), sampleRate: 48_000, channels: stereo }
      return { rate: 48_000, depacketizer: new PackedAudioDepacketizer(), reader: new AudioReader(track) }
    }
    case 'pcma':
    case 'pcmu': {
      const track: Track = { id, kind: 'audio', codec: encoding === 'pcma' ? 'alaw' : 'ulaw', sampleRate: rate, channels }
      return { rate, depacketizer: new PackedAudioDepacketizer(), reader: new AudioReader(track) }
    }
    default:
      return undefined
  }
}
