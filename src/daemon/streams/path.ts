/** Stream paths: `segment/segment…`. Every path that comes from outside passes here once. */

import { ShoalError } from '../../errors.js'

/** Bytes of UTF-8 a path may have. */
export const maxPathBytes = 255

/** Longer input is refused unread; NFC shortens a text to a third at most. */
const maxInput = maxPathBytes * 4

/** Control characters, line separators, and marks that turn the direction of the text around them. */
const forbiddenCharacter = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\\?#]/u

/** A surrogate without its other half. */
const loneSurrogate = /\p{Cs}/u

function refuse(why: string): never {
  throw new ShoalError('ERR_PATH_INVALID', `The stream path ${why}.`)
}

/**
 * The one spelling of a stream path: NFC, without leading, trailing and double slashes, 1–255 bytes of UTF-8. Idempotent.
 * Refuses `.` and `..` segments, control characters, backslash, `?` and `#` with `ERR_PATH_INVALID`.
 */
export function normalizePath(text: string): string {
  if (typeof text !== 'string') refuse('is not a text')
  if (text.length > maxInput) refuse(`is longer than ${maxPathBytes} bytes`)
  if (loneSurrogate.test(text)) refuse('is not well-formed Unicode')
  const segments = text
    .normalize('NFC')
    .split('/')
    .filter((segment) => segment !== '')
  const path = segments.join('/')
  if (path === '') refuse('is empty')
  if (Buffer.byteLength(path) > maxPathBytes) refuse(`is longer than ${maxPathBytes} bytes`)
  if (segments.some((segment) => segment === '.' || segment === '..')) refuse('has a segment . or ..')
  if (forbiddenCharacter.test(path)) refuse('has a control character, a backslash, ? or #')
  return path
}
