/**
 * Who is there: the graph of direct links that both ends claim, seen from this node. Pure; made anew when a member record
 * changes.
 */

import type { PeerId } from '../../plugin.js'
import type { ReadMember } from './member-body.js'
import { readMember } from './member-body.js'
import { hash, memberSlot } from './record.js'
import type { RecordState } from './record-state.js'

/** A member that can be reached. */
export interface Member extends ReadMember {
  readonly peer: PeerId
  /** Links on the shortest way: 1 = a direct one. */
  readonly hops: number
  /** First node on that way; the member itself where the link is direct. */
  readonly via: PeerId
}

/** Reachable members, nearest first. */
export interface Membership {
  readonly self: PeerId
  /** Direct links of this node. */
  readonly links: ReadonlySet<PeerId>
  readonly members: ReadonlyMap<PeerId, Member>
  /** Members known but out of reach, among them those that left. */
  readonly away: ReadonlyMap<PeerId, ReadMember>
}

/** The membership that follows from the records. A link counts when both ends claim it; this node's own come from `peers`. */
export function deriveMembership(state: RecordState): Membership {
  const { self } = state
  const links = new Set(state.peers.keys())
  const said = new Map<PeerId, ReadMember>()
  for (const [author, { records }] of state.authors) {
    const body = author === self ? undefined : readMember(records.get(memberSlot))
    if (body) said.set(author, body)
  }
  const members = new Map<PeerId, Member>()
  for (const { peer, hops, via } of walk(self, links, said)) members.set(peer, { ...(said.get(peer) as ReadMember), peer, hops, via })
  const away = new Map([...said].filter(([peer]) => !members.has(peer)))
  return { self, links, members, away }
}

/**
 * The direct peer through which the shortest way to `destination` leads that touches none of `except`; undefined where there is
 * none. Among equals the choice differs from node to node and stays, so that ways spread.
 */
export function nextHop(membership: Membership, destination: PeerId, except: ReadonlySet<PeerId> = new Set()): PeerId | undefined {
  if (except.has(destination)) return undefined
  if (except.size === 0) return membership.members.get(destination)?.via
  for (const step of walk(membership.self, membership.links, membership.members, except)) if (step.peer === destination) return step.via
  return undefined
}

interface Step {
  readonly peer: PeerId
  readonly hops: number
  readonly via: PeerId
}

/** Breadth first over links that both ends claim. A member that left leads nowhere. */
function* walk(
  self: PeerId,
  links: ReadonlySet<PeerId>,
  said: ReadonlyMap<PeerId, ReadMember>,
  except: ReadonlySet<PeerId> = new Set(),
): Generator<Step, void, undefined> {
  const seen = new Set<PeerId>([self, ...except])
  const weight = (peer: PeerId): number => hash(`${self} ${peer}`)
  let ring: Step[] = []
  const enter = (peer: PeerId, from: PeerId, hops: number, via: PeerId): void => {
    const body = seen.has(peer) ? undefined : said.get(peer)
    if (!body || body.left || !body.linked.has(from)) return
    seen.add(peer)
    ring.push({ peer, hops, via })
  }
  for (const peer of [...links].sort((a, b) => weight(a) - weight(b))) enter(peer, self, 1, peer)
  while (ring.length > 0) {
    yield* ring
    const last = ring
    ring = []
    for (const { peer, hops, via } of last) for (const next of said.get(peer)?.linked ?? []) enter(next, peer, hops + 1, via)
  }
}
