/** What a player got beside what the encoder sent. */

import type { Packet, PacketTrack } from './packets.js'

/** One cell of the matrix. */
export interface Verdict {
  /** `h264 640x360 25/s`. */
  readonly video: string
  /** `aac 48000`; absent where this way out carries none. */
  readonly audio?: string
  /** The same of what was sent. */
  readonly source: { readonly video: string; readonly audio?: string }
  /** Pictures a second that were sent. */
  readonly rate: number
  /** Seconds of pictures that were got. */
  readonly seconds: number
  /** Pictures of the source that lie between the first and the last one got, and were not got. */
  readonly lost: number
  /** Pieces of sound, likewise. */
  readonly lostSound: number
  /** Picture before (+) or after (-) sound, beside the source, in ms. */
  readonly offset?: number
  /** Largest difference of a step between two pictures to that of the source, ms. */
  readonly jitter: number
  /** Do decode times of each track only rise? */
  readonly monotone: boolean
}

/** Compares a recording with its source. Throws when a track of the source is missing or nothing of it is of the source. */
export function judge(got: readonly PacketTrack[], source: readonly PacketTrack[]): Verdict {
  const video = pairUp(got, source, 'video')
  const audio = source.some(({ kind }) => kind === 'audio') ? pairUp(got, source, 'audio') : undefined
  const times = video.pairs.map(({ packet }) => packet.pts)
  const seconds = Math.max(...times) - Math.min(...times)
  return {
    rate: (video.pairs.length - 1) / seconds,
    video: pictureFacts(
      video.track,
      video.pairs.map(({ packet }) => packet),
    ),
    source: {
      video: pictureFacts(
        video.origin,
        video.pairs.map(({ origin }) => origin),
      ),
      ...(audio && { audio: soundFacts(audio.origin) }),
    },
    ...(audio && { audio: soundFacts(audio.track), offset: (median(audio.pairs.map(shift)) - median(video.pairs.map(shift))) * 1000 }),
    seconds,
    lost: video.lost,
    lostSound: audio?.lost ?? 0,
    jitter: Math.max(...video.pairs.slice(1).map((pair, i) => Math.abs(shift(pair) - shift(video.pairs[i] ?? pair)))) * 1000,
    monotone: [video, ...(audio ? [audio] : [])].every(({ track }) => track.packets.every(({ dts }, i) => i === 0 || dts > (track.packets[i - 1]?.dts ?? dts))),
  }
}

/** Seconds from the times of a source's pictures to those that were got. Throws as {@link judge} does. */
export function pictureShift(got: readonly PacketTrack[], source: readonly PacketTrack[]): number {
  return median(pairUp(got, source, 'video').pairs.map(shift))
}

/** `h264 640x360 25/s`. */
function pictureFacts({ codec, size }: PacketTrack, packets: readonly Packet[]): string {
  const times = packets.map(({ pts }) => pts)
  return `${codec} ${size} ${((times.length - 1) / (Math.max(...times) - Math.min(...times))).toFixed(0)}/s`
}

const soundFacts = ({ codec, size }: PacketTrack): string => `${codec} ${size}`

interface Pair {
  readonly packet: Packet
  readonly origin: Packet
}

interface Paired {
  readonly track: PacketTrack
  /** The track that was sent. */
  readonly origin: PacketTrack
  readonly pairs: readonly Pair[]
  readonly lost: number
}

const shift = ({ packet, origin }: Pair): number => packet.pts - origin.pts

function pairUp(got: readonly PacketTrack[], source: readonly PacketTrack[], kind: PacketTrack['kind']): Paired {
  const track = got.find((one) => one.kind === kind)
  const from = source.find((one) => one.kind === kind)
  const origins = from?.packets ?? []
  if (!track || !from) throw new Error(`no ${kind}; got ${got.map((one) => one.codec).join(', ') || 'nothing'}`)
  const found = placed(track.packets, origins)
  if (found.length < 2) throw new Error(`${found.length} of ${track.packets.length} packets of ${kind} are of the source`)
  const seen = new Set(found.map(({ place }) => place))
  const [first, last] = [Math.min(...seen), Math.max(...seen)]
  const pairs = found.flatMap(({ packet, place }) => {
    const origin = origins[place]
    return origin ? [{ packet, origin }] : []
  })
  return { track, origin: from, pairs, lost: last - first + 1 - seen.size }
}

/** Packets of a source where they are in it. Browsers send a few that are alike: they are known by what is before them. */
function placed(packets: readonly Packet[], origins: readonly Packet[]): { packet: Packet; place: number }[] {
  const places = new Map<string, number[]>()
  for (const [i, { hash }] of origins.entries()) places.set(hash, [...(places.get(hash) ?? []), i])
  let before: number | undefined
  return packets.flatMap((packet) => {
    const all = places.get(packet.hash) ?? []
    const place = all.length === 1 ? all[0] : before === undefined ? undefined : all.find((one) => one > (before ?? 0))
    if (place === undefined) return []
    before = place
    return [{ packet, place }]
  })
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

/** What is wrong with a cell whose recordings should have lasted `seconds`; empty = nothing. */
export function faultsOf(verdict: Verdict, seconds: number): string[] {
  const { video, audio, source, lost, lostSound, offset = 0, jitter, monotone } = verdict
  const faults: [boolean, string][] = [
    [video !== source.video, `the picture is ${video}`],
    [audio !== source.audio, `the sound is ${audio}`],
    [verdict.seconds < seconds - 1, `only ${verdict.seconds.toFixed(1)} s`],
    [lost > 0, `${lost} pictures lost`],
    [lostSound > 0, `${lostSound} pieces of sound lost`],
    [Math.abs(offset) >= 50, `sound and picture ${offset.toFixed(0)} ms apart`],
    // the clocks of formats count in ms at the coarsest
    [jitter > 1.5, `a step between pictures ${jitter.toFixed(1)} ms off`],
    [!monotone, 'decode times that do not rise'],
  ]
  return faults.flatMap(([wrong, text]) => (wrong ? [text] : []))
}
