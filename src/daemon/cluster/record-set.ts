/**
 * The records of all members on one node: a pure state machine. Whatever the order in which records arrive, however often and
 * through whom, nodes that trust the same authors and exchange digests end with the same set: the newest of each author and slot.
 */

import type { PeerId } from '../../plugin.js'
import { PersistentMap } from '../util/persistent-map.js'
import { type ReadMember, readMember } from './member-body.js'
import { isNewer, markText, memberSlot, noMark, type SignedRecord, slotKind } from './record.js'
import { answerDigest, compareWith, sendRecords } from './record-digest.js'
import { RecordDraft } from './record-draft.js'
import { emptyRecords, type RecordEvent, type RecordStart, type RecordState, type RecordStep } from './record-state.js'

/** Times the epoch may be raised between rounds of digests. */
const maxRaises = 8

/** Other runs with this identity that are remembered. */
const maxStrangers = 16

/** A node as it begins. */
export function startRecords(start: RecordStart): RecordState {
  const draft = new RecordDraft(emptyRecords(start))
  for (const record of start.kept ?? []) if (isKept(draft, record)) draft.put(record, [])
  draft.set({ outbox: PersistentMap.empty() })
  return draft.state
}

/** Applies one event. Pure. */
export function stepRecords(state: RecordState, event: RecordEvent): RecordStep {
  const draft = new RecordDraft(state)
  switch (event.type) {
    case 'own':
      say(draft, event.slot, event.body)
      break
    case 'signed':
      if (event.record.epoch === 0 || event.record.epoch === state.epoch) draft.put(event.record, [])
      break
    case 'linked':
      draft.set({ peers: new Map(state.peers).set(event.peer, { told: false }) })
      compareWith(draft, event.peer)
      break
    case 'unlinked':
      unlink(draft, event.peer)
      break
    case 'records':
      for (const record of event.records) takeRecord(draft, event.peer, record)
      break
    case 'digest':
      answerDigest(draft, event.peer, event.digest)
      break
    case 'trusted':
      trust(draft, event.author)
      break
    case 'untrusted':
      distrust(draft, event.author)
      break
    case 'flush':
      flush(draft)
      break
    case 'compare':
      compare(draft, event.peer)
      break
  }
  return draft.done()
}

/** The record of an author under a name. */
export function recordOf(state: RecordState, author: PeerId, slot: string): SignedRecord | undefined {
  return state.authors.get(author)?.records.get(slot)
}

/** What an author says of itself. */
export function memberOf(state: RecordState, author: PeerId): ReadMember | undefined {
  return readMember(recordOf(state, author, memberSlot))
}

/** What to do with a record that arrives: `check` its signature, for it would change something; take it as `known`; or `drop` it. */
export function judgeRecord(state: RecordState, record: SignedRecord): 'check' | 'known' | 'drop' {
  const { author, epoch, slot } = record
  const kind = slotKind(slot)
  if (kind === undefined || (kind === 'trust') !== (epoch === 0)) return 'drop'
  if (author === state.self && kind !== 'trust') return isStranger(state, record) ? 'check' : 'drop'
  if (author !== state.self && !state.trusted.has(author)) return 'drop'
  if (kind !== 'trust' && epoch < (state.authors.get(author)?.epoch ?? 0)) return 'drop'
  const known = recordOf(state, author, slot)
  if (isNewer(record, known)) return 'check'
  return known && !isNewer(known, record) ? 'known' : 'drop'
}

function isKept(draft: RecordDraft, record: SignedRecord): boolean {
  return slotKind(record.slot) === 'trust' && (record.author === draft.state.self || draft.state.trusted.has(record.author))
}

function say(draft: RecordDraft, slot: string, body: Uint8Array): void {
  const { self: author, epoch, sequence, own } = draft.state
  if (slotKind(slot) === 'trust') {
    const last = [...draft.author(author).records.values()].reduce((most, record) => (record.epoch === 0 ? Math.max(most, record.sequence) : most), 0)
    draft.emit({ type: 'sign', record: { author, epoch: 0, sequence: last + 1, slot, body } })
    return
  }
  draft.set({ own: new Map(own).set(slot, body), sequence: sequence + 1 })
  draft.emit({ type: 'sign', record: { author, epoch, sequence: sequence + 1, slot, body } })
}

function takeRecord(draft: RecordDraft, peer: PeerId, record: SignedRecord): void {
  const { self, trusted } = draft.state
  if (record.author === self && slotKind(record.slot) !== 'trust') meetStranger(draft, record)
  else if (record.author === self || trusted.has(record.author)) draft.put(record, [peer])
}

/** Does another run with this identity say who it is? */
function isStranger(state: RecordState, record: SignedRecord): boolean {
  const instance = record.slot === memberSlot ? readMember(record)?.instance : undefined
  if (instance === undefined || instance === state.instance) return false
  return record.epoch >= state.epoch || record.epoch > (state.strangers.get(instance) ?? -1)
}

/** A run before this one whose epoch was lost, as after a restored backup; or another host with this identity. */
function meetStranger(draft: RecordDraft, record: SignedRecord): void {
  const body = record.slot === memberSlot ? readMember(record) : undefined
  if (!body || body.instance === draft.state.instance) return
  // the newer of two that are alive has a last word, so that the other notices as well
  const silent = draft.state.copied?.newest === true
  noteStranger(draft, record.epoch, body)
  const { raises, epoch } = draft.state
  if (record.epoch >= epoch && !silent && raises < maxRaises) raise(draft, record.epoch + 1)
}

/** A run that is over never answers a raised epoch with a higher one; one that does is alive. */
function noteStranger(draft: RecordDraft, epoch: number, { instance, since: theirs }: ReadMember): void {
  const { strangers, copied, instance: ours, since, epoch: own } = draft.state
  const first = strangers.get(instance)
  if (first === undefined) {
    const recent = [...strangers].slice(-maxStrangers + 1)
    draft.set({ strangers: new Map([...recent, [instance, epoch]]) })
  } else if (epoch > first && epoch > own && !copied) {
    const newest = since === theirs ? ours > instance : since > theirs
    draft.set({ copied: { instance, newest } })
    draft.emit({ type: 'copied', instance, newest })
  }
}

/** Everything is said anew, above what others have. */
function raise(draft: RecordDraft, epoch: number): void {
  const { self: author, own, raises } = draft.state
  let sequence = 0
  draft.set({ epoch, raises: raises + 1 })
  draft.emit({ type: 'raised', epoch })
  for (const [slot, body] of own) draft.emit({ type: 'sign', record: { author, epoch, sequence: ++sequence, slot, body } })
  draft.set({ sequence })
}

function trust(draft: RecordDraft, author: PeerId): void {
  const { trusted, self } = draft.state
  if (author === self || trusted.has(author)) return
  draft.set({ trusted: new Set(trusted).add(author) })
  compare(draft, undefined)
}

function distrust(draft: RecordDraft, author: PeerId): void {
  const trusted = new Set(draft.state.trusted)
  if (!trusted.delete(author)) return
  draft.set({ trusted })
  draft.remove(author, 'all')
}

/** Peers that the author told itself are not told again. */
function flush(draft: RecordDraft): void {
  const { state } = draft
  const parcels = new Map<PeerId, SignedRecord[]>()
  for (const [, { record, from }] of state.outbox) {
    const told = record.author === state.self ? undefined : memberOf(state, record.author)?.linked
    for (const peer of state.peers.keys()) {
      if (peer === record.author || told?.has(peer) || from.includes(peer)) continue
      const parcel = parcels.get(peer)
      if (parcel) parcel.push(record)
      else parcels.set(peer, [record])
    }
  }
  for (const [peer, records] of parcels) sendRecords(draft, peer, records)
  if (state.outbox.size > 0) draft.set({ outbox: PersistentMap.empty() })
}

function unlink(draft: RecordDraft, peer: PeerId): void {
  const { peers, asked } = draft.state
  draft.set({ peers: without(peers, peer) })
  // what it was asked for must come from others
  if ([...asked].some(([, one]) => one.peer === peer)) for (const other of draft.state.peers.keys()) compare(draft, other)
}

function compare(draft: RecordDraft, peer: PeerId | undefined): void {
  const { peers, raises, overdue } = draft.state
  const late = lateAuthors(draft)
  draft.set({ asked: PersistentMap.empty(), overdue: peer === undefined ? late : new Set([...overdue, ...late]) })
  if (peer === undefined) draft.set({ raises: Math.max(0, raises - 1) })
  const chosen = peer === undefined ? [...peers.keys()] : peers.has(peer) ? [peer] : []
  const fresh = new Map(peers)
  for (const one of chosen) fresh.set(one, { told: false })
  draft.set({ peers: fresh })
  for (const one of chosen) compareWith(draft, one)
}

/** Whoever was asked for them may keep them back: it is not believed twice. */
function lateAuthors({ state }: RecordDraft): Set<PeerId> {
  const late = [...state.asked].filter(([author, { mark }]) => markText(state.authors.get(author)?.mark ?? noMark) !== mark)
  return new Set(late.map(([author]) => author))
}

function without<V>(map: ReadonlyMap<PeerId, V>, key: PeerId): ReadonlyMap<PeerId, V> {
  const next = new Map(map)
  next.delete(key)
  return next
}
