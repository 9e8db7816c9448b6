/** What a medium of a session description means for tracks, both ways. */

import type { Track } from '../../stream.js'
import { parseAudioConfig } from '../aac.js'
import { nalCodecs } from '../flv/nal-codec.js'
import { avcNal, avcNalType } from '../h264.js'
import { hevcNal, hevcNalType } from '../h265.js'
import { makeOpusHead } from '../opus.js'
import { AacDepacketizer, aacHbr } from '../rtp/aac.js'
import { Av1Depacketizer } from '../rtp/av1.js'
import type { Depacketizer } from '../rtp/depacketizer.js'
import { DocumentDepacketizer, DocumentReader, klvCodec, onvifCodec } from '../rtp/document.js'
import { H264Depacketizer } from '../rtp/h264.js'
import { H265Depacketizer } from '../rtp/h265.js'
import { LatmDepacketizer, muxedAudioConfig } from '../rtp/latm.js'
import { PackedAudioDepacketizer } from '../rtp/packed-audio.js'
import { clockRate } from '../rtp/packetizer.js'
import { AudioReader, PictureReader, type TrackReader } from '../rtp/track-reader.js'
import { Vp8Depacketizer } from '../rtp/vp8.js'
import { Vp9Depacketizer } from '../rtp/vp9.js'
import { Av1Reader, Vp8Reader, Vp9Reader } from '../rtp/vpx-reader.js'
import type { SdpMedia } from './sdp.js'

/** How a medium is read. */
export interface MediaReader {
  /** Ticks a second. */
  readonly rate: number
  readonly depacketizer: Depacketizer
  readonly reader: TrackReader
}

/** How to read `media` as track `id`; undefined for a format that is not known. Throws `ERR_MEDIA_INVALID`. */
export function readerOf(media: SdpMedia, id: number): MediaReader | undefined {
  switch (media.encoding) {
    case 'h264':
      return {
        rate: media.rate || 90_000,
        depacketizer: new H264Depacketizer(),
        reader: new PictureReader(id, 'avc1', base64List(media, 'sprop-parameter-sets')),
      }
    case 'h265': {
      const sets = ['sprop-vps', 'sprop-sps', 'sprop-pps'].flatMap((name) => base64List(media, name))
      return { rate: media.rate || 90_000, depacketizer: new H265Depacketizer(), reader: new PictureReader(id, 'hvc1', sets) }
    }
    case 'vp8':
      return { rate: media.rate || 90_000, depacketizer: new Vp8Depacketizer(), reader: new Vp8Reader(id) }
    case 'vp9':
      return { rate: media.rate || 90_000, depacketizer: new Vp9Depacketizer(), reader: new Vp9Reader(id) }
    case 'av1':
      return { rate: media.rate || 90_000, depacketizer: new Av1Depacketizer(), reader: new Av1Reader(id) }
    case 'smpte336m':
      return documents(media, id, klvCodec)
    case 'vnd.onvif.metadata':
      return documents(media, id, onvifCodec)
    case 'mpeg4-generic':
      return aacReader(media, id)
    case 'mp4a-latm':
      return latmReader(media, id)
    case 'opus': {
      const channels = media.parameters.get('sprop-stereo') === '0' ? 1 : 2
      const track: Track = { id, kind: 'audio', codec: 'opus', description: makeOpusHead(channels, 0), sampleRate: 48_000, channels }
      return { rate: 48_000, depacketizer: new PackedAudioDepacketizer(), reader: new AudioReader(track) }
    }
    case 'pcma':
    case 'pcmu': {
      const codec = media.encoding === 'pcma' ? 'alaw' : 'ulaw'
      const sampleRate = media.rate || 8000
      const channels = Math.min(Math.max(media.channels, 1), 8)
      const track: Track = { id, kind: 'audio', codec, sampleRate, channels }
      return { rate: sampleRate, depacketizer: new PackedAudioDepacketizer(), reader: new AudioReader(track) }
    }
    default:
      return undefined
  }
}

function documents({ rate }: SdpMedia, id: number, codec: typeof klvCodec | typeof onvifCodec): MediaReader {
  return { rate: rate || 90_000, depacketizer: new DocumentDepacketizer(codec), reader: new DocumentReader(id, codec) }
}

/** Bytes of the parameter `config`. */
function configIn({ parameters }: SdpMedia): Uint8Array | undefined {
  const config = parameters.get('config') ?? ''
  return /^([0-9a-f]{2})+$/i.test(config) ? Uint8Array.from(Buffer.from(config, 'hex')) : undefined
}

/** RFC 6416: a configuration between the units, which it would have by default, is not read. */
function latmReader(media: SdpMedia, id: number): MediaReader | undefined {
  const config = media.parameters.get('cpresent') === '0' ? configIn(media) : undefined
  const description = config && muxedAudioConfig(config)
  if (!description) return undefined
  const { frameLength, ...info } = parseAudioConfig(description)
  const rate = media.rate || 90_000
  const track: Track = { id, kind: 'audio', description, ...info }
  const depacketizer = new LatmDepacketizer(Math.round((frameLength * rate) / info.sampleRate))
  return { rate, depacketizer, reader: new AudioReader(track, Math.round((frameLength * 1e6) / info.sampleRate)) }
}

function aacReader(media: SdpMedia, id: number): MediaReader | undefined {
  const { parameters, rate } = media
  const description = configIn(media)
  if (!description) return undefined
  const { frameLength, ...info } = parseAudioConfig(description)
  const clock = rate || info.sampleRate
  const bits = (name: string, otherwise: number): number => {
    const value = parameters.get(name.toLowerCase())
    return value !== undefined && /^\d{1,2}$/.test(value) && Number(value) <= 32 ? Number(value) : otherwise
  }
  const layout = {
    sizeLength: bits('sizeLength', aacHbr.sizeLength),
    indexLength: bits('indexLength', aacHbr.indexLength),
    indexDeltaLength: bits('indexDeltaLength', aacHbr.indexDeltaLength),
    frameLength: Math.round((frameLength * clock) / info.sampleRate),
  }
  const track: Track = { id, kind: 'audio', description, ...info }
  return { rate: clock, depacketizer: new AacDepacketizer(layout), reader: new AudioReader(track, Math.round((frameLength * 1e6) / info.sampleRate)) }
}

/** The medium that describes `track`; its codec must be one that RTP carries. Throws `ERR_MEDIA_INVALID`. */
export function mediaOf(track: Track, payloadType: number): Omit<SdpMedia, 'control'> {
  const { kind, codec, description = new Uint8Array(0) } = track
  const base = { kind: kind === 'data' ? 'application' : kind, payloadType, rate: clockRate(track), channels: 1 }
  const plain = plainEncodings.find(([start]) => codec.startsWith(start))
  if (codec.startsWith('avc1.')) return { ...base, encoding: 'H264', parameters: avcParameters(codec, description) }
  if (codec.startsWith('hvc1.')) return { ...base, encoding: 'H265', parameters: hevcParameters(description) }
  if (plain) return { ...base, encoding: plain[1], parameters: plain[2](codec) }
  if (codec.startsWith('mp4a.')) return { ...base, channels: track.channels ?? 1, encoding: 'mpeg4-generic', parameters: aacParameters(description) }
  if (codec === 'opus') return { ...base, channels: 2, encoding: 'opus', parameters: new Map([['sprop-stereo', track.channels === 1 ? '0' : '1']]) }
  return { ...base, channels: track.channels ?? 1, encoding: codec === 'alaw' ? 'PCMA' : 'PCMU', parameters: new Map() }
}

const noParameters = (): Map<string, string> => new Map()

/** Codecs that describe themselves where they begin; parameters say what a decoder must be able to. */
const plainEncodings: readonly (readonly [start: string, encoding: string, parameters: (codec: string) => Map<string, string>])[] = [
  ['vp8', 'VP8', noParameters],
  ['vp09.', 'VP9', vp9Parameters],
  ['av01.', 'AV1', av1Parameters],
  [klvCodec, 'smpte336m', noParameters],
  [onvifCodec, 'vnd.onvif.metadata', noParameters],
]

/** RFC 9628 section 7. */
function vp9Parameters(codec: string): Map<string, string> {
  const profile = /^vp09\.(\d\d)\./.exec(codec)?.[1]
  return new Map(profile === undefined ? [] : [['profile-id', String(Number(profile))]])
}

/** "RTP Payload Format For AV1" section 7.2. */
function av1Parameters(codec: string): Map<string, string> {
  const [, profile, level, tier] = /^av01\.(\d)\.(\d\d)([MH])\./.exec(codec) ?? []
  if (profile === undefined) return new Map()
  return new Map([
    ['profile', profile],
    ['level-idx', String(Number(level))],
    ['tier', tier === 'H' ? '1' : '0'],
  ])
}

function avcParameters(codec: string, description: Uint8Array): Map<string, string> {
  const sets = nalCodecs.avc1.setsOf(description).filter((nal) => avcNalType(nal) === avcNal.sps || avcNalType(nal) === avcNal.pps)
  return new Map([
    ['packetization-mode', '1'],
    ['profile-level-id', codec.slice(5)],
    ['sprop-parameter-sets', sets.map(base64).join(',')],
  ])
}

function hevcParameters(description: Uint8Array): Map<string, string> {
  const sets = nalCodecs.hvc1.setsOf(description)
  const of = (type: number): string =>
    sets
      .filter((nal) => hevcNalType(nal) === type)
      .map(base64)
      .join(',')
  return new Map([
    ['sprop-vps', of(hevcNal.vps)],
    ['sprop-sps', of(hevcNal.sps)],
    ['sprop-pps', of(hevcNal.pps)],
  ])
}

function aacParameters(description: Uint8Array): Map<string, string> {
  const { sizeLength, indexLength, indexDeltaLength } = aacHbr
  return new Map([
    ['streamtype', '5'],
    ['profile-level-id', '1'],
    ['mode', 'AAC-hbr'],
    ['sizelength', `${sizeLength}`],
    ['indexlength', `${indexLength}`],
    ['indexdeltalength', `${indexDeltaLength}`],
    ['config', Buffer.from(description).toString('hex')],
  ])
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function base64List({ parameters }: SdpMedia, name: string): Uint8Array[] {
  const list = (parameters.get(name) ?? '').split(',').filter(Boolean)
  return list.map((text) => Uint8Array.from(Buffer.from(text, 'base64'))).filter((nal) => nal.length > 2)
}
