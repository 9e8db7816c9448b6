/** Messages of the subprotocol `shoal-1`: JSON texts. docs/slots.md describes them. */

import { ShoalError } from '../../errors.js'
import type { Credentials } from '../../services.js'

/** The client's own mark of a message, given back with the result. */
export type MessageId = string | number

/** What a client asks for. */
export type Demand =
  | { readonly type: 'login'; readonly credentials: Pick<Credentials, 'token' | 'user' | 'password'> }
  | { readonly type: 'send' | 'request'; readonly to: string; readonly kind: string; readonly body: Uint8Array; readonly timeout?: number }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly kinds: readonly string[] }
  | { readonly type: 'ping' }

/** What went wrong, for the client. */
export interface Fault {
  readonly code: string
  readonly message: string
}

/** One answer to one message. */
export interface Result {
  readonly id?: MessageId
  readonly ok: boolean
  readonly error?: Fault
  readonly [field: string]: unknown
}

const maxKinds = 100
const maxTimeout = 60_000

/** Parses a text. Throws `ERR_REQUEST_INVALID`. */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('it is not JSON')
  }
}

/** The mark of a message, also of one that is wrong. */
export function idOf(value: unknown): { readonly id?: MessageId } {
  const { id }: { id?: unknown } = Object(value)
  if (typeof id === 'number' && Number.isFinite(id)) return { id }
  return typeof id === 'string' && id.length <= 100 ? { id } : {}
}

/** Reads one message. Throws `ERR_REQUEST_INVALID`. */
export function readDemand(value: unknown): Demand {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is no object')
  const fields: Record<string, unknown> = { ...value }
  const { type } = fields
  if (type === 'login') return { type, credentials: readCredentials(fields) }
  if (type === 'send' || type === 'request') return { type, ...readSending(fields) }
  if (type === 'subscribe' || type === 'unsubscribe') return { type, kinds: readKinds(fields['kinds']) }
  if (type === 'ping') return { type }
  throw invalid('its type is none of login, send, request, subscribe, unsubscribe, ping')
}

function readCredentials(fields: Record<string, unknown>): Pick<Credentials, 'token' | 'user' | 'password'> {
  const given = ['token', 'user', 'password'].filter((name) => fields[name] !== undefined)
  if (given.some((name) => typeof fields[name] !== 'string')) throw invalid('token, user and password are texts')
  return Object.fromEntries(given.map((name) => [name, fields[name]]))
}

function readSending(fields: Record<string, unknown>): { readonly to: string; readonly kind: string; readonly body: Uint8Array; readonly timeout?: number } {
  const { to = 'self', kind, timeout } = fields
  if (typeof to !== 'string' || to === '' || to.length > 200) throw invalid('"to" is a peer, or self')
  if (typeof kind !== 'string') throw invalid('it has no kind')
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 1 && timeout <= maxTimeout)) throw invalid(`a timeout is 1 to ${maxTimeout} ms`)
  return { to, kind, body: readBody(fields), ...(timeout !== undefined && { timeout }) }
}

/** `text` as UTF-8, or `base64`; neither = empty. */
function readBody({ text, base64 }: Record<string, unknown>): Uint8Array {
  if (text !== undefined && base64 !== undefined) throw invalid('it has both text and base64')
  if (typeof text === 'string') return new TextEncoder().encode(text)
  if (typeof base64 === 'string' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64))
    return new Uint8Array(Buffer.from(base64, 'base64'))
  if (text === undefined && base64 === undefined) return new Uint8Array()
  throw invalid('its body is neither text nor base64')
}

function readKinds(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxKinds) throw invalid(`kinds is a list of 1 to ${maxKinds}`)
  return value.map((kind: unknown) => {
    if (typeof kind !== 'string') throw invalid('a kind is a text')
    return kind
  })
}

/** A body as fields of a message: `text` where it is valid UTF-8, else `base64`. */
export function writeBody(body: Uint8Array): { readonly text: string } | { readonly base64: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) }
  } catch {
    return { base64: Buffer.from(body).toString('base64') }
  }
}

/** Any error as a client sees it. */
export function faultOf(error: unknown): Fault {
  const { code, message } = ShoalError.from(error)
  return { code, message }
}

/** Results of a batch, with how it went as a whole. */
export function writeBatch(results: readonly Result[]): Result {
  const failed = results.filter(({ ok }) => !ok).length
  return { type: 'batch', ok: failed === 0, partial: failed > 0 && failed < results.length, failed, results }
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_REQUEST_INVALID', `The message is wrong: ${why}.`)
}
