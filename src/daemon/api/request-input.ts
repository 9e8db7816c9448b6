/** What a request brings: its path, query and body, within limits and held against schemas. */

import type { IncomingMessage } from 'node:http'
import { ShoalError } from '../../errors.js'
import { checkValue } from '../config/check.js'
import { parseText } from '../config/find-key.js'
import { dotted } from '../config/key-path.js'
import { propertyOf, type SchemaView, schemaView, withDefaults } from '../config/schema-walk.js'

/** Deepest nesting of a body. */
const maxDepth = 32
const maxTarget = 8192
const maxQueryParts = 100

/** A request line's target. */
export interface Target {
  /** Still escaped. */
  readonly pathname: string
  readonly query: URLSearchParams
}

/** Splits the target. Throws `ERR_REQUEST_INVALID` for absolute URLs, fragments, control characters and backslashes. */
export function parseTarget(url: string | undefined): Target {
  const text = url ?? ''
  if (!text.startsWith('/') || text.length > maxTarget || /[\u0000-\u0020\u007f#\\]/.test(text)) {
    throw new ShoalError('ERR_REQUEST_INVALID', 'The request line must hold a path that begins with / and is at most 8,192 characters long.')
  }
  const at = text.indexOf('?')
  const pathname = at < 0 ? text : text.slice(0, at)
  if (/%(?![0-9a-f]{2})|%00/i.test(pathname)) throw new ShoalError('ERR_REQUEST_INVALID', 'The path holds a % that is no escape.')
  return { pathname, query: new URLSearchParams(at < 0 ? '' : text.slice(at + 1)) }
}

/** Values from a path or a query, read by the types of the schema; unknown names stay text for the check to refuse. */
export function readQuery(query: URLSearchParams, schema: SchemaView | undefined): Record<string, unknown> {
  const parts = [...query]
  if (parts.length > maxQueryParts) throw new ShoalError('ERR_REQUEST_INVALID', `The query has more than ${maxQueryParts} parts.`)
  const values = new Map<string, unknown>()
  for (const [name, text] of parts) {
    if (name === '__proto__') throw new ShoalError('ERR_REQUEST_INVALID', 'query: "__proto__" is no name.')
    const property = propertyOf(schema ?? {}, name)
    const before = values.get(name)
    const value = parseText(text, property ?? { type: 'string' })
    if (before !== undefined && !(Array.isArray(before) && Array.isArray(value)))
      throw new ShoalError('ERR_REQUEST_INVALID', `query.${name.slice(0, 60)}: is given twice.`)
    values.set(name, Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value)
  }
  return Object.fromEntries(values)
}

/** Fills in defaults and checks; throws `ERR_REQUEST_INVALID` that lists every problem. Without a schema the value passes. */
export function checkInput(where: 'params' | 'query' | 'body', schema: object | undefined, value: unknown): unknown {
  if (!schema) return value
  const view = schemaView(schema)
  const filled = withDefaults(view, value)
  const problems = checkValue(view, filled).map(({ path, message }) => ({ path: dotted([where, ...path]), message }))
  if (problems.length === 0) return filled
  const listed = problems.slice(0, 20)
  const text = listed.map(({ path, message }) => `${path}: ${message}`).join('; ')
  throw new ShoalError('ERR_REQUEST_INVALID', `The request is wrong: ${text}.`, { data: { problems: listed } })
}

/** Reads a body to its end. Throws `ERR_REQUEST_TOO_LARGE` as soon as the limit is passed. */
async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = (): ShoalError => new ShoalError('ERR_REQUEST_TOO_LARGE', `The body is larger than ${limit} bytes.`)
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge()
  const parts: Buffer[] = []
  let size = 0
  try {
    // leaving the loop must not cut the connection: the answer that says why comes after it
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += part.length
      if (size > limit) throw tooLarge()
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof ShoalError ? error : new ShoalError('ERR_ABORTED', 'The client went before it had sent the whole body.', { cause: error })
  }
  return Buffer.concat(parts)
}

/** The JSON body; `undefined` when there is none. Throws `ERR_REQUEST_INVALID`, `ERR_REQUEST_TOO_LARGE`. */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const { headers } = request
  const empty = headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
  if (empty) return undefined
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') throw invalidBody('must not be compressed')
  if (!/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers['content-type'] ?? '')) throw invalidBody('must be of type application/json')
  return parseJson(await readBytes(request, limit))
}

/** Parses UTF-8 JSON of bounded depth without keys that reach into prototypes. */
export function parseJson(bytes: Uint8Array): unknown {
  if (depthOf(bytes) > maxDepth) throw invalidBody(`is nested deeper than ${maxDepth} levels`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalidBody('is not UTF-8')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalidBody('is not JSON')
  }
  if (text.includes('__proto__') || text.includes('\\u')) refusePrototypeKeys(value)
  return value
}

/** Deepest nesting, found before parsing. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (quoted) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) quoted = false
    } else if (byte === 0x22) quoted = true
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return deepest
}

function refusePrototypeKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, '__proto__')) throw invalidBody('holds the key "__proto__"')
  for (const part of Object.values(value)) refusePrototypeKeys(part)
}

function invalidBody(reason: string): ShoalError {
  return new ShoalError('ERR_REQUEST_INVALID', `The body ${reason}.`)
}
