/** What state registries say to each other, as JSON. Checked on arrival. */

import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ShoalError } from '../../../../errors.js'

const topic = Type.String({ minLength: 1, maxLength: 255 })
const names = Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 1000 })
const instance = Type.String({ minLength: 1, maxLength: 64 })
const count = Type.Integer({ minimum: 0 })
const strict = { additionalProperties: false }

/** The sender added and removed names of a topic. `sequence` rises by one with each. */
const delta = Type.Object({ type: Type.Literal('delta'), instance, topic, sequence: count, added: names, removed: names }, strict)
/** Everything the sender owns of a topic, in parts; `last` marks the last one. */
const full = Type.Object({ type: Type.Literal('full'), instance, topic, sequence: count, part: count, last: Type.Boolean(), names }, strict)
/** Where the sender's topics stand. */
const digest = Type.Object(
  {
    type: Type.Literal('digest'),
    instance,
    topics: Type.Array(Type.Object({ topic, sequence: count, size: count, checksum: count }, strict), { maxItems: 100 }),
  },
  strict,
)
/** The sender lacks these topics of the receiver. */
const request = Type.Object({ type: Type.Literal('request'), topics: Type.Array(topic, { maxItems: 100 }) }, strict)

const stateMessage = Type.Union([delta, full, digest, request])

/** One message. */
export type StateMessage = Static<typeof stateMessage>
/** Names that came and went. */
export type Delta = Static<typeof delta>
/** All names of an owner, or a part of them. */
export type Full = Static<typeof full>
/** Sums of all topics, to be compared. */
export type Digest = Static<typeof digest>

/** Reads a message. Throws `ERR_PROTOCOL`. */
export function readState(body: Uint8Array): StateMessage {
  return readJson(stateMessage, body)
}

/** Reads JSON that fits `schema`. Throws `ERR_PROTOCOL`. */
export function readJson<T extends TSchema>(schema: T, body: Uint8Array): Static<T> {
  const value = parse(body)
  if (!Value.Check(schema, value)) throw new ShoalError('ERR_PROTOCOL', 'A message of a cluster service does not fit its schema.')
  return value
}

/** Writes JSON. */
export function writeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8')
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', 'A message of a cluster service is not JSON.', { cause })
  }
}
