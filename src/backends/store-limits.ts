/** Limits that every storage keeps. */

import { ShoalError } from '../errors.js'

const maxName = 128
const maxKey = 512
const maxValue = 1024 * 1024

/** Throws `ERR_KEY_INVALID` unless a name space has 1–128 bytes. */
export function checkNamespace(name: string): void {
  checkText(name, 'A name space', maxName)
  // no database takes it within a text, and the writes of others that share the transaction would fail with it
  if (name.includes('\0')) throw new ShoalError('ERR_KEY_INVALID', 'A name space holds no U+0000.')
}

/** Bytes of a key. Throws `ERR_KEY_INVALID` unless it has 1–512 bytes of well-formed text. */
export function keyBytes(key: string): Uint8Array {
  checkText(key, 'A key', maxKey)
  return Buffer.from(key)
}

/** Throws `ERR_KEY_INVALID` for more than 1 MiB. Returns a copy, because the caller may use its buffer again while the write waits. */
export function valueBytes(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ShoalError('ERR_KEY_INVALID', 'A value is bytes.')
  if (value.length > maxValue) throw new ShoalError('ERR_KEY_INVALID', `A value has at most ${maxValue} bytes, not ${value.length}.`)
  return new Uint8Array(value)
}

function checkText(text: string, what: string, max: number): void {
  const length = typeof text === 'string' ? Buffer.byteLength(text) : 0
  if (length === 0 || length > max || /\p{Surrogate}/u.test(text)) throw new ShoalError('ERR_KEY_INVALID', `${what} is a text of 1 to ${max} bytes.`)
}
