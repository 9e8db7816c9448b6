/** A step of the record set in the making: the next state, and the effects so far. Lives no longer than the step. */

import type { PeerId } from '../../plugin.js'
import { readMember } from './member-body.js'
import { isNewer, joinMarks, type Mark, markOf, markText, memberSlot, noMark, recordLimits, type SignedRecord, slotKey, slotKind } from './record.js'
import type { AuthorRecords, RecordEffect, RecordState, RecordStep } from './record-state.js'

const nobody: AuthorRecords = { epoch: 0, records: new Map(), mark: noMark, bytes: 0 }

/** The step. */
export class RecordDraft {
  /** A copy that belongs to this step, and changes with it. */
  readonly state: RecordState
  readonly effects: RecordEffect[] = []

  constructor(state: RecordState) {
    this.state = { ...state }
  }

  /** The step, made. */
  done(): RecordStep {
    return { state: this.state, effects: this.effects }
  }

  set(parts: Partial<RecordState>): void {
    Object.assign(this.state, parts)
  }

  emit(effect: RecordEffect): void {
    this.effects.push(effect)
  }

  author(author: PeerId): AuthorRecords {
    return this.state.authors.get(author) ?? nobody
  }

  record(author: PeerId, slot: string): SignedRecord | undefined {
    return this.state.authors.get(author)?.records.get(slot)
  }

  /** Keeps a record if it is newer than what is known and within limits; `from` has it already. */
  put(record: SignedRecord, from: readonly PeerId[]): void {
    const kind = slotKind(record.slot)
    if (kind === undefined || (kind === 'trust') !== (record.epoch === 0)) return
    if (kind !== 'trust' && !this.#enter(record)) return
    const known = this.author(record.author)
    const before = known.records.get(record.slot)
    if (!isNewer(record, before)) {
      this.#seen(record, before, from)
      return
    }
    const bytes = known.bytes + record.body.byteLength - (before?.body.byteLength ?? 0)
    if (bytes > recordLimits.bytes || (kind === 'trust' && !before && countTrust(known) >= recordLimits.trust)) {
      this.emit({ type: 'refused', author: record.author, slot: record.slot })
      return
    }
    this.#replace(record.author, { ...known, records: new Map(known.records).set(record.slot, record), bytes }, change(before, record))
    this.emit({ type: 'changed', change: { author: record.author, slot: record.slot, record, ...(before && { before }) } })
    if (kind === 'trust') this.emit({ type: 'save', record })
    this.set({ outbox: this.state.outbox.set(slotKey(record.author, record.slot), { record, from }) })
    if (record.slot === memberSlot) this.#mend(record, before)
  }

  /** Drops everything of an author, or what is not of epoch 0. */
  remove(author: PeerId, only: 'all' | 'run'): void {
    const known = this.state.authors.get(author)
    if (!known) return
    const gone = [...known.records.values()].filter(({ epoch }) => only === 'all' || epoch !== 0)
    const records = new Map(known.records)
    let { mark, bytes } = { mark: noMark, bytes: known.bytes }
    let { outbox } = this.state
    for (const record of gone) {
      records.delete(record.slot)
      outbox = outbox.delete(slotKey(author, record.slot))
      mark = joinMarks(mark, markOf(record))
      bytes -= record.body.byteLength
      this.emit({ type: 'changed', change: { author, slot: record.slot, before: record } })
      if (record.epoch === 0) this.emit({ type: 'drop', author, slot: record.slot })
    }
    this.set({ outbox })
    this.#replace(author, { ...known, records, bytes }, mark)
    if (only === 'all') this.set({ authors: this.state.authors.delete(author) })
  }

  /** Is the epoch of the record the newest of its author? A newer one ends all of the older. */
  #enter({ author, epoch }: SignedRecord): boolean {
    const known = this.author(author)
    if (epoch < known.epoch) return false
    if (epoch > known.epoch) {
      if (known.epoch > 0) this.remove(author, 'run')
      this.#replace(author, { ...this.author(author), epoch }, noMark)
    }
    return true
  }

  /** `turned`: what changes in the mark. */
  #replace(author: PeerId, next: AuthorRecords, turned: Mark): void {
    const own = { ...next, mark: joinMarks(next.mark, turned) }
    this.set({ authors: this.state.authors.set(author, own), mark: joinMarks(this.state.mark, turned) })
  }

  /** A record that is known came again: those who have it need not be sent it. */
  #seen(record: SignedRecord, known: SignedRecord | undefined, from: readonly PeerId[]): void {
    const key = slotKey(record.author, record.slot)
    const waiting = this.state.outbox.get(key)
    if (!waiting || !known || isNewer(known, record)) return
    this.set({ outbox: this.state.outbox.set(key, { ...waiting, from: [...waiting.from, ...from] }) })
  }

  /** An author that lost its link to a peer of ours may have told it less than us. */
  #mend(record: SignedRecord, before: SignedRecord | undefined): void {
    const was = readMember(before)?.linked
    if (!was) return
    const is = readMember(record)?.linked
    const authors = [{ author: record.author, mark: markText(this.author(record.author).mark) }]
    for (const peer of this.state.peers.keys()) {
      if (was.has(peer) && !is?.has(peer)) this.emit({ type: 'send', peer, message: { type: 'digest', value: { authors, all: false, wants: [] } } })
    }
  }
}

function change(before: SignedRecord | undefined, record: SignedRecord): Mark {
  return before ? joinMarks(markOf(before), markOf(record)) : markOf(record)
}

function countTrust({ records }: AuthorRecords): number {
  let count = 0
  for (const { epoch } of records.values()) if (epoch === 0) count++
  return count
}
