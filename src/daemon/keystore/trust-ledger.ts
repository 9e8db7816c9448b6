/**
 * Whom the members of a cluster trust, as a pure state machine. It takes in what this node decided (the standings of the peer book) and what trusted
 * members claim (signed records), and says what is to be done.
 *
 * The rule: of all claims about a peer the one of the highest rank counts, whoever made it and whenever it comes: the higher version, and at the same
 * version the forget. So the order of records, and how often each comes, changes nothing, and an old introduction lifts no newer forget.
 *
 * A standing that came from one member's word alone (`source`) is not repeated to others, except a forget, which everybody repeats: that is how
 * members see who has applied it. When the source is forgotten itself, this node vouches for what it learnt from it, because nobody takes that member's
 * records any more.
 */

import type { PeerId } from '../../plugin.js'
import { claimRank, type TrustClaim, type TrustRecord } from './trust-claim.js'

/** How a peer stands here. */
export interface Standing {
  readonly kind: 'trusted' | 'forgotten'
  readonly version: number
  /** A forget that is this node's alone: no introduction lifts it. */
  readonly here: boolean
  /** This node publishes the standing as its own claim. */
  readonly vouched: boolean
  /** The member on whose word it rests; absent = this node's own decision. */
  readonly source?: PeerId
}

/** What the ledger knows. */
export interface LedgerState {
  readonly self: PeerId
  readonly limits: LedgerLimits
  readonly standings: ReadonlyMap<PeerId, Standing>
  /** Ids refused for ever. */
  readonly blocked: ReadonlySet<PeerId>
  /** Members that say that this node is forgotten, and the version. */
  readonly told: ReadonlyMap<PeerId, number>
}

/** How much members may make this node keep. */
export interface LedgerLimits {
  /** Trusted peers beyond which nobody more is taken by introduction. */
  readonly trusted: number
  /** Tombstones. */
  readonly forgotten: number
}

/** What happened. */
export type LedgerEvent =
  /** The book has it so now; absent = nothing is known of the peer. */
  | { readonly type: 'standing'; readonly peer: PeerId; readonly standing?: Standing }
  /** The whole book, at the start and now and then: says again what is published, and what was left undone. */
  | { readonly type: 'loaded'; readonly standings: Iterable<readonly [PeerId, Standing]> }
  /** A record is there, for the first time or again. `allowed`: the policy lets its author decide here. */
  | ({ readonly type: 'record'; readonly allowed: boolean } & TrustRecord)
  | { readonly type: 'blocked' | 'unblocked'; readonly peer: PeerId }
  /** Time to tidy up; all records that are held. */
  | { readonly type: 'tidy'; readonly records: Iterable<TrustRecord> }

/** Why a claim does not count here. */
export type Refusal = 'policy' | 'blocked' | 'here' | 'limit'

/** What is to be done. Each may be done twice, and is worth nothing once a newer standing is there. */
export type LedgerEffect =
  /** Trust the subject on this record. */
  | { readonly type: 'trust'; readonly record: TrustRecord; readonly vouched: boolean }
  /** Forget the subject on this record: it is trusted here. */
  | { readonly type: 'forget'; readonly record: TrustRecord }
  /** Keep a tombstone of a peer that was never trusted here. */
  | { readonly type: 'bury'; readonly record: TrustRecord }
  /** The standing stays and has a higher version. */
  | { readonly type: 'raise'; readonly record: TrustRecord; readonly vouched: boolean }
  /** Publish the standing from now on: its source counts no more. */
  | { readonly type: 'vouch'; readonly peer: PeerId }
  | { readonly type: 'publish'; readonly peer: PeerId; readonly kind: TrustClaim['kind']; readonly version: number }
  /** Remember that this version is in use. */
  | { readonly type: 'seen'; readonly peer: PeerId; readonly version: number }
  /** A member says that this node is forgotten. */
  | { readonly type: 'told'; readonly record: TrustRecord }
  | { readonly type: 'refused'; readonly record: TrustRecord; readonly why: Refusal }
  /** The tombstone is needed no more: see {@link LedgerEvent} `tidy`. */
  | { readonly type: 'drop'; readonly peer: PeerId }

/** A state and what follows from the event. */
export interface LedgerStep {
  readonly state: LedgerState
  readonly effects: readonly LedgerEffect[]
}

const defaultLimits: LedgerLimits = { trusted: 256, forgotten: 512 }

/** A ledger that knows nobody. */
export function emptyLedger(self: PeerId, limits: Partial<LedgerLimits> = {}): LedgerState {
  return { self, limits: { ...defaultLimits, ...limits }, standings: new Map(), blocked: new Set(), told: new Map() }
}

/** Takes one event in. Pure. */
export function stepLedger(state: LedgerState, event: LedgerEvent): LedgerStep {
  if (event.type === 'standing') return stand(state, event.peer, event.standing)
  if (event.type === 'loaded') return load(state, event.standings)
  if (event.type === 'record') return judge(state, event, event.allowed)
  if (event.type === 'tidy') return { state, effects: tidy(state, event.records) }
  const blocked = new Set(state.blocked)
  if (event.type === 'blocked') blocked.add(event.peer)
  else blocked.delete(event.peer)
  return { state: { ...state, blocked }, effects: [] }
}

/** Is the peer trusted? */
export function isTrusted({ standings }: LedgerState, peer: PeerId): boolean {
  return standings.get(peer)?.kind === 'trusted'
}

/** Members that say that this node is forgotten. */
export function toldBy(state: LedgerState): readonly PeerId[] {
  return [...state.told.keys()].filter((author) => isTrusted(state, author))
}

function stand(before: LedgerState, peer: PeerId, standing: Standing | undefined): LedgerStep {
  const standings = new Map(before.standings)
  if (standing) standings.set(peer, standing)
  else standings.delete(peer)
  const state = { ...before, standings, told: without(before.told, standing?.kind === 'trusted' ? undefined : peer) }
  const effects = standing ? owed(state, peer, standing) : []
  return { state, effects: standing?.kind === 'trusted' ? effects : [...effects, ...orphansOf(state, peer)] }
}

function load(before: LedgerState, standings: Iterable<readonly [PeerId, Standing]>): LedgerStep {
  const state = { ...before, standings: new Map(standings) }
  return { state, effects: [...state.standings].flatMap(([peer, standing]) => owed(state, peer, standing)) }
}

/** What members are to hear of a standing. */
function owed(state: LedgerState, peer: PeerId, standing: Standing): LedgerEffect[] {
  const { kind, version, vouched } = standing
  if (vouched) return [{ type: 'publish', peer, kind: kind === 'trusted' ? 'introduced' : 'forgotten', version }]
  return isOrphan(state, standing) ? [{ type: 'vouch', peer }] : []
}

/** It rests on the word of a member that counts no more. */
function isOrphan(state: LedgerState, { source, vouched }: Standing): boolean {
  return source !== undefined && !vouched && !isTrusted(state, source)
}

function orphansOf(state: LedgerState, source: PeerId): LedgerEffect[] {
  const own = [...state.standings].filter(([, standing]) => standing.source === source && isOrphan(state, standing))
  return own.map(([peer]) => ({ type: 'vouch', peer }))
}

function judge(state: LedgerState, record: TrustRecord, allowed: boolean): LedgerStep {
  const { author, subject, claim } = record
  const own = author === state.self
  if (author === subject || !(own || isTrusted(state, author))) return { state, effects: [] }
  const slim: TrustRecord = { author, subject, claim }
  if (subject === state.self) return aboutSelf(state, slim)
  const standing = state.standings.get(subject)
  if (standing && claimRank(claim) <= claimRank(standing)) return { state, effects: [] }
  const seen: LedgerEffect = { type: 'seen', peer: subject, version: claim.version }
  // its own word, of a time that this node has lost: an older copy of its home was put back. Forgetting is done again, trusting is not
  if (own) return { state, effects: claim.kind === 'forgotten' ? [seen, burial(state, slim, standing)] : [seen] }
  return { state, effects: [seen, allowed ? verdict(state, slim, standing) : { type: 'refused', record: slim, why: 'policy' }] }
}

function verdict(state: LedgerState, record: TrustRecord, standing: Standing | undefined): LedgerEffect {
  if (record.claim.kind === 'forgotten') return burial(state, record, standing)
  if (state.blocked.has(record.subject)) return { type: 'refused', record, why: 'blocked' }
  // two members raise a version together only when a person paired the peer anew: that decision must survive its author
  if (standing?.kind === 'trusted') return { type: 'raise', record, vouched: true }
  if (standing?.here) return { type: 'refused', record, why: 'here' }
  const full = count(state, 'trusted') >= state.limits.trusted || (!standing && count(state, 'forgotten') >= state.limits.forgotten)
  return full ? { type: 'refused', record, why: 'limit' } : { type: 'trust', record, vouched: standing?.vouched ?? false }
}

function burial(state: LedgerState, record: TrustRecord, standing: Standing | undefined): LedgerEffect {
  if (standing?.kind === 'trusted') return { type: 'forget', record }
  if (standing) return { type: 'raise', record, vouched: !standing.here }
  // the record itself still stands in the way of older introductions
  return count(state, 'forgotten') >= roomy(state) ? { type: 'refused', record, why: 'limit' } : { type: 'bury', record }
}

function aboutSelf(state: LedgerState, record: TrustRecord): LedgerStep {
  const { author, claim } = record
  const known = state.told.get(author)
  if (claim.kind === 'introduced') {
    return { state: known !== undefined && claim.version > known ? { ...state, told: without(state.told, author) } : state, effects: [] }
  }
  if (known !== undefined && claim.version <= known) return { state, effects: [] }
  return { state: { ...state, told: new Map(state.told).set(author, claim.version) }, effects: known === undefined ? [{ type: 'told', record }] : [] }
}

/** Tombstones after tidying: the rest is room for the next ones. */
function roomy({ limits }: LedgerState): number {
  return Math.ceil(limits.forgotten * 0.75)
}

/**
 * Too many tombstones: the oldest go for which every trusted member has published a forget of that version or a higher one. No member can introduce
 * that peer at such a version any more, and members that are away count too.
 */
function tidy(state: LedgerState, records: Iterable<TrustRecord>): LedgerEffect[] {
  const spare = count(state, 'forgotten') - roomy(state)
  if (count(state, 'forgotten') < state.limits.forgotten) return []
  const members = [...state.standings].filter(([, { kind }]) => kind === 'trusted').map(([peer]) => peer)
  const applied = new Map<PeerId, Set<PeerId>>()
  for (const { author, subject, claim } of records) {
    const standing = state.standings.get(subject)
    if (standing?.kind !== 'forgotten' || claim.kind !== 'forgotten' || claim.version < standing.version) continue
    applied.set(subject, (applied.get(subject) ?? new Set()).add(author))
  }
  const safe = [...state.standings].filter(
    ([peer, { kind, here }]) => kind === 'forgotten' && !here && members.every((member) => applied.get(peer)?.has(member) === true),
  )
  return safe.slice(0, spare).map(([peer]) => ({ type: 'drop', peer }))
}

function count({ standings }: LedgerState, kind: Standing['kind']): number {
  let found = 0
  for (const standing of standings.values()) if (standing.kind === kind) found++
  return found
}

function without<T>(map: ReadonlyMap<PeerId, T>, peer: PeerId | undefined): ReadonlyMap<PeerId, T> {
  if (peer === undefined || !map.has(peer)) return map
  const rest = new Map(map)
  rest.delete(peer)
  return rest
}
