/**
 * How two nodes find out what each lacks: they compare one mark, then the marks of authors, then the records of those that
 * differ. Nobody is sent what it did not ask for.
 */

import type { PeerId } from '../../plugin.js'
import type { ControlMessage, Digest, Want } from '../swarm/control-messages.js'
import { isNewer, markText, noMark, placeOf, recordSize, type SignedRecord } from './record.js'
import type { RecordDraft } from './record-draft.js'
import type { AuthorRecords, RecordState } from './record-state.js'

/** Bytes of records in one message, and how many. */
const messageBytes = 256 * 1024
const messageRecords = 512

/** Wants in one message: even with all slots of an author it stays below 1 MiB. */
const messageHeld = 4096

/** Begins: the mark of everything. */
export function compareWith(draft: RecordDraft, peer: PeerId): void {
  send(draft, peer, { root: markText(draft.state.mark), authors: [], all: false, wants: [] })
}

/** Answers a digest. */
export function answerDigest(draft: RecordDraft, peer: PeerId, digest: Digest): void {
  if (digest.root !== undefined && digest.root !== markText(draft.state.mark)) tellAuthors(draft, peer)
  if (digest.authors.length > 0 || digest.all) compareAuthors(draft, peer, digest)
  if (digest.wants.length > 0) sendWanted(draft, peer, digest.wants)
}

/** All authors. The peer need not be told again when its own list comes. */
function tellAuthors(draft: RecordDraft, peer: PeerId): void {
  const { state } = draft
  if (state.peers.has(peer)) draft.set({ peers: new Map(state.peers).set(peer, { told: true }) })
  const authors = [...state.authors].map(([author, { mark }]) => ({ author, mark: markText(mark) }))
  send(draft, peer, { authors, all: true, wants: [] })
}

function compareAuthors(draft: RecordDraft, peer: PeerId, { authors, all }: Digest): void {
  const { state } = draft
  const wants: Want[] = []
  const theirs = new Map(authors.map(({ author, mark }) => [author, mark]))
  for (const [author, mark] of theirs) {
    if (author !== state.self && !state.trusted.has(author)) continue
    const ours = state.authors.get(author)
    if (markText(ours?.mark ?? noMark) === mark || isAsked(state, author, peer, mark)) continue
    wants.push({ author, held: heldOf(ours) })
    draft.set({ asked: draft.state.asked.set(author, { peer, mark }) })
  }
  sendWants(draft, peer, wants)
  if (!all || state.peers.get(peer)?.told) return
  const differing = [...state.authors].map(([author, { mark }]) => ({ author, mark: markText(mark) })).filter(({ author, mark }) => theirs.get(author) !== mark)
  if (differing.length > 0) send(draft, peer, { authors: differing, all: false, wants: [] })
}

/** Will another peer send it? */
function isAsked(state: RecordState, author: PeerId, peer: PeerId, mark: string): boolean {
  const asked = state.overdue.has(author) ? undefined : state.asked.get(author)
  return asked !== undefined && asked.mark === mark && asked.peer !== peer && state.peers.has(asked.peer)
}

function heldOf(known: AuthorRecords | undefined): Want['held'] {
  return [...(known?.records.values() ?? [])].map((record) => ({ slot: record.slot, ...placeOf(record) }))
}

function sendWants(draft: RecordDraft, peer: PeerId, wants: readonly Want[]): void {
  for (const part of inParts(wants, ({ held }) => held.length + 1, messageHeld, 4096)) send(draft, peer, { authors: [], all: false, wants: part })
}

function sendWanted(draft: RecordDraft, peer: PeerId, wants: readonly Want[]): void {
  const records: SignedRecord[] = []
  // each author once: what is asked for in one message must not multiply what is sent
  for (const [author, held] of new Map(wants.map((want) => [want.author, want.held]))) {
    const has = new Map(held.map((one) => [one.slot, one]))
    for (const record of draft.state.authors.get(author)?.records.values() ?? []) if (isNewer(record, has.get(record.slot))) records.push(record)
  }
  sendRecords(draft, peer, records)
}

/** Sends records in messages of bounded size. */
export function sendRecords(draft: RecordDraft, peer: PeerId, records: readonly SignedRecord[]): void {
  for (const value of inParts(records, recordSize, messageBytes, messageRecords)) draft.emit({ type: 'send', peer, message: { type: 'records', value } })
}

function send(draft: RecordDraft, peer: PeerId, value: Digest): void {
  const message: ControlMessage = { type: 'digest', value }
  draft.emit({ type: 'send', peer, message })
}

/** In order, each part of at most `weight` and `count`, or of one item. */
function* inParts<T>(items: readonly T[], weigh: (item: T) => number, weight: number, count: number): Generator<T[], void, undefined> {
  let part: T[] = []
  let sum = 0
  for (const item of items) {
    const next = weigh(item)
    if (part.length > 0 && (sum + next > weight || part.length >= count)) {
      yield part
      part = []
      sum = 0
    }
    part.push(item)
    sum += next
  }
  if (part.length > 0) yield part
}
