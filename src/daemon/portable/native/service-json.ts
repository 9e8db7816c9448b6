/** Arguments and results of service methods: JSON, with bytes beside it instead of within. */

import { ShoalError } from '../../../errors.js'
import { fromJson } from './codec.js'

/** JSON and the bytes it refers to, as they travel. */
export interface ServiceJson {
  readonly json: Uint8Array
  readonly blobs: Uint8Array[]
}

/** Bytes beside one JSON. */
export const maxBlobs = 64

/** A value as JSON; each Uint8Array in it becomes a blob. Throws `ERR_LIMIT` for more than {@link maxBlobs}. */
export function toServiceJson(value: unknown): ServiceJson {
  const blobs: Uint8Array[] = []
  const text = JSON.stringify(split(value, blobs)) ?? 'null'
  if (blobs.length > maxBlobs) throw new ShoalError('ERR_LIMIT', `A service method takes at most ${maxBlobs} values of bytes.`)
  return { json: Buffer.from(text), blobs }
}

/** Bytes are taken out before `JSON.stringify`, which asks a Buffer for its own idea of JSON first. */
function split(value: unknown, blobs: Uint8Array[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return { $blob: blobs.push(value) - 1 }
  if (Array.isArray(value)) return value.map((item) => split(item, blobs))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, split(item, blobs)]))
}

/** The value that JSON and blobs stand for; empty JSON = null. Bytes are views. Throws `ERR_PROTOCOL`. */
export function fromServiceJson(json: Uint8Array, blobs: readonly Uint8Array[], what: string): unknown {
  const value = fromJson(json, what)
  if (value === undefined) return null
  return blobs.length === 0 ? value : join(value, blobs, what)
}

function join(value: unknown, blobs: readonly Uint8Array[], what: string): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => join(item, blobs, what))
  const entries = Object.entries(value)
  if (entries.length !== 1 || entries[0]?.[0] !== '$blob') return Object.fromEntries(entries.map(([key, item]) => [key, join(item, blobs, what)]))
  const blob = typeof entries[0][1] === 'number' ? blobs[entries[0][1]] : undefined
  if (!blob) throw new ShoalError('ERR_PROTOCOL', `${what} refers to bytes that are not there.`)
  return blob
}

/** Arguments of a method: a list. Throws `ERR_PROTOCOL`. */
export function serviceArguments(message: { readonly arguments: Uint8Array; readonly blobs: readonly Uint8Array[] }, what: string): readonly unknown[] {
  const list = fromServiceJson(message.arguments, message.blobs, what)
  if (Array.isArray(list)) return list
  if (list === null) return []
  throw new ShoalError('ERR_PROTOCOL', `${what} is not a list.`)
}

/** Is it an object with names? */
export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
