/** What a viewer gets of a stream: each medium of its offer with the track that fits. */

import { ShoalError } from '../../errors.js'
import { formatFor } from '../../media/webrtc/codec-match.js'
import type { Description, Section } from '../../media/webrtc/description.js'
import type { WrittenSection } from '../../media/webrtc/write-description.js'
import type { Frame, Track } from '../../stream.js'
import { Refusal } from './answer.js'
import type { Carried } from './sender.js'

/** Tracks for a viewer, and the answer's media. */
export interface ViewPlan {
  readonly carried: readonly Carried[]
  readonly sections: readonly WrittenSection[]
  /** Pictures and sounds of the stream that this viewer does not get. */
  readonly left: readonly Track[]
}

/** Chooses tracks. Throws `ERR_CODEC_UNSUPPORTED` (406) where nothing fits, or the picture does not. */
export function planView(path: string, offer: Description, tracks: readonly Track[]): ViewPlan {
  const plan = planTracks(offer, tracks)
  check(path, plan, offer)
  return plan
}

/** The same, whatever comes of it. */
export function planTracks(offer: Description, tracks: readonly Track[]): ViewPlan {
  const carried: Carried[] = []
  const sections = offer.sections.map((section): WrittenSection => {
    if (section.refused) return { kind: section.kind, mid: section.mid, refused: true }
    if (section.kind === 'application') return { kind: 'application', mid: section.mid }
    const found = wants(section) ? match(section, tracks, carried) : undefined
    if (!found) return idle(section)
    carried.push(found)
    return sending(section, found)
  })
  const media = tracks.filter(({ kind }) => kind !== 'data')
  const left = media.filter((track) => !carried.some((each) => each.track === track))
  return { carried, sections, left }
}

/** A section with a stream. */
export function sending({ kind, mid }: Pick<Section, 'kind' | 'mid'>, { format, ssrc, track }: Carried): WrittenSection {
  const sends = { ssrc, group: 'shoal', track: `${track.kind}${track.id}` }
  return { kind: kind === 'audio' ? 'audio' : 'video', mid, direction: 'sendonly', formats: [told(format, track)], sends }
}

/** Says whether the sound is stereo: an offer says only what may come. */
function told(format: Carried['format'], { codec, channels }: Track): Carried['format'] {
  if (codec !== 'opus') return format
  return { ...format, parameters: new Map([...format.parameters, ['sprop-stereo', (channels ?? 2) > 1 ? '1' : '0']]) }
}

function wants({ direction }: Section): boolean {
  return direction === 'recvonly' || direction === 'sendrecv'
}

function match(section: Section, tracks: readonly Track[], taken: readonly Carried[]): Carried | undefined {
  for (const track of tracks) {
    if (taken.some((each) => each.track === track)) continue
    const format = formatFor(track, section)
    if (format) return { track, format, ssrc: ssrcOf(track) }
  }
  return undefined
}

/** Stays in the bundle, so that refusing it changes nothing for the others. */
function idle({ kind, mid, formats }: Section): WrittenSection {
  if (formats.length === 0) return { kind, mid, refused: true }
  return { kind: kind === 'audio' ? 'audio' : 'video', mid, direction: 'inactive', formats: formats.slice(0, 1) }
}

/** One number a track, the same for all viewers: they are told apart by their connections. */
export function ssrcOf({ id }: Track): number {
  return (0x53480000 + id) >>> 0
}

function check(path: string, plan: ViewPlan, offer: Description): void {
  const codecs = plan.left.map(({ codec }) => codec).join(', ') || 'none'
  if (plan.carried.length === 0) throw refusal(`${path} has nothing that this viewer takes: ${codecs}.`)
  const picture = lostPicture(offer, plan)
  if (picture) throw refusal(`This viewer does not take the picture of ${path}, ${picture.codec}.`, 'Offer audio alone for the sound.')
}

/** The picture that was asked for and is not carried: sound without it would be a black picture. */
export function lostPicture({ sections }: Description, { carried, left }: ViewPlan): Track | undefined {
  const wanted = sections.some((section) => section.kind === 'video' && !section.refused && wants(section))
  return wanted && !carried.some(({ track }) => track.kind === 'video') ? left.find(({ kind }) => kind === 'video') : undefined
}

/** Browsers show pictures in the order in which they come: B-pictures would make them jump. Throws `ERR_CODEC_UNSUPPORTED` (406). */
export function checkOrder(path: string, carried: readonly Carried[], frames: readonly Frame[]): void {
  const reordered = frames.find((frame) => frame.decodeTime !== undefined && frame.decodeTime !== frame.timestamp)
  const track = carried.find((each) => each.track.id === reordered?.track)?.track
  if (track?.kind === 'video')
    throw refusal(`${path} has B-pictures, which WebRTC cannot carry.`, 'Publish without them: ffmpeg -bf 0, or x264 tune zerolatency.')
}

function refusal(message: string, hint?: string): Refusal {
  return new Refusal(406, new ShoalError('ERR_CODEC_UNSUPPORTED', message, { ...(hint !== undefined && { hint }) }))
}
