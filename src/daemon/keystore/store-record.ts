/**
 * Bytes of the store. A raw key is `n/NAMESPACE/KEY`, the name space escaped as in a URL so that it holds no slash: none can reach into another.
 * A record is a version byte, the CRC-32 of raw key and value, and the value: a flipped bit, or a value under the wrong key, is seen when it is
 * read. One record, the mark, counts the others and holds the exclusive-or of their checksums, so that lost records are seen too.
 */

import { ShoalError } from '../../errors.js'
import { crc32 } from '../util/crc32.js'

/** Highest layout this program reads and writes. */
export const storeSchema = 1

/** Longest value, in bytes. */
export const maxValue = 1 << 20

const recordVersion = 1
const headerLength = 5
const utf8 = new TextEncoder()

/** What the whole store holds. Written with every change, in the same batch. */
export interface StoreMark {
  readonly schema: number
  /** Number of batches written so far. */
  readonly sequence: number
  /** Number of records beside this one. */
  readonly count: number
  /** Exclusive-or of their checksums. */
  readonly digest: number
}

/** Raw key of the mark. */
export const markKey: Uint8Array = utf8.encode('m/mark')

/** All raw keys of records. */
export const recordRange = { from: utf8.encode('n/'), to: utf8.encode('n0') } as const

/** A record of `value` under the raw key. */
export function encodeRecord(key: Uint8Array, value: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerLength + value.length)
  record[0] = recordVersion
  new DataView(record.buffer).setUint32(1, crc32(value, crc32(key)))
  record.set(value, headerLength)
  return record
}

/** Checksum a record carries. */
export function checksumOf(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset, record.byteLength).getUint32(1)
}

/** The value in a record, as a copy. Throws `ERR_STORE_DAMAGED` naming name space and key. */
export function decodeRecord(key: Uint8Array, record: Uint8Array): Uint8Array {
  checkRecord(key, record)
  return new Uint8Array(record.subarray(headerLength))
}

/** Throws `ERR_STORE_DAMAGED`, naming name space and key, unless the record is sound. */
export function checkRecord(key: Uint8Array, record: Uint8Array): void {
  const sound = record.length >= headerLength && record[0] === recordVersion && checksumOf(record) === crc32(record.subarray(headerLength), crc32(key))
  if (sound) return
  const { namespace, name } = namesOf(key)
  throw new ShoalError('ERR_STORE_DAMAGED', `The record ${JSON.stringify(name)} in ${JSON.stringify(namespace)} is damaged: its checksum does not fit.`, {
    data: { namespace, key: name },
  })
}

/** The mark as a record. */
export function encodeMark(mark: StoreMark): Uint8Array {
  const value = new Uint8Array(24)
  const view = new DataView(value.buffer)
  view.setUint32(0, mark.schema)
  view.setBigUint64(4, BigInt(mark.sequence))
  view.setBigUint64(12, BigInt(mark.count))
  view.setUint32(20, mark.digest)
  return encodeRecord(markKey, value)
}

/** Reads the mark. Throws `ERR_STORE_DAMAGED`, `ERR_SCHEMA_NEWER`. */
export function decodeMark(record: Uint8Array): StoreMark {
  const value = decodeRecord(markKey, record)
  if (value.length < 4) throw new ShoalError('ERR_STORE_DAMAGED', 'The mark of the keystore is too short.')
  const view = new DataView(value.buffer)
  const schema = view.getUint32(0)
  if (schema > storeSchema) throw new ShoalError('ERR_SCHEMA_NEWER', `The keystore has layout ${schema}; this Shoal knows ${storeSchema}.`)
  if (value.length !== 24 || schema === 0) throw new ShoalError('ERR_STORE_DAMAGED', 'The mark of the keystore is malformed.')
  return { schema, sequence: Number(view.getBigUint64(4)), count: Number(view.getBigUint64(12)), digest: view.getUint32(20) }
}

/** Start of all raw keys of a name space. Throws `ERR_KEY_INVALID` unless it is 1–128 bytes of well-formed text. */
export function namespacePrefix(namespace: string): Uint8Array {
  checkText(namespace, 'A name space', 128)
  return utf8.encode(`n/${encodeURIComponent(namespace)}/`)
}

/** Raw key of `key` under a prefix. Throws `ERR_KEY_INVALID` unless it is 1–512 bytes of well-formed text. */
export function rawKey(prefix: Uint8Array, key: string): Uint8Array {
  checkText(key, 'A key', 512)
  return rawPrefix(prefix, key)
}

/** As {@link rawKey}, for the start of a key, which may be empty. */
export function rawPrefix(prefix: Uint8Array, start: string): Uint8Array {
  return new Uint8Array(Buffer.concat([prefix, utf8.encode(start)]))
}

/** The first raw key beyond all that start with `prefix`. Its last byte is ASCII or UTF-8, hence never 0xFF. */
export function beyond(prefix: Uint8Array): Uint8Array {
  const end = prefix.slice()
  end[end.length - 1] = (end[end.length - 1] as number) + 1
  return end
}

/** Name space and key of a raw key, for people. */
export function namesOf(raw: Uint8Array): { namespace: string; name: string } {
  const [room = '', namespace = '', ...rest] = Buffer.from(raw).toString().split('/')
  if (room !== 'n') return { namespace: 'store', name: [namespace, ...rest].join('/') }
  return { namespace: decodeURIComponent(namespace), name: rest.join('/') }
}

function checkText(text: string, what: string, limit: number): void {
  const length = Buffer.byteLength(text)
  if (length < 1 || length > limit) throw new ShoalError('ERR_KEY_INVALID', `${what} has 1 to ${limit} bytes, not ${length}.`)
  if (/\p{Surrogate}/u.test(text)) throw new ShoalError('ERR_KEY_INVALID', `${what} is not well-formed Unicode.`)
}
