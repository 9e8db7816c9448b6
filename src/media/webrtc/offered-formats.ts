/** The formats of our own offers: what we read, and how a track of ours may be taken. */

import type { Track } from '../../stream.js'
import { encodingOf } from './codec-match.js'
import type { Format } from './description.js'

/** H.264 profiles as browsers offer them; servers choose by the first two bytes. */
const h264Profiles = ['64001f', '640c1f', '4d001f', '42e01f', '42001f']

const opusParameters = { minptime: '10', useinbandfec: '1' }

function format(payloadType: number, encoding: string, rate: number, parameters: Readonly<Record<string, string>> = {}, channels = 1): Format {
  return { payloadType, encoding, rate, channels, parameters: new Map(Object.entries(parameters)) }
}

function h264(payloadType: number, profile: string): Format {
  return format(payloadType, 'h264', 90_000, { 'level-asymmetry-allowed': '1', 'packetization-mode': '1', 'profile-level-id': profile })
}

/** Every format that is read, the best first. */
export const readable: { readonly video: readonly Format[]; readonly audio: readonly Format[] } = {
  video: [
    ...h264Profiles.map((profile, i) => h264(96 + i, profile)),
    format(101, 'h265', 90_000, { 'level-id': '180', 'profile-id': '1', 'tier-flag': '0', 'tx-mode': 'SRST' }),
    format(102, 'av1', 90_000, { profile: '0' }),
    format(103, 'vp9', 90_000, { 'profile-id': '0' }),
    format(104, 'vp9', 90_000, { 'profile-id': '2' }),
    format(105, 'vp8', 90_000),
  ],
  audio: [format(111, 'opus', 48_000, { ...opusParameters, stereo: '1' }, 2), format(8, 'pcma', 8000), format(0, 'pcmu', 8000)],
}

/** How `track` is offered; empty for one that WebRTC does not carry. Numbers begin at `first`. */
export function formatsFor(track: Track, first: number): readonly Format[] {
  const encoding = encodingOf(track)
  switch (encoding) {
    case 'h264':
      return [...new Set([track.codec.slice(5, 11).toLowerCase(), '42e01f', '42001f', '4d001f', '64001f'])].map((profile, i) => h264(first + i, profile))
    case 'h265':
      return [format(first, 'h265', 90_000, { 'level-id': '180', 'profile-id': '1', 'tier-flag': '0', 'tx-mode': 'SRST' })]
    case 'vp9':
      return [format(first, 'vp9', 90_000, { 'profile-id': `${Number(track.codec.slice(5, 7))}` })]
    case 'av1':
      return [format(first, 'av1', 90_000, { profile: track.codec[5] ?? '0' })]
    case 'vp8':
      return [format(first, 'vp8', 90_000)]
    case 'opus':
      return [format(first, 'opus', 48_000, { ...opusParameters, ...((track.channels ?? 2) > 1 && { stereo: '1', 'sprop-stereo': '1' }) }, 2)]
    case 'pcma':
      return [format(8, 'pcma', 8000)]
    case 'pcmu':
      return [format(0, 'pcmu', 8000)]
    default:
      return []
  }
}
