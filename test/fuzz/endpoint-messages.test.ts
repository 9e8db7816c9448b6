/** Messages of clients of endpoint-websocket, from any text: a demand, or `ERR_REQUEST_INVALID`. */

import fc from 'fast-check'
import { describe, it } from 'vitest'
import { idOf, parseText, readDemand } from '../../src/plugins/endpoint-websocket/messages.js'
import { fuzz, runs } from './typed-errors.js'

const names = ['id', 'type', 'user', 'password', 'token', 'to', 'kind', 'kinds', 'text', 'base64', 'timeout', '__proto__', 'constructor', 'toString']
const types = ['login', 'send', 'request', 'subscribe', 'unsubscribe', 'ping', 'toString', '']
const value = fc.oneof(
  fc.constantFrom<unknown>(...types, 'self', 'AA==', 'AA=', null, true, -0, 1.5, [], {}, ['a', 'a'], [1], '\ud800', '\u0000'),
  fc.string({ maxLength: 20 }),
  fc.double(),
)
const message = fc
  .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 }))
  .map(([type, fields]) => JSON.stringify({ ...fields, type: fields['type'] ?? type }))

function read(text: string): void {
  const parsed = parseText(text)
  const { id } = idOf(parsed)
  if (id !== undefined && typeof id !== 'string' && !Number.isFinite(id)) throw new Error(`an id that is none: ${String(id)}`)
  for (const one of Array.isArray(parsed) ? parsed : [parsed]) check(one)
}

/** What was read is of the types that it says. */
function check(one: unknown): void {
  const demand = readDemand(one)
  if (demand.type === 'login' && Object.values(demand.credentials).some((part) => typeof part !== 'string')) throw new Error('credentials that are no text')
  if (demand.type === 'subscribe' && demand.kinds.some((kind) => typeof kind !== 'string')) throw new Error('a kind that is no text')
  if ((demand.type === 'send' || demand.type === 'request') && !(demand.body instanceof Uint8Array && demand.to.length > 0)) throw new Error('nothing to send')
}

describe('messages of WebSocket clients', () => {
  it('from any text', () => fuzz(fc.string({ maxLength: 80 }), Math.ceil(runs / 4), read, ['ERR_REQUEST_INVALID']))
  it('from JSON of any shape', () => fuzz(fc.json({ maxDepth: 3 }), Math.ceil(runs / 10), read, ['ERR_REQUEST_INVALID']))
  it('from messages with wrong fields', () => fuzz(message, runs, read, ['ERR_REQUEST_INVALID']))
})
