/** What puller and server of a stream say to each other beside media, checked both ways. The wire form is `proto/stream.proto`. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { SubscribeOptions, Track, TrackKind } from '../../stream.js'
import { readAscii, readMessage, readText, writeMessage, writeText } from '../util/wire-text.js'
import {
  StreamMessage as Wire,
  type StreamAccept as WireAccept,
  type StreamOpen as WireOpen,
  StreamRefuse as WireRefuse,
  type ReceiverReport as WireReport,
  StreamRoute as WireRoute,
  StreamTrack as WireTrack,
} from './stream.pb.js'

/** The stream protocol. */
export const streamProtocol = '/shoal/stream/1.0.0'

/** Nodes a stream may pass. */
export const maxHops = 8

/** ms a puller may ask the server to wait for a publisher. */
export const maxWait = 30_000

const maxTracks = 16
const maxDescription = 65_536
const maxText = 1024
const maxPeerId = 128
const maxPath = 255

/** Copies named in a refusal. */
export const maxAlternatives = 8

/** A frame of one publication: the epoch, the group and the index at its origin, in every copy. */
export interface StreamPosition {
  readonly epoch: number
  readonly group: number
  readonly index: number
}

/** What a puller wants. */
export interface StreamOpen {
  readonly path: string
  /** None = all. */
  readonly tracks: readonly TrackKind[]
  readonly start: NonNullable<SubscribeOptions['start']>
  /** ms; 0 = the server's default. */
  readonly maxLatency: number
  readonly resume?: StreamPosition
  /** ms to wait for a publisher. */
  readonly wait: number
  /** Path under which the puller serves its copy; empty = it does not. */
  readonly copy: string
}

/** What tells one publication from every other. */
export interface PublicationId {
  readonly origin: PeerId
  /** Path at the origin. */
  readonly path: string
  readonly epoch: number
}

/** A copy of a stream at a peer. */
export interface Copy {
  readonly peer: PeerId
  readonly path: string
}

/** What it gets. */
export interface StreamAccept {
  readonly epoch: number
  readonly originEpoch: number
  readonly tracks: readonly Track[]
  /** Origin first, server last. */
  readonly hops: readonly PeerId[]
  /** Path at the origin; empty from a server that does not tell it. */
  readonly originPath: string
  /** Each frame carries the origin's seal. */
  readonly sealed: boolean
  /** Nothing is missing after the position that was asked for. */
  readonly resumed: boolean
  /** The server takes key requests. */
  readonly keyRequests: boolean
}

/** Why a stream is refused, or how it ended; an empty code = it ended by itself. */
export interface StreamRefuse {
  readonly code: string
  readonly message: string
  /** Who else serves the publication, the likeliest first. */
  readonly alternatives?: readonly Copy[]
  readonly publication?: PublicationId
}

/** What a puller has received. */
export interface ReceiverReport {
  readonly group: number
  readonly index: number
  /** ms since that frame arrived. */
  readonly age: number
  /** Bytes of batches since StreamAccept. */
  readonly received: number
  /** Those of them that still wait there. */
  readonly buffered: number
  /** Peers that may still pull the stream from the puller. */
  readonly room: number
}

/** One message, tagged. */
export type StreamMessage =
  | { readonly type: 'open'; readonly value: StreamOpen }
  | { readonly type: 'accept'; readonly value: StreamAccept }
  | { readonly type: 'refuse'; readonly value: StreamRefuse }
  | { readonly type: 'report'; readonly value: ReceiverReport }
  /** A reader there cannot go on without a key frame. */
  | { readonly type: 'key' }

const counts = { open: { tracks: 3 }, accept: { tracks: maxTracks, hops: maxHops }, refuse: { alternatives: maxAlternatives } }

/** One message as bytes. */
export function encodeStreamMessage(message: StreamMessage): Uint8Array {
  switch (message.type) {
    case 'open':
      return Wire.encode({ open: openToWire(message.value) })
    case 'accept':
      return Wire.encode({ accept: acceptToWire(message.value) })
    case 'refuse':
      return Wire.encode({ refuse: refuseToWire(message.value) })
    case 'report':
      return Wire.encode({ report: message.value })
    case 'key':
      return Wire.encode({ key: {} })
  }
}

/** Bytes as a message. Throws `ERR_PROTOCOL`. */
export function decodeStreamMessage(bytes: Uint8Array): StreamMessage {
  const wire = parse(() => Wire.decode(bytes, { limits: counts }))
  const present = Object.values(wire).filter((part) => part !== undefined).length
  check(present === 1, `A stream message holds ${present} messages.`)
  if (wire.open) return { type: 'open', value: openFromWire(wire.open) }
  if (wire.accept) return { type: 'accept', value: acceptFromWire(wire.accept) }
  if (wire.refuse) return { type: 'refuse', value: refuseFromWire(wire.refuse, 1) }
  if (wire.key) return { type: 'key' }
  return { type: 'report', value: reportFromWire(wire.report as WireReport) }
}

/** The body of a track record. */
export function encodeTrack(track: Track): Uint8Array {
  return WireTrack.encode(trackToWire(track))
}

/** The body of a track record, read. Throws `ERR_PROTOCOL`. */
export function decodeTrack(body: Uint8Array): Track {
  return trackFromWire(parse(() => WireTrack.decode(body)))
}

/** The body of a route record. */
export function encodeRoute(hops: readonly PeerId[]): Uint8Array {
  return WireRoute.encode({ hops: hops.map(writeText) })
}

/** The body of a route record, read. Throws `ERR_PROTOCOL`. */
export function decodeRoute(body: Uint8Array): readonly PeerId[] {
  return readHops(parse(() => WireRoute.decode(body, { limits: { hops: maxHops } })).hops)
}

/** The body of an end record. */
export function encodeEnd(end: StreamRefuse): Uint8Array {
  return WireRefuse.encode(refuseToWire(end))
}

/** The body of an end record, read. Throws `ERR_PROTOCOL`. */
export function decodeEnd(body: Uint8Array): StreamRefuse {
  return refuseFromWire(
    parse(() => WireRefuse.decode(body, { limits: counts.refuse })),
    0,
  )
}

function parse<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `A stream message is malformed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function openToWire({ start, ...open }: StreamOpen): WireOpen {
  const wire: WireOpen = { ...open, path: writeText(open.path), tracks: open.tracks.map(writeText), copy: writeText(open.copy) }
  if (start === 'next-key') return { ...wire, start: { mode: 1, buffered: 0 } }
  return typeof start === 'object' ? { ...wire, start: { mode: 2, buffered: start.buffered } } : wire
}

function openFromWire(wire: WireOpen): StreamOpen {
  check(wire.wait <= maxWait, `A puller asks to wait ${wire.wait} ms.`)
  const { maxLatency, resume, wait } = wire
  const path = readText(wire.path, 'A stream path', { min: 1, max: maxPath })
  const copy = readText(wire.copy, 'The path of a copy', { max: maxPath })
  return { path, tracks: wire.tracks.map(readKind), start: startFromWire(wire.start), maxLatency, wait, copy, ...(resume && { resume }) }
}

function startFromWire(start: WireOpen['start']): StreamOpen['start'] {
  const { mode = 0, buffered = 0 } = start ?? {}
  check(mode <= 2, `There is no start mode ${mode}.`)
  check(Number.isSafeInteger(buffered) && buffered >= 0, 'The start of a stream is out of range.')
  if (mode === 2) return { buffered }
  return mode === 1 ? 'next-key' : 'latest'
}

function acceptToWire(accept: StreamAccept): WireAccept {
  return { ...accept, tracks: accept.tracks.map(trackToWire), hops: accept.hops.map(writeText), originPath: writeText(accept.originPath) }
}

function acceptFromWire(wire: WireAccept): StreamAccept {
  check(wire.tracks.length >= 1, 'A stream has no tracks.')
  const tracks = wire.tracks.map(trackFromWire)
  check(new Set(tracks.map(({ id }) => id)).size === tracks.length, 'Two tracks have the same id.')
  const { epoch, originEpoch, sealed, resumed, keyRequests } = wire
  const originPath = readText(wire.originPath, 'The path at the origin', { max: maxPath })
  return { epoch, originEpoch, tracks, hops: readHops(wire.hops), originPath, sealed, resumed, keyRequests }
}

function readHops(wire: readonly Uint8Array[]): PeerId[] {
  check(wire.length >= 1, 'A stream comes from nowhere.')
  const hops = wire.map((hop) => readAscii(hop, 'A peer id', { min: 1, max: maxPeerId }))
  check(new Set(hops).size === hops.length, 'A stream has passed a node twice.')
  return hops
}

function refuseToWire({ code, message, alternatives = [], publication }: StreamRefuse): WireRefuse {
  const wire: WireRefuse = { code: writeText(code), message: writeMessage(message, maxText), alternatives: alternatives.map(copyToWire) }
  if (!publication) return wire
  const { origin, path, epoch } = publication
  return { ...wire, publication: { origin: writeText(origin), path: writeText(path), epoch } }
}

function copyToWire({ peer, path }: Copy): { peer: Uint8Array; path: Uint8Array } {
  return { peer: writeText(peer), path: writeText(path) }
}

function copyFromWire(wire: { peer: Uint8Array; path: Uint8Array }): Copy {
  return { peer: readAscii(wire.peer, 'A peer id', { min: 1, max: maxPeerId }), path: readText(wire.path, 'A stream path', { min: 1, max: maxPath }) }
}

function refuseFromWire(wire: WireRefuse, min: number): StreamRefuse {
  const code = readAscii(wire.code, 'An error code', { min, max: 64 })
  check(code === '' || /^ERR_[A-Z_]+$/.test(code), 'An error code is not one.')
  const refuse = { code, message: readMessage(wire.message, 'The message of a refusal', { max: maxText }), alternatives: wire.alternatives.map(copyFromWire) }
  if (!wire.publication) return refuse
  const { peer: origin, path } = copyFromWire({ peer: wire.publication.origin, path: wire.publication.path })
  return { ...refuse, publication: { origin, path, epoch: wire.publication.epoch } }
}

function trackToWire(track: Track): WireTrack {
  const { id, description, width = 0, height = 0, sampleRate = 0, channels = 0 } = track
  return { id, kind: writeText(track.kind), codec: writeText(track.codec), description: description ?? new Uint8Array(), width, height, sampleRate, channels }
}

function trackFromWire(wire: WireTrack): Track {
  const { id, width, height, sampleRate, channels } = wire
  check(id >= 1 && id <= 65_535, `A track has the id ${id}.`)
  check(wire.description.byteLength <= maxDescription, 'The description of a track is larger than 64 KiB.')
  const codec = readAscii(wire.codec, 'The codec of a track', { min: 1, max: 64 })
  check(!codec.includes(' '), 'The codec of a track has a space.')
  return {
    id,
    kind: readKind(wire.kind),
    codec,
    ...(wire.description.byteLength > 0 && { description: wire.description.slice() }),
    ...(width && { width }),
    ...(height && { height }),
    ...(sampleRate && { sampleRate }),
    ...(channels && { channels }),
  }
}

function reportFromWire(wire: WireReport): ReceiverReport {
  const { received, buffered } = wire
  check(Number.isSafeInteger(received) && Number.isSafeInteger(buffered) && buffered >= 0 && buffered <= received, 'A report counts wrong.')
  return wire
}

function readKind(bytes: Uint8Array): TrackKind {
  const kind = readAscii(bytes, 'The kind of a track', { max: 5 })
  if (kind === 'video' || kind === 'audio' || kind === 'data') return kind
  throw new ShoalError('ERR_PROTOCOL', 'A track is neither video nor audio nor data.')
}

function check(fits: boolean, message: string): void {
  if (!fits) throw new ShoalError('ERR_PROTOCOL', message)
}
