/**
 * Which node has which stream: a pure state machine. Each node is the only author of its own records, ordered by (epoch,
 * sequence); what a peer told is dropped when its channel goes, for it tells everything again when it returns.
 */

import type { PeerId } from '../../plugin.js'
import { type Announcement, controlLimits, type StreamRecord } from '../swarm/control-messages.js'

/** Streams announced by one peer, at most. */
export const maxAnnouncements: number = controlLimits.announcements

/** Streams in one record message: even with the longest paths and sixteen tracks each it stays below 512 KiB. */
const streamsPerRecord = 250

type Streams = ReadonlyMap<string, Announcement>

/** What a peer told. */
export interface PeerStreams {
  readonly epoch: string
  readonly sequence: number
  /** A delta is missing: nothing is believed to be complete until the next snapshot. */
  readonly stale: boolean
  readonly streams: Streams
}

/** Everything the directory knows. Never changed in place. */
export interface DirectoryState {
  readonly self: PeerId
  /** This run of the daemon. */
  readonly epoch: string
  /** Of the last delta that was sent. */
  readonly sequence: number
  readonly own: Streams
  /** Peers whose channel is ready. */
  readonly peers: ReadonlyMap<PeerId, PeerStreams>
}

/** What happens to it. */
export type DirectoryEvent =
  /** Streams here appeared, changed or vanished. */
  | { readonly type: 'own'; readonly changed: readonly Announcement[]; readonly removed: readonly string[] }
  | { readonly type: 'ready' | 'gone'; readonly peer: PeerId }
  | { readonly type: 'record'; readonly peer: PeerId; readonly record: StreamRecord }
  /** A message to the peer could not be queued: it lacks something and needs a snapshot. */
  | { readonly type: 'unsent'; readonly peer: PeerId }

/** What must be done about it, in order. */
export type DirectoryEffect =
  | { readonly type: 'send'; readonly peers: readonly PeerId[]; readonly record: StreamRecord }
  | { readonly type: 'appeared' | 'vanished'; readonly peer: PeerId; readonly path: string }
  /** Announcements over the limit; they are not kept, or not sent where `peer` is this node. */
  | { readonly type: 'refused'; readonly peer: PeerId; readonly count: number }

/** The next state, and what to do. */
export interface DirectoryStep {
  readonly state: DirectoryState
  readonly effects: readonly DirectoryEffect[]
}

/** An empty directory. */
export function emptyDirectory(self: PeerId, epoch: string): DirectoryState {
  return { self, epoch, sequence: 0, own: new Map(), peers: new Map() }
}

/** Applies one event. Pure. */
export function stepDirectory(state: DirectoryState, event: DirectoryEvent): DirectoryStep {
  switch (event.type) {
    case 'own':
      return changeOwn(state, event.changed, event.removed)
    case 'ready':
      return addPeer(state, event.peer)
    case 'gone':
      return removePeer(state, event.peer)
    case 'record':
      return takeRecord(state, event.peer, event.record)
    case 'unsent':
      return { state, effects: state.peers.has(event.peer) ? snapshot(state, event.peer) : [] }
  }
}

/** A copy of a stream somewhere in the cluster. */
export interface StreamCopy extends Announcement {
  readonly peer: PeerId
}

/**
 * Peers that have a path, nearest copy first. Among equals the order differs from node to node and never changes, so that
 * readers spread over copies and stay where they are.
 */
export function findCopies(state: DirectoryState, path: string): readonly StreamCopy[] {
  const copies: StreamCopy[] = []
  for (const [peer, { streams }] of state.peers) {
    const stream = streams.get(path)
    // a copy of our own stream leads back here
    if (stream && stream.origin !== state.self) copies.push({ ...stream, peer })
  }
  const weight = (copy: StreamCopy): number => hash(`${state.self} ${copy.peer} ${path}`)
  return copies.sort((a, b) => a.hops - b.hops || weight(a) - weight(b))
}

/** Every stream of every peer. */
export function listCopies(state: DirectoryState): readonly StreamCopy[] {
  return [...state.peers].flatMap(([peer, { streams }]) => [...streams.values()].map((stream) => ({ ...stream, peer })))
}

function changeOwn(state: DirectoryState, changed: readonly Announcement[], removed: readonly string[]): DirectoryStep {
  const own = new Map(state.own)
  const gone = removed.filter((path) => own.delete(path))
  const told: Announcement[] = []
  for (const stream of changed) {
    if (same(own.get(stream.path), stream)) continue
    if (!own.has(stream.path) && own.size >= maxAnnouncements) continue
    own.set(stream.path, stream)
    told.push(stream)
  }
  const refused = changed.filter(({ path }) => !own.has(path)).length
  const effects: DirectoryEffect[] = refused > 0 ? [{ type: 'refused', peer: state.self, count: refused }] : []
  if (told.length === 0 && gone.length === 0) return { state, effects }
  const peers = [...state.peers.keys()]
  let sequence = state.sequence
  for (const [streams, paths] of chunks(told, gone)) {
    sequence++
    if (peers.length > 0) effects.push({ type: 'send', peers, record: { epoch: state.epoch, sequence, snapshot: false, ask: false, streams, removed: paths } })
  }
  return { state: { ...state, own, sequence }, effects }
}

/** Deltas small enough to send. */
function* chunks(streams: readonly Announcement[], removed: readonly string[]): Generator<[readonly Announcement[], readonly string[]]> {
  const longest = Math.max(streams.length, removed.length)
  for (let at = 0; at < longest; at += streamsPerRecord) yield [streams.slice(at, at + streamsPerRecord), removed.slice(at, at + streamsPerRecord)]
}

function addPeer(state: DirectoryState, peer: PeerId): DirectoryStep {
  const effects: DirectoryEffect[] = vanished(state, peer)
  const peers = new Map(state.peers).set(peer, { epoch: '', sequence: 0, stale: true, streams: new Map() })
  const next = { ...state, peers }
  return { state: next, effects: [...effects, ...snapshot(next, peer)] }
}

function removePeer(state: DirectoryState, peer: PeerId): DirectoryStep {
  const peers = new Map(state.peers)
  peers.delete(peer)
  return { state: { ...state, peers }, effects: vanished(state, peer) }
}

function vanished(state: DirectoryState, peer: PeerId): DirectoryEffect[] {
  return [...(state.peers.get(peer)?.streams.keys() ?? [])].map((path) => ({ type: 'vanished', peer, path }))
}

/** Everything we have, for one peer: a snapshot, and deltas of the same sequence for what does not fit into it. */
function snapshot(state: DirectoryState, peer: PeerId): DirectoryEffect[] {
  const all = [...state.own.values()]
  const records: StreamRecord[] = []
  for (let at = 0; at === 0 || at < all.length; at += streamsPerRecord) {
    records.push({ epoch: state.epoch, sequence: state.sequence, snapshot: at === 0, ask: false, streams: all.slice(at, at + streamsPerRecord), removed: [] })
  }
  return records.map((record) => ({ type: 'send', peers: [peer], record }))
}

function takeRecord(state: DirectoryState, peer: PeerId, record: StreamRecord): DirectoryStep {
  const known = state.peers.get(peer)
  if (!known) return { state, effects: [] }
  if (record.ask) return { state, effects: snapshot(state, peer) }
  if (record.snapshot) return apply(state, peer, new Map(), record)
  // the rest of a snapshot repeats its sequence; a delta is the next one
  const next = record.epoch === known.epoch && (record.sequence === known.sequence + 1 || record.sequence === known.sequence)
  if (next && !known.stale) return apply(state, peer, known.streams, record)
  if (known.stale || (record.epoch === known.epoch && record.sequence < known.sequence)) return { state, effects: [] }
  const peers = new Map(state.peers).set(peer, { ...known, stale: true })
  return { state: { ...state, peers }, effects: [ask(state, peer)] }
}

/** Asks a peer for a snapshot, because a delta is missing. */
function ask(state: DirectoryState, peer: PeerId): DirectoryEffect {
  return { type: 'send', peers: [peer], record: { epoch: state.epoch, sequence: 0, snapshot: false, ask: true, streams: [], removed: [] } }
}

function apply(state: DirectoryState, peer: PeerId, base: Streams, record: StreamRecord): DirectoryStep {
  const before = state.peers.get(peer)?.streams ?? new Map()
  const streams = new Map(base)
  for (const path of record.removed) streams.delete(path)
  let refused = 0
  for (const stream of record.streams) {
    if (streams.size < maxAnnouncements || streams.has(stream.path)) streams.set(stream.path, stream)
    else refused++
  }
  const effects: DirectoryEffect[] = []
  for (const path of before.keys()) if (!streams.has(path)) effects.push({ type: 'vanished', peer, path })
  for (const path of streams.keys()) if (!before.has(path)) effects.push({ type: 'appeared', peer, path })
  if (refused > 0) effects.push({ type: 'refused', peer, count: refused })
  const peers = new Map(state.peers).set(peer, { epoch: record.epoch, sequence: record.sequence, stale: false, streams })
  return { state: { ...state, peers }, effects }
}

/** Is it the same announcement, but for its date? */
function same(a: Announcement | undefined, b: Announcement): boolean {
  return a !== undefined && a.hops === b.hops && a.origin === b.origin && a.since === b.since && JSON.stringify(a.tracks) === JSON.stringify(b.tracks)
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0
  return value
}
