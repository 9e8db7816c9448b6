/** What the text of a message may be. */

import { ShoalError } from '../../errors.js'

/** Longest text, bytes of UTF-8. */
export const maxText = 16_384

/** Control characters but newline and tab, and halves of surrogate pairs, which no UTF-8 can hold. */
const forbidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Surrogate}/u

/** The text as UTF-8. Throws `ERR_MESSAGE_EMPTY`, `ERR_MESSAGE_TOO_LONG` (more than `limit` bytes) and `ERR_MESSAGE_INVALID`. */
export function encodeText(text: string, limit: number = maxText): Uint8Array {
  if (text.trim() === '') throw new ShoalError('ERR_MESSAGE_EMPTY')
  if (text.length > limit) throw tooLong(limit)
  const found = forbidden.exec(text)?.[0]
  if (found !== undefined) throw new ShoalError('ERR_MESSAGE_INVALID', `The message holds the character ${codePoint(found)}, which is not allowed.`)
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.byteLength > limit) throw tooLong(limit)
  return bytes
}

/** Text from UTF-8, under the same rules; throws `ERR_PROTOCOL`. */
export function decodeText(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    encodeText(text)
    return text
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', 'The text of a message breaks the rules.', { cause })
  }
}

function tooLong(limit: number): ShoalError {
  return new ShoalError('ERR_MESSAGE_TOO_LONG', `A message has at most ${limit} bytes.`)
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
