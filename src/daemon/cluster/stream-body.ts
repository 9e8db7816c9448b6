/** The bodies of `streams/N` records: what streams a node has. The wire form is `proto/records.proto`. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { controlLimits } from '../swarm/control-messages.js'
import { readAscii, readText, writeText } from '../util/wire-text.js'
import { recordLimits, type SignedRecord, streamSlot } from './record.js'
import { StreamBody as Wire, type Announcement as WireAnnouncement, type AnnouncedTrack as WireTrack } from './records.pb.js'

/** Limits of announcements. Lengths are bytes. */
export const streamLimits = { streams: 1000, tracks: 16, codec: 64, path: 255, hops: 8 } as const

/** A stream as its node announces it. */
export interface Announcement {
  readonly path: string
  readonly tracks: readonly AnnouncedTrack[]
  /** Wall clock, ms since 1970; for people only. */
  readonly since: number
  /** 0 = published there. */
  readonly hops: number
  /** Peer id of the node where it is published. */
  readonly origin: PeerId
  /** Of two publishers of a path the one with the higher claim counts. 0 for copies. */
  readonly claim: number
  /** Publisher whose place this one took. */
  readonly over?: PeerId
  /** It takes no more readers. */
  readonly full: boolean
}

/** A track in short. */
export interface AnnouncedTrack {
  readonly kind: 'video' | 'audio' | 'data'
  readonly codec: string
  /** Pixels; video only. */
  readonly width?: number
  readonly height?: number
}

/** Streams of one slot as bytes. The origin is left out where it is the author. */
export function encodeStreams(author: PeerId, streams: readonly Announcement[]): Uint8Array {
  return Wire.encode({ streams: streams.map((stream) => toWire(author, stream)) })
}

const counts = { streams: streamLimits.streams, streams$: { tracks: streamLimits.tracks } }

/** Bytes as the streams of `author` in `slot`. Throws `ERR_PROTOCOL`. */
export function decodeStreams(author: PeerId, slot: string, bytes: Uint8Array): readonly Announcement[] {
  const streams = parse(bytes).streams.map((wire) => fromWire(author, wire))
  const paths = new Set(streams.map(({ path }) => path))
  check(paths.size === streams.length, 'A path is announced twice.')
  for (const path of paths) check(streamSlot(path) === slot, 'A path is announced in the slot of others.')
  return streams
}

function parse(bytes: Uint8Array): Wire {
  check(bytes.byteLength <= recordLimits.body, 'A stream record is too large.')
  try {
    return Wire.decode(bytes, { limits: counts })
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `A stream record is malformed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const nothing = new Uint8Array()

function toWire(author: PeerId, stream: Announcement): WireAnnouncement {
  const { path, tracks, since, hops, claim, over, full } = stream
  const origin = stream.origin === author ? nothing : writeText(stream.origin)
  return { path: writeText(path), tracks: tracks.map(trackToWire), since, hops, claim, full, origin, over: over === undefined ? nothing : writeText(over) }
}

function fromWire(author: PeerId, wire: WireAnnouncement): Announcement {
  const { since, hops, claim, full } = wire
  check(Number.isSafeInteger(since) && since >= 0, 'The date of a stream is out of range.')
  check(hops <= streamLimits.hops, `A stream has passed ${hops} nodes.`)
  const path = readText(wire.path, 'A stream path', { min: 1, max: streamLimits.path })
  const origin = readPeer(wire.origin) ?? author
  check((hops === 0) === (origin === author), 'A stream is published where it has passed nodes, or the other way round.')
  check(hops === 0 ? claim >= 1 : claim === 0, 'A copy of a stream claims its path, or a publisher does not.')
  const over = readPeer(wire.over)
  return { path, tracks: wire.tracks.map(trackFromWire), since, hops, origin, claim, full, ...(over !== undefined && { over }) }
}

function readPeer(bytes: Uint8Array): PeerId | undefined {
  return bytes.byteLength === 0 ? undefined : readAscii(bytes, 'A peer id', { max: controlLimits.peerId })
}

function trackToWire(track: AnnouncedTrack): WireTrack {
  return { kind: writeText(track.kind), codec: writeText(track.codec), width: track.width ?? 0, height: track.height ?? 0 }
}

function trackFromWire(wire: WireTrack): AnnouncedTrack {
  const kind = readAscii(wire.kind, 'The kind of a track', { max: 5 })
  if (kind !== 'video' && kind !== 'audio' && kind !== 'data') throw new ShoalError('ERR_PROTOCOL', 'A track is neither video nor audio nor data.')
  const codec = readAscii(wire.codec, 'The codec of a track', { min: 1, max: streamLimits.codec })
  return { kind, codec, ...(wire.width > 0 && wire.height > 0 && { width: wire.width, height: wire.height }) }
}

function check(fits: boolean, message: string): void {
  if (!fits) throw new ShoalError('ERR_PROTOCOL', message)
}

const none: ReadonlyMap<string, Announcement> = new Map()
const known = new WeakMap<SignedRecord, ReadonlyMap<string, Announcement>>()

/** The streams of a record by path, read once; none when it makes no sense. */
export function readStreams(record: SignedRecord | undefined): ReadonlyMap<string, Announcement> {
  if (!record) return none
  const before = known.get(record)
  if (before) return before
  const streams = attempt(record)
  known.set(record, streams)
  return streams
}

function attempt({ author, slot, body }: SignedRecord): ReadonlyMap<string, Announcement> {
  try {
    return new Map(decodeStreams(author, slot, body).map((stream) => [stream.path, stream]))
  } catch {
    return none
  }
}
