/** Tracks and frames to tag bodies. */

import type { Frame, Track } from '../../stream.js'
import { type AmfValue, encodeAmf0Metadata } from '../amf/amf0.js'
import { makeOpusHead } from '../opus.js'
import type { FlvCodec } from './packet.js'
import type { FrameTag, HeaderTag } from './tag.js'

/**
 * Writes tag bodies for the first picture and the first sound track it can carry. AVC, AAC and MP3 have their legacy
 * form, which every player reads; HEVC, AV1, VP9 and Opus that of Enhanced RTMP.
 */
export class TagWriter {
  readonly #tracks = new Map<number, CarriedTrack>()

  constructor(tracks: readonly Track[]) {
    for (const track of tracks) this.#add(track)
  }

  /** Can this track be carried? Data tracks cannot, nor codecs without their description. */
  supports(track: Track): boolean {
    return carry(track) !== undefined
  }

  /** Which kinds are carried, as the file header says it. */
  get kinds(): { readonly audio: boolean; readonly video: boolean } {
    const kinds = [...this.#tracks.values()].map((carried) => carried.kind)
    return { audio: kinds.includes('audio'), video: kinds.includes('video') }
  }

  /** `onMetaData`, then the sequence header of each track: what a reader needs before the first frame. */
  headers(): HeaderTag[] {
    const tracks = [...this.#tracks.values()]
    return [metadataTag(tracks), ...tracks.flatMap(sequenceHeader)]
  }

  /** The frame as a tag body, undefined when its track is not carried. The data is not copied. */
  write(frame: Frame): FrameTag | undefined {
    const carried = this.#tracks.get(frame.track)
    if (!carried) return undefined
    const decodeTime = Math.round((frame.decodeTime ?? frame.timestamp) / 1000)
    const composition = Math.round(frame.timestamp / 1000) - decodeTime
    return { kind: carried.kind, timestamp: decodeTime >>> 0, body: [frameHead(carried, frame.key, composition), frame.data] }
  }

  /** Takes a changed or added track; the tags to send before its next frame: none when it is not carried. */
  update(track: Track): HeaderTag[] {
    this.#tracks.delete(track.id)
    this.#add(track)
    const carried = this.#tracks.get(track.id)
    return carried ? [metadataTag([...this.#tracks.values()]), ...sequenceHeader(carried)] : []
  }

  #add(track: Track): void {
    const carried = carry(track)
    if (carried && ![...this.#tracks.values()].some((other) => other.kind === carried.kind)) this.#tracks.set(track.id, carried)
  }
}

interface CarriedTrack {
  readonly track: Track
  readonly kind: 'audio' | 'video'
  readonly codec: FlvCodec
  /** Body of the sequence header; empty = the codec has none. */
  readonly config: Uint8Array
}

/** Codec strings to FourCC, and whether a description is a must. */
const carriers: readonly (readonly [pattern: RegExp, kind: 'audio' | 'video', codec: FlvCodec])[] = [
  [/^avc[13]\./, 'video', 'avc1'],
  [/^(hvc1|hev1)\./, 'video', 'hvc1'],
  [/^av01\./, 'video', 'av01'],
  [/^vp09\./, 'video', 'vp09'],
  [/^mp4a\.40\.\d+$/, 'audio', 'mp4a'],
  [/^(mp3|mp4a\.6[9bB])$/, 'audio', '.mp3'],
  [/^opus$/, 'audio', 'Opus'],
]

function carry(track: Track): CarriedTrack | undefined {
  const found = carriers.find(([pattern, kind]) => kind === track.kind && pattern.test(track.codec))
  if (!found) return undefined
  const [, kind, codec] = found
  const config = codec === '.mp3' ? new Uint8Array() : (track.description ?? (codec === 'Opus' ? opusHead(track) : undefined))
  return config && { track, kind, codec, config }
}

function opusHead(track: Track): Uint8Array | undefined {
  const channels = track.channels ?? 2
  return channels === 1 || channels === 2 ? makeOpusHead(channels) : undefined
}

/** SoundFormat, 44 kHz, 16 bit, stereo: for AAC a constant (E.4.2.1); for MP3 players read the frame itself. */
const legacyAac = 0xaf
const legacyMp3 = 0x2f
const enhancedAudio = 0x90
const enhancedVideo = 0x80

function sequenceHeader({ kind, codec, config }: CarriedTrack): HeaderTag[] {
  if (codec === '.mp3') return []
  return [{ kind, body: [configHead(codec), config] }]
}

function configHead(codec: FlvCodec): Uint8Array {
  if (codec === 'avc1') return Uint8Array.of(0x17, 0, 0, 0, 0)
  if (codec === 'mp4a') return Uint8Array.of(legacyAac, 0)
  return Uint8Array.of(codec === 'Opus' ? enhancedAudio : enhancedVideo | 0x10, ...fourCc(codec))
}

function frameHead({ codec }: CarriedTrack, key: boolean, composition: number): Uint8Array {
  const frameType = key ? 0x10 : 0x20
  const time = [composition >> 16, composition >> 8, composition].map((byte) => byte & 0xff)
  switch (codec) {
    case 'avc1':
      return Uint8Array.of(frameType | 7, 1, ...time)
    case 'mp4a':
      return Uint8Array.of(legacyAac, 1)
    case '.mp3':
      return Uint8Array.of(legacyMp3)
    case 'Opus':
      return Uint8Array.of(enhancedAudio | 1, ...fourCc(codec))
    case 'hvc1':
      // CodedFramesX leaves out a composition time of 0
      return composition === 0
        ? Uint8Array.of(enhancedVideo | frameType | 3, ...fourCc(codec))
        : Uint8Array.of(enhancedVideo | frameType | 1, ...fourCc(codec), ...time)
    default:
      return Uint8Array.of(enhancedVideo | frameType | 1, ...fourCc(codec))
  }
}

function fourCc(codec: FlvCodec): number[] {
  return [...codec].map((letter) => letter.charCodeAt(0))
}

/** Codec numbers of `onMetaData`: the legacy ids, or the FourCC as a number (Enhanced RTMP "Metadata"). */
function codecId(codec: FlvCodec): number {
  const legacy: Partial<Record<FlvCodec, number>> = { avc1: 7, mp4a: 10, '.mp3': 2 }
  return legacy[codec] ?? fourCc(codec).reduce((sum, byte) => sum * 256 + byte, 0)
}

function metadataTag(tracks: readonly CarriedTrack[]): HeaderTag {
  const data: Record<string, AmfValue> = {}
  for (const { track, kind, codec } of tracks) {
    data[`${kind}codecid`] = codecId(codec)
    if (track.width !== undefined) data['width'] = track.width
    if (track.height !== undefined) data['height'] = track.height
    if (track.sampleRate !== undefined) data['audiosamplerate'] = track.sampleRate
    if (track.channels !== undefined) data['stereo'] = track.channels > 1
  }
  return { kind: 'script', body: [encodeAmf0Metadata('onMetaData', { ...data, encoder: 'Shoal' })] }
}
