/** Which node has which stream: what reachable members announce. Pure functions of the records and the membership. */

import type { PeerId } from '../../plugin.js'
import type { Membership } from './membership.js'
import { hash, slotKind, streamSlot, streamSlots } from './record.js'
import type { AuthorRecords, RecordState } from './record-state.js'
import { type Announcement, readStreams, streamLimits } from './stream-body.js'

/** What the directory is read from. */
export interface DirectoryView {
  readonly records: RecordState
  readonly membership: Membership
}

/** A copy of a stream somewhere in the cluster. */
export interface StreamCopy extends Announcement {
  readonly peer: PeerId
  /** Links to that node. */
  readonly distance: number
  /** The publisher that counts, where two publish the path and this copy is of the other. */
  readonly contested?: PeerId
}

/** Who publishes a path. */
export interface Claim {
  readonly peer: PeerId
  readonly claim: number
  readonly over?: PeerId
}

/**
 * Nodes that have a path, best first: media hops, then distance, then those that take readers before full ones; among equals the
 * order differs from node to node and never changes, so that readers spread over copies and stay where they are. Only copies of
 * the publisher that counts; `own`: this node's own claim, if it publishes the path.
 */
export function findCopies(view: DirectoryView, path: string, own?: Claim): readonly StreamCopy[] {
  const { self } = view.membership
  const winner = winnerOf(path, publishersOf(view, path, own))
  const copies = copiesOf(view, path).filter(({ origin }) => origin !== self && (winner === undefined || origin === winner))
  const weight = (copy: StreamCopy): number => hash(`${self} ${copy.peer} ${path}`)
  return copies.sort((a, b) => a.hops - b.hops || a.distance - b.distance || Number(a.full) - Number(b.full) || weight(a) - weight(b))
}

/** Every stream of every reachable member. `own`: claims of this node, by path. */
export function listCopies(view: DirectoryView, own: ReadonlyMap<string, Claim> = new Map()): readonly StreamCopy[] {
  const copies: StreamCopy[] = []
  const claims = new Map<string, Claim[]>()
  for (const [path, claim] of own) claims.set(path, [claim])
  for (const { peer, hops } of view.membership.members.values()) {
    for (const stream of streamsOf(view.records, peer)) {
      copies.push({ ...stream, peer, distance: hops })
      if (stream.hops === 0) claims.set(stream.path, [...(claims.get(stream.path) ?? []), { ...stream, peer }])
    }
  }
  return copies.map((copy) => {
    const winner = winnerOf(copy.path, claims.get(copy.path) ?? [])
    return winner === undefined || winner === copy.origin ? copy : { ...copy, contested: winner }
  })
}

/** Who publishes a path: reachable members, and this node where `own` says so. */
export function publishersOf(view: DirectoryView, path: string, own?: Claim): readonly Claim[] {
  const others = copiesOf(view, path).filter(({ hops }) => hops === 0)
  return own ? [own, ...others] : others
}

/** The publisher that counts, the same on every node: the highest claim, then the lowest hash of path and peer. */
export function winnerOf(path: string, claims: readonly Claim[]): PeerId | undefined {
  const weight = ({ peer }: Claim): number => hash(`${path} ${peer}`)
  const better = (a: Claim, b: Claim): Claim => {
    const order = b.claim - a.claim || weight(a) - weight(b) || (a.peer < b.peer ? -1 : 1)
    return order <= 0 ? a : b
  }
  return claims.length === 0 ? undefined : claims.reduce(better).peer
}

/** The highest a claim can be, so that it fits into its field. */
const maxClaim = 0xffff_ffff

/** A claim above all that anybody is known to have made of the path, also members out of reach. 1 or more. */
export function nextClaim(records: RecordState, path: string): number {
  const slot = streamSlot(path)
  let highest = 0
  for (const [author, known] of records.authors) {
    if (author !== records.self) highest = Math.max(highest, streamsIn(known, slot).get(path)?.claim ?? 0)
  }
  return Math.min(maxClaim, highest + 1)
}

/** Streams of one author, at most 1,000. */
export function streamsOf(records: RecordState, author: PeerId): readonly Announcement[] {
  const known = records.authors.get(author)
  const slots = [...(known?.records.keys() ?? [])].filter((slot) => slotKind(slot) === 'streams')
  return slots.flatMap((slot) => [...streamsIn(known, slot).values()])
}

const counts = new WeakMap<AuthorRecords, number>()

/** The streams of one slot that count: of an author with more than 1,000 those of the first slots, so that all nodes count the same. */
function streamsIn(known: AuthorRecords | undefined, slot: string): ReadonlyMap<string, Announcement> {
  const streams = readStreams(known?.records.get(slot))
  if (!known || streams.size === 0) return streams
  const total = counts.get(known) ?? countTo(known, streamSlots)
  counts.set(known, total)
  if (total <= streamLimits.streams) return streams
  const room = Math.max(0, streamLimits.streams - countTo(known, Number(slot.slice(slot.indexOf('/') + 1))))
  return new Map([...streams].slice(0, room))
}

/** Streams in the slots below `end`. */
function countTo({ records }: AuthorRecords, end: number): number {
  let count = 0
  for (let at = 0; at < end; at++) count += readStreams(records.get(`streams/${at}`)).size
  return count
}

function copiesOf({ records, membership }: DirectoryView, path: string): StreamCopy[] {
  const slot = streamSlot(path)
  const copies: StreamCopy[] = []
  for (const { peer, hops } of membership.members.values()) {
    const stream = streamsIn(records.authors.get(peer), slot).get(path)
    if (stream) copies.push({ ...stream, peer, distance: hops })
  }
  return copies
}
