/** What a source of an eKuiper plugin sends: a message, or an error in one of the SDKs' two spellings. */

import { ShoalError } from '../../../errors.js'
import { wordsOf } from './plugin-words.js'

/** What readers of the stream get of it. */
export interface SourceMessageOptions {
  /** `{"message":…,"meta":…}` as it came, instead of the message alone. */
  readonly envelope: boolean
  /** For errors: `source random of the plugin mirror`. */
  readonly what: string
}

const head = /^\s*\{\s*"message"\s*:\s*/
const tail = /\s*,\s*"meta"\s*:\s*null\s*\}\s*$/

/** The JSON bytes of a message. Throws `ERR_SOURCE_FAILED` for an error of the plugin, and for what is neither. */
export function readSourceMessage(bytes: Uint8Array, { envelope, what }: SourceMessageOptions): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  const json = parse(text, what)
  if (typeof json === 'string') throw failure(what, errorOf(json))
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw failure(what, `it sent ${text.slice(0, 200)}`)
  if (!('message' in json)) throw failure(what, 'error' in json ? wordsOf(json.error) : `it sent no message: ${text.slice(0, 200)}`)
  if (envelope) return bytes
  // cut out of the text, numbers keep all their digits
  const { message } = json
  const plain = Object.keys(json).join() === 'message,meta' && head.test(text) && tail.test(text)
  return Buffer.from(plain ? text.replace(head, '').replace(tail, '') : JSON.stringify(message ?? null))
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw failure(what, `it sent what is no JSON: ${text.slice(0, 200)}`)
  }
}

/** Go encodes its error twice: JSON in a JSON string. */
function errorOf(text: string): string {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && 'error' in json) return wordsOf(json.error)
  } catch {
    // the text itself is the error
  }
  return wordsOf(text)
}

function failure(what: string, words: string): ShoalError {
  return new ShoalError('ERR_SOURCE_FAILED', `The ${what} failed: ${words}`)
}
