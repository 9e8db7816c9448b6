/** Which tracks MP4 carries, and how. */

import { ShoalError } from '../../errors.js'
import type { Frame, Track } from '../../stream.js'
import { parseAudioConfig } from '../aac.js'
import { parseMp3Header } from '../mp3.js'
import { opusDuration } from '../opus.js'
import { box } from './box.js'
import { audioEntry, dOps, esds, objectTypes, visualEntry, vpcC } from './sample-entry.js'

/** Ticks a second of video: whole for ms, for the 90 kHz of RTP and MPEG-TS, and for the usual rates of pictures. */
export const videoTimescale = 90_000

/** A track as MP4 has it. */
export interface Mp4Track {
  /** track_ID: 1 is the picture, 2 the sound, whatever ids the stream gives them. */
  readonly id: 1 | 2
  readonly track: Track
  readonly kind: 'audio' | 'video'
  /** As `codecs` of a MIME type has it (RFC 6381). */
  readonly codec: string
  /** Ticks a second: {@link videoTimescale}, and for sound its sample rate. */
  readonly timescale: number
  /** What `stsd` holds. */
  readonly entry: Uint8Array
  /** µs that a frame lasts; 0 = it does not say so itself. */
  durationOf(frame: Frame): number
}

/** What comes of a stream's tracks. */
export interface Mp4Choice {
  /** The first picture and the first sound that can be carried. */
  readonly carried: readonly Mp4Track[]
  /** Pictures and sounds that cannot; text and data are not meant to be. */
  readonly left: readonly Track[]
}

/** Chooses what is carried. Text and data tracks are left out: MP4 has forms for them, but no player of live streams reads them. */
export function chooseMp4Tracks(tracks: readonly Track[]): Mp4Choice {
  const media = tracks.filter(({ kind }) => kind !== 'data')
  const carried = media.map((track) => toMp4Track(track)).filter((track) => track !== undefined)
  const first = (kind: Track['kind']): Mp4Track[] => carried.filter((track) => track.kind === kind).slice(0, 1)
  return {
    carried: [...first('video'), ...first('audio')],
    left: media.filter((track) => !carried.some((one) => one.track === track)),
  }
}

/** The MIME type with codecs, as `MediaSource.addSourceBuffer` takes it. */
export function mp4MimeType(tracks: readonly Mp4Track[]): string {
  const kind = tracks.some((track) => track.kind === 'video') ? 'video' : 'audio'
  return `${kind}/mp4; codecs="${tracks.map(({ codec }) => codec).join(',')}"`
}

/** The track as MP4 carries it; undefined where it does not, for its codec or for want of a usable description. */
function toMp4Track(track: Track): Mp4Track | undefined {
  const carrier = carriers.find(([pattern, kind]) => kind === track.kind && pattern.test(track.codec))
  try {
    return carrier?.[2](track)
  } catch (error) {
    if (error instanceof ShoalError) return undefined
    throw error
  }
}

const carriers: readonly (readonly [pattern: RegExp, kind: 'audio' | 'video', make: (track: Track) => Mp4Track | undefined])[] = [
  // parameter sets travel in the description, which is what avc1 and hvc1 say
  [/^avc[13]\./, 'video', (track) => described(track, 'avc1', 'avcC')],
  [/^(hvc1|hev1)\./, 'video', (track) => described(track, 'hvc1', 'hvcC')],
  [/^av01\./, 'video', (track) => described(track, 'av01', 'av1C')],
  [/^vp09\./, 'video', (track) => video(track, 'vp09', vpcC(track))],
  [/^mp4a\.40\.\d+$/, 'audio', aac],
  [/^(mp3|mp4a\.6[9bB])$/, 'audio', mp3],
  [/^opus$/, 'audio', opus],
]

function described(track: Track, type: string, config: string): Mp4Track | undefined {
  return track.description && video(track, type, box(config, track.description))
}

function video(track: Track, type: string, config: Uint8Array): Mp4Track {
  const codec = track.codec.replace(/^(avc3|hev1)/, type)
  const entry = visualEntry(type, track, config)
  return { id: 1, track, kind: 'video', codec, timescale: videoTimescale, entry, durationOf: (frame) => frame.duration ?? 0 }
}

function aac(track: Track): Mp4Track | undefined {
  if (!track.description) return undefined
  const { frameLength, sampleRate } = parseAudioConfig(track.description)
  return audio(track, track.codec, { ...track, sampleRate }, esds(objectTypes.aac, track.description), () => (frameLength * 1e6) / sampleRate)
}

function mp3(track: Track): Mp4Track {
  const durationOf = ({ data }: Frame): number => {
    const { frameLength, sampleRate } = parseMp3Header(data)
    return (frameLength * 1e6) / sampleRate
  }
  return audio(track, 'mp4a.6B', track, esds(objectTypes.mp3), durationOf)
}

function opus(track: Track): Mp4Track {
  return audio(track, 'opus', { ...track, sampleRate: 48_000 }, dOps(track), ({ data }) => opusDuration(data), 'Opus')
}

function audio(track: Track, codec: string, shown: Track, config: Uint8Array, durationOf: Mp4Track['durationOf'], type = 'mp4a'): Mp4Track {
  const entry = audioEntry(type, shown, config)
  const own = (frame: Frame): number => frame.duration ?? quietly(() => durationOf(frame))
  return { id: 2, track, kind: 'audio', codec, timescale: shown.sampleRate ?? 48_000, entry, durationOf: own }
}

/** A frame that breaks its codec's rules is the decoder's to judge. */
function quietly(duration: () => number): number {
  try {
    return duration()
  } catch {
    return 0
  }
}
