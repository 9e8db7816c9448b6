/** What lock holders and the leader say to each other, as JSON. Checked on arrival. */

import { type Static, Type } from 'typebox'
import { readJson } from './state-messages.js'

const name = Type.String({ minLength: 1, maxLength: 200 })
const request = Type.String({ minLength: 1, maxLength: 64 })
const token = Type.String({ minLength: 1, maxLength: 200 })
const strict = { additionalProperties: false }
const of = <T extends string>(type: T) => ({ type: Type.Literal(type) })

/** A term: in each, one leader grants. Ordered by number, then leader. */
const term = Type.Object({ number: Type.Integer({ minimum: 0 }), leader: Type.String({ maxLength: 128 }) }, strict)
const held = Type.Object({ name, request, token }, strict)

/** To the leader: what the sender holds, and the requests it still waits for; all else of it is free. */
const report = Type.Object(
  {
    ...of('report'),
    round: Type.Integer({ minimum: 0 }),
    term,
    held: Type.Array(held, { maxItems: 1000 }),
    waiting: Type.Array(request, { maxItems: 1000 }),
  },
  strict,
)

const lockMessage = Type.Union([
  // to the leader
  Type.Object({ ...of('acquire'), name, request }, strict),
  Type.Object({ ...of('release'), name, request }, strict),
  report,
  Type.Object({ ...of('termSaved'), term }, strict),
  // from the leader
  Type.Object({ ...of('granted'), name, request, token }, strict),
  Type.Object({ ...of('denied'), name, request }, strict),
  Type.Object({ ...of('lost'), name, token }, strict),
  Type.Object({ ...of('query') }, strict),
  Type.Object({ ...of('reported'), round: Type.Integer({ minimum: 0 }) }, strict),
  Type.Object({ ...of('term'), term }, strict),
])

/** One message. */
export type LockMessage = Static<typeof lockMessage>
/** What a holder holds and waits for, told to the leader. */
export type LockReport = Static<typeof report>
/** A lock that is held, by which request, with which token. */
export type HeldLock = Static<typeof held>
/** A term of a leader. */
export type Term = Static<typeof term>

/** Reads a message. Throws `ERR_PROTOCOL`. */
export function readLockMessage(body: Uint8Array): LockMessage {
  return readJson(lockMessage, body)
}

/** Is `a` a later term than `b`? */
export function laterTerm(a: Term, b: Term): boolean {
  return a.number > b.number || (a.number === b.number && a.leader > b.leader)
}

/** Token number `sequence` of a term. Tokens of later terms are greater, as strings. */
export function makeToken({ number, leader }: Term, sequence: number): string {
  const digits = (value: number): string => String(value).padStart(12, '0')
  return `${digits(number)}.${digits(sequence)}.${leader}`
}
