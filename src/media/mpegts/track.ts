/** Which tracks MPEG-TS carries, and how their frames look in it. */

import { ShoalError } from '../../errors.js'
import type { Frame, Track } from '../../stream.js'
import { adtsConfig, adtsHeader } from '../adts.js'
import { avcNalType, parseAvcC } from '../h264.js'
import { hevcNalType, parseHvcC } from '../h265.js'
import { splitNals, toAnnexB } from '../nal.js'
import { klvCodec } from '../rtp/document.js'
import { klvRegistration } from './klv.js'
import { streamIds } from './pes.js'

/** A track as MPEG-TS has it. */
export interface TsTrack {
  readonly track: Track
  readonly kind: Track['kind']
  /** stream_type (ISO/IEC 13818-1 table 2-34). */
  readonly type: number
  readonly streamId: number
  readonly descriptors: Uint8Array
  /** The frame as the payload of a PES packet. Throws `ERR_MEDIA_INVALID`, `ERR_FRAME_INVALID`. */
  payload(frame: Frame): readonly Uint8Array[]
}

/** What comes of a stream's tracks. */
export interface TsChoice {
  /** The first picture and the first sound that can be carried; with them the first KLV. */
  readonly carried: readonly TsTrack[]
  /** Pictures and sounds that cannot. */
  readonly left: readonly Track[]
}

/** Chooses what is carried: H.264, H.265, AAC, MP3, Opus, and KLV beside them. Other data tracks are left out. */
export function chooseTsTracks(tracks: readonly Track[]): TsChoice {
  const media = tracks.filter(({ kind }) => kind !== 'data')
  const carried = media.map((track) => toTsTrack(track)).filter((track) => track !== undefined)
  const first = (kind: Track['kind']): TsTrack[] => carried.filter((track) => track.kind === kind).slice(0, 1)
  const seen = [...first('video'), ...first('audio')]
  const klv = tracks.find(({ kind, codec }) => kind === 'data' && codec === klvCodec)
  // metadata alone have no clock
  return { carried: seen.length > 0 && klv ? [...seen, klvTrack(klv)] : seen, left: media.filter((track) => !carried.some((one) => one.track === track)) }
}

function toTsTrack(track: Track): TsTrack | undefined {
  const carrier = carriers.find(([pattern, kind]) => kind === track.kind && pattern.test(track.codec))
  try {
    return carrier?.[2](track)
  } catch (error) {
    if (error instanceof ShoalError) return undefined
    throw error
  }
}

const carriers: readonly (readonly [pattern: RegExp, kind: 'audio' | 'video', make: (track: Track) => TsTrack | undefined])[] = [
  [/^avc[13]\./, 'video', avc],
  [/^(hvc1|hev1)\./, 'video', hevc],
  [/^mp4a\.40\.\d+$/, 'audio', aac],
  [/^(mp3|mp4a\.6[9bB])$/, 'audio', mp3],
  [/^opus$/, 'audio', opus],
]

const none = new Uint8Array()

/** Access unit delimiters that allow every sort of picture (H.264 7.3.2.4, H.265 7.3.2.5). */
const avcDelimiter = Uint8Array.of(0x09, 0xf0)
const hevcDelimiter = Uint8Array.of(0x46, 0x01, 0x50)

function avc(track: Track): TsTrack | undefined {
  if (!track.description) return undefined
  const { sps, pps } = parseAvcC(track.description)
  return video(track, 0x1b, [...sps, ...pps], avcDelimiter, (nal) => avcNalType(nal) === 9)
}

function hevc(track: Track): TsTrack | undefined {
  if (!track.description) return undefined
  const { vps, sps, pps } = parseHvcC(track.description)
  return video(track, 0x24, [...vps, ...sps, ...pps], hevcDelimiter, (nal) => hevcNalType(nal) === 35)
}

/** A delimiter before each picture, and the parameter sets before each key frame. */
function video(track: Track, type: number, sets: readonly Uint8Array[], delimiter: Uint8Array, isDelimiter: (nal: Uint8Array) => boolean): TsTrack {
  const payload = ({ data, key }: Frame): Uint8Array[] => {
    const nals = splitNals(data).filter((nal) => !isDelimiter(nal))
    return [toAnnexB([delimiter, ...(key ? sets : []), ...nals])]
  }
  return { track, kind: 'video', type, streamId: streamIds.video, descriptors: none, payload }
}

function aac(track: Track): TsTrack | undefined {
  if (!track.description) return undefined
  const config = adtsConfig(track.description)
  return audio(track, 0x0f, ({ data }) => [adtsHeader(config, data.length), data])
}

/** MPEG-1 audio, and MPEG-2 audio for its lower rates. */
function mp3(track: Track): TsTrack {
  return audio(track, (track.sampleRate ?? 44_100) < 32_000 ? 0x04 : 0x03, ({ data }) => [data])
}

function audio(track: Track, type: number, payload: TsTrack['payload']): TsTrack {
  return { track, kind: 'audio', type, streamId: streamIds.audio, descriptors: none, payload }
}

/** Private data with a registration and a channel configuration (ETSI TS 103 491, "Opus in MPEG-TS"), each packet behind a control header with its length. */
function opus(track: Track): TsTrack | undefined {
  const channels = track.channels ?? 2
  if (channels < 1 || channels > 8) return undefined
  const registration = [0x05, 4, ...[...'Opus'].map((letter) => letter.charCodeAt(0))]
  const descriptors = Uint8Array.of(...registration, 0x7f, 2, 0x80, channels)
  const payload = ({ data }: Frame): Uint8Array[] => [opusControl(data.length), data]
  return { track, kind: 'audio', type: 0x06, streamId: streamIds.privateData, descriptors, payload }
}

/** Private data with a registration, as what reads KLV knows it best; its times say to which picture it belongs. */
function klvTrack(track: Track): TsTrack {
  return { track, kind: 'data', type: 0x06, streamId: streamIds.privateData, descriptors: klvRegistration, payload: ({ data }) => [data] }
}

function opusControl(length: number): Uint8Array {
  return Uint8Array.of(0x7f, 0xe0, ...Array.from({ length: Math.floor(length / 255) }, () => 255), length % 255)
}
