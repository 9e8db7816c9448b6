/** Records, membership and directory of a few nodes, made by hand. */

import type { DirectoryView } from '../../../../src/daemon/cluster/directory.js'
import { encodeMember, type MemberBody } from '../../../../src/daemon/cluster/member-body.js'
import { deriveMembership } from '../../../../src/daemon/cluster/membership.js'
import { memberSlot, type SignedRecord, streamSlot } from '../../../../src/daemon/cluster/record.js'
import { startRecords, stepRecords } from '../../../../src/daemon/cluster/record-set.js'
import type { RecordState } from '../../../../src/daemon/cluster/record-state.js'
import { type Announcement, encodeStreams } from '../../../../src/daemon/cluster/stream-body.js'
import { sign } from './sim-node.js'

/** An announcement; published at `author` unless `parts` says otherwise. */
export function stream(path: string, author: string, parts: Partial<Announcement> = {}): Announcement {
  const claim = (parts.hops ?? 0) === 0 ? 1 : 0
  return { path, tracks: [{ kind: 'video', codec: 'vp8' }], since: 1, hops: 0, origin: author, claim, full: false, ...parts }
}

/** What an author says of itself. */
export function memberRecord(author: string, links: readonly string[], parts: Partial<MemberBody> = {}, sequence = 1): SignedRecord {
  const body = { name: author, agent: 'test', addresses: [], links, instance: '01'.repeat(8), since: 1, features: [], left: false, ...parts }
  return sign({ author, epoch: 1, sequence, slot: memberSlot, body: encodeMember(body) })
}

/** The streams of an author, by slot. */
export function streamRecords(author: string, streams: readonly Announcement[], sequence = 1): SignedRecord[] {
  const slots = new Map<string, Announcement[]>()
  for (const one of streams) slots.set(streamSlot(one.path), [...(slots.get(streamSlot(one.path)) ?? []), one])
  return [...slots].map(([slot, inSlot]) => sign({ author, epoch: 1, sequence, slot, body: encodeStreams(author, inSlot) }))
}

/** A view from `self` of a graph such as `a-b b-c`, with what each says of its streams. */
export function viewOf(self: string, graph: string, streams: Readonly<Record<string, readonly Announcement[]>> = {}): DirectoryView {
  const links = new Map<string, Set<string>>([[self, new Set()]])
  for (const [a, b] of graph.split(' ').map((edge) => edge.split('-') as [string, string])) {
    links.set(a, (links.get(a) ?? new Set()).add(b))
    links.set(b, (links.get(b) ?? new Set()).add(a))
  }
  let state: RecordState = startRecords({ self, epoch: 1, instance: '01'.repeat(8), since: 1, trusted: [...links.keys()].filter((peer) => peer !== self) })
  for (const peer of links.get(self) ?? []) state = stepRecords(state, { type: 'linked', peer }).state
  const records = [...links]
    .filter(([peer]) => peer !== self)
    .flatMap(([peer, own]) => [memberRecord(peer, [...own]), ...streamRecords(peer, streams[peer] ?? [])])
  state = stepRecords(state, { type: 'records', peer: 'x', records }).state
  return { records: state, membership: deriveMembership(state) }
}
