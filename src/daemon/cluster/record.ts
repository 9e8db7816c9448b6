/**
 * Signed records: what a node says of itself to all members, each under a name (slot). A record is judged by its author's
 * signature alone, so it may come from anybody.
 */

import type { PeerId } from '../../plugin.js'
import { controlLimits, type SignedRecord } from '../swarm/control-messages.js'

export type { SignedRecord } from '../swarm/control-messages.js'

/** A record before it is signed. */
export type UnsignedRecord = Omit<SignedRecord, 'signature'>

/** The slot in which a node says who it is and whom it is linked with. */
export const memberSlot = 'member'

/** Slots for streams: a path belongs to one of them. */
export const streamSlots = 64

/** What one author may say. */
export const recordLimits = {
  /** Bytes of a body. */
  body: controlLimits.body,
  /** Slots `trust/…`. */
  trust: 1024,
  /** Bytes of all bodies. */
  bytes: 2 * 1024 * 1024,
} as const

/** Which room a slot belongs to; undefined for one that this version does not know. */
export function slotKind(slot: string): 'member' | 'streams' | 'trust' | undefined {
  if (slot === memberSlot) return 'member'
  if (slot.startsWith('trust/') && slot.length > 6) return 'trust'
  const match = /^streams\/(0|[1-9]\d?)$/.exec(slot)
  return match && Number(match[1]) < streamSlots ? 'streams' : undefined
}

/** The slot of a stream path. */
export function streamSlot(path: string): string {
  return `streams/${hash(path) % streamSlots}`
}

/** What an author signs: a domain, then each field with its length in front, so that no two records have the same bytes. */
export function signedBytes(record: UnsignedRecord): Uint8Array {
  const { author, epoch, sequence, slot, body } = record
  const parts = [...['shoal-record-v1', author, String(epoch), String(sequence), slot].map((text) => Buffer.from(text)), body]
  const bytes = Buffer.alloc(parts.reduce((sum, part) => sum + 4 + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    at = bytes.writeUInt32BE(part.byteLength, at)
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

/** 64 bits that stand for a record, or, joined by exclusive or, for many. Empty = 0. */
export interface Mark {
  readonly high: number
  readonly low: number
}

/** The mark of nothing. */
export const noMark: Mark = { high: 0, low: 0 }

/** The mark of a record: the first 8 bytes of its signature, which nobody but its author can choose. */
export function markOf({ signature }: SignedRecord): Mark {
  return { high: word(signature, 0), low: word(signature, 4) }
}

/** Adds a mark, or takes it away again. */
export function joinMarks(a: Mark, b: Mark): Mark {
  return { high: (a.high ^ b.high) >>> 0, low: (a.low ^ b.low) >>> 0 }
}

const hex: readonly string[] = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'))

/** As 16 hex digits. */
export function markText({ high, low }: Mark): string {
  return `${hex[high >>> 16]}${hex[high & 0xffff]}${hex[low >>> 16]}${hex[low & 0xffff]}`
}

/** The place of a record among those of its slot. `mark` decides where an author gave two the same place, so that all choose the same. */
export interface Place {
  readonly epoch: number
  readonly sequence: number
  readonly mark: string
}

/** Where a record stands. */
export function placeOf(record: SignedRecord): Place {
  return { epoch: record.epoch, sequence: record.sequence, mark: markText(markOf(record)) }
}

/** Does `a` replace `b`? */
export function isNewer(a: SignedRecord, b: SignedRecord | Place | undefined): boolean {
  if (b === undefined) return true
  if (a === b) return false
  if (a.epoch !== b.epoch) return a.epoch > b.epoch
  if (a.sequence !== b.sequence) return a.sequence > b.sequence
  if ('mark' in b) return markText(markOf(a)) > b.mark
  const [x, y] = [markOf(a), markOf(b)]
  return x.high === y.high ? x.low > y.low : x.high > y.high
}

/** Name of an author's slot among all. */
export function slotKey(author: PeerId, slot: string): string {
  return `${slot} ${author}`
}

/** Bytes of a record on the wire, roughly. */
export function recordSize({ author, slot, body }: SignedRecord): number {
  return author.length + slot.length + body.byteLength + 90
}

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0
  return value
}

function word(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
}
