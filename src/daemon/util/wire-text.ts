/** Text that crosses a wire: read strictly, written within limits. */

import { ShoalError } from '../../errors.js'

/** C0, DEL and C1 controls, and the marks that turn the direction of text: none belongs in a name, and a terminal obeys them. */
const control = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/
const controls = new RegExp(control, 'g')

/** Limits of one text field. */
export interface TextLimits {
  /** Bytes. Default 0. */
  readonly min?: number
  /** Bytes. */
  readonly max: number
}

/** Bytes as text. Throws `ERR_PROTOCOL` when they are not well-formed UTF-8, too few or too many, or hold control characters. */
export function readText(bytes: Uint8Array, what: string, limits: TextLimits): string {
  checkLength(bytes, what, limits)
  if (bytes.byteLength === 0) return ''
  const text = decodeUtf8(bytes, what)
  if (control.test(text)) throw new ShoalError('ERR_PROTOCOL', `${what} has control characters.`)
  return text
}

/** As {@link readText}, for text that other programs wrote for people: control characters become spaces. */
export function readMessage(bytes: Uint8Array, what: string, limits: TextLimits): string {
  checkLength(bytes, what, limits)
  return bytes.byteLength === 0 ? '' : decodeUtf8(bytes, what).replace(controls, ' ')
}

/** Bytes as printable ASCII (0x20–0x7e). Throws `ERR_PROTOCOL`. */
export function readAscii(bytes: Uint8Array, what: string, limits: TextLimits): string {
  checkLength(bytes, what, limits)
  for (const byte of bytes) if (byte < 0x20 || byte > 0x7e) throw new ShoalError('ERR_PROTOCOL', `${what} is not printable ASCII.`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Text for a person on another node: one line, cut at `max` bytes between two characters. */
export function writeMessage(text: string, max: number): Uint8Array {
  if (text === '') return new Uint8Array()
  const line = text.replace(controls, ' ')
  const bytes = new Uint8Array(max)
  const { written } = new TextEncoder().encodeInto(line, bytes)
  return bytes.slice(0, written)
}

/** Text as UTF-8. */
export function writeText(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

function checkLength(bytes: Uint8Array, what: string, { min = 0, max }: TextLimits): void {
  const length = bytes.byteLength
  if (length < min || length > max) throw new ShoalError('ERR_PROTOCOL', `${what} has ${length} bytes; ${min} to ${max} are allowed.`)
}

function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `${what} is not UTF-8.`, { cause })
  }
}
