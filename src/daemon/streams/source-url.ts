/** URLs that streams are pulled from and pushed to. They come from people and from other programs. */

import { ShoalError } from '../../errors.js'
import { normalizePath } from './path.js'

/** Bytes of UTF-8 a URL may have. */
export const maxUrlBytes = 2048

/** A URL that was checked. */
export interface SourceUrl {
  /** As it was given; holds credentials. */
  readonly text: string
  readonly url: URL
  /** Without credentials: the form for lists, logs and errors. */
  readonly shown: string
}

/** Control characters, also percent-encoded ones: `URL` drops some of the first silently, and decoders make line breaks of the second. */
const controls = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|%[01][0-9a-f]|%7f/iu

// lengths are bounded, so that no text makes these slow
const credentials = /([a-z][a-z0-9+.-]{0,63}:\/\/)[^\s/?#'"<>]*@/gi
const parameter = /([?&#;])([^=&#;?\s'"]{1,64})=[^&#;\s'"]+/g
const secretName = /token|secret|pass|pwd|key|sig|auth|credential/i

/** A text without what URLs in it hold of credentials: user and password, and query values whose names say that they are secret. */
export function redact(text: string): string {
  const plain = text.replace(credentials, '$1***@')
  return plain.replace(parameter, (whole, mark: string, name: string) => (secretName.test(name) ? `${mark}${name}=***` : whole))
}

/** What may be shown of a text that is no URL: where the password ends is not sure, so all before the last @ is left out. */
function shownInvalid(text: string): string {
  if (text.length > maxUrlBytes) return `${/^[a-z][a-z0-9+.-]{0,63}:\/\//i.exec(text)?.[0] ?? ''}…`
  const plain = redact(text.replace(/:\/\/.*@/s, '://***@')).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, '\ufffd')
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain
}

function refuse(text: string, why: string): never {
  throw new ShoalError('ERR_URL_INVALID', `The URL ${why}: ${shownInvalid(text)}`)
}

/**
 * Checks a URL of the form `scheme://…`, at most 2,048 bytes, without control characters (plain or percent-encoded),
 * backslashes and surrounding spaces. Throws `ERR_URL_INVALID`, without credentials in the message.
 */
export function parseSourceUrl(text: string): SourceUrl {
  if (typeof text !== 'string') refuse(String(text), 'is not a text')
  if (text.length > maxUrlBytes || Buffer.byteLength(text) > maxUrlBytes) refuse(text, `is longer than ${maxUrlBytes} bytes`)
  if (controls.test(text)) refuse(text, 'has a control character')
  if (text.includes('\\')) refuse(text, 'has a backslash')
  if (text.trim() !== text) refuse(text, 'begins or ends with a space')
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) refuse(text, 'does not begin with scheme://')
  if (/^(https?|wss?|ftp):\/\/\//i.test(text)) refuse(text, 'has no host')
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    refuse(text, cause instanceof Error && /port/i.test(cause.message) ? 'has a wrong port' : 'is malformed')
  }
  return { text, url, shown: redact(text) }
}

/** The stream path a URL names: `shoal://peer/live/cam` → `live/cam`. Throws `ERR_URL_INVALID` for broken percent-encoding, `ERR_PATH_INVALID` where the URL names none. */
export function pathOfUrl(source: SourceUrl): string {
  let path: string
  try {
    path = decodeURIComponent(source.url.pathname)
  } catch {
    refuse(source.text, 'has broken percent-encoding in its path')
  }
  try {
    return normalizePath(path)
  } catch (cause) {
    throw new ShoalError('ERR_PATH_INVALID', `The URL ${source.shown} names no valid stream path.`, { hint: 'Give the path beside the URL.', cause })
  }
}
