/** `whip://` and `whips://` as a destination: publishes a local stream at another server, by WHIP. */

import { ShoalError } from '../../errors.js'
import { formatFor } from '../../media/webrtc/codec-match.js'
import type { Description } from '../../media/webrtc/description.js'
import { formatsFor } from '../../media/webrtc/offered-formats.js'
import type { PushJob } from '../../plugin.js'
import type { Track } from '../../stream.js'
import { parseAddress } from './address.js'
import { Client, type ClientParts, type ClientTiming, type Offer } from './client.js'
import { Delivery } from './delivery.js'
import type { Carried } from './sender.js'
import { ssrcOf } from './view-answer.js'

const defaultTiming: ClientTiming = { answer: 15_000, connect: 15_000 }

/** Numbers of formats: of the picture, and of sound. */
const firstNumber = { video: 96, audio: 111 } as const

/**
 * Pushes until the stream ends; see `PusherFactory.push`. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED`, `ERR_CODEC_UNSUPPORTED`,
 * `ERR_PEER_UNREACHABLE`, `ERR_TIMEOUT`, `ERR_MEDIA_INVALID`, `ERR_URL_INVALID` or what ended the stream.
 */
export async function push(job: PushJob, parts: ClientParts, timing = defaultTiming): Promise<void> {
  const address = parseAddress(job.url)
  const first = await job.subscribe()
  const plan = planPush(first.path, first.tracks)
  first.close()
  if (plan.leftOut.length > 0) job.log.info('tracks left out', { path: job.path, leftOut: plan.leftOut })
  const client = await Client.open(address, plan, { parts, signal: job.signal, timing })
  const { peer } = client
  try {
    const carried = takenOf(plan, client.answer)
    await client.connect()
    const subscribe = (): ReturnType<PushJob['subscribe']> => job.subscribe()
    await new Delivery({ carried, peer, packets: parts.packets, subscribe }, await subscribe()).run()
    if (peer.closed) throw peer.reason ?? new ShoalError('ERR_SOURCE_FAILED', 'The server ended the session.')
  } catch (error) {
    throw (peer.closed && peer.reason) || error
  } finally {
    await client.end()
  }
}

/** What is offered of a stream. */
export interface PushPlan extends Offer {
  /** The track of each medium, by mid. */
  readonly tracks: ReadonlyMap<string, Track>
  /** Codecs that WebRTC does not carry, and second tracks of a kind. */
  readonly leftOut: readonly string[]
}

/** Offers one picture, one sound, and a data channel for each data track. Throws `ERR_CODEC_UNSUPPORTED` where nothing can be carried, or the picture cannot. */
export function planPush(path: string, tracks: readonly Track[]): PushPlan {
  const taken = (['video', 'audio'] as const).flatMap((kind, at) => {
    const found = tracks.find((track) => track.kind === kind && formatsFor(track, firstNumber[kind]).length > 0)
    return found ? [{ track: found, kind, mid: `${at}` }] : []
  })
  const left = tracks.filter(({ kind }) => kind !== 'data').filter((track) => !taken.some((each) => each.track === track))
  const picture = taken.some(({ kind }) => kind === 'video') ? undefined : left.find(({ kind }) => kind === 'video')
  if (picture) throw unsupported(`WebRTC does not carry the picture of ${path}, ${picture.codec}.`)
  if (taken.length === 0) throw unsupported(`${path} has nothing that WebRTC carries: ${left.map(({ codec }) => codec).join(', ') || 'no picture, no sound'}.`)
  const data = tracks.filter(({ kind }) => kind === 'data')
  const media = taken.map(({ track, kind, mid }) => ({
    kind,
    mid,
    direction: 'sendonly' as const,
    formats: formatsFor(track, firstNumber[kind]),
    sends: { ssrc: ssrcOf(track), group: 'shoal', track: `${kind}${track.id}` },
  }))
  return {
    sections: [...media, ...(data.length > 0 ? [{ kind: 'application' as const, mid: '2' }] : [])],
    channels: data.map(({ id, codec }) => ({ label: `${id}`, protocol: codec })),
    tracks: new Map(taken.map(({ track, mid }) => [mid, track])),
    leftOut: left.map(({ codec }) => codec),
  }
}

/** What the server takes of it. Throws `ERR_CODEC_UNSUPPORTED` where that is nothing, or not the picture. */
export function takenOf({ tracks }: Pick<PushPlan, 'tracks'>, { sections }: Description): readonly Carried[] {
  const carried = [...tracks].flatMap(([mid, track]): Carried[] => {
    const section = sections.find((each) => each.mid === mid)
    const wanted = section && !section.refused && /recv/.test(section.direction)
    const format = wanted ? formatFor(track, section) : undefined
    return format ? [{ track, format, ssrc: ssrcOf(track) }] : []
  })
  const refused = [...tracks.values()].filter((track) => !carried.some((each) => each.track === track))
  if (carried.length === 0 || refused.some(({ kind }) => kind === 'video'))
    throw unsupported(`The server does not take ${refused.map(({ codec }) => codec).join(', ')}.`)
  return carried
}

function unsupported(message: string): ShoalError {
  return new ShoalError('ERR_CODEC_UNSUPPORTED', message)
}
