/**
 * Payloads and receipts to bytes and back without the generated code: they are nearly all that travels, and the general way costs
 * more than the rest of their way together. What is written is what the generated code would write, byte for byte; what is read is
 * the plain form only, and everything else is left to the general way, which then judges it.
 */

import type { ControlMessage, PayloadMessage, ReceiptMessage } from './control-messages.js'
import { controlLimits as limits } from './control-messages.js'

/** Bytes of a body up to which it is copied behind its head: beyond, a part of its own costs less than the copy. */
const joined = 4096

/** Room for tags, lengths and numbers of one message. */
const fixed = 48

const nothing = new Uint8Array(0)

/** A payload as the parts of one frame; undefined when its kind is not ASCII. The body is copied when it is small, and must be left unchanged when it is not. */
export function encodePayload({ id, kind, body, wantsReply }: PayloadMessage): Uint8Array[] | undefined {
  if (id < 1) return undefined
  const size = body.byteLength
  const content = 1 + varintLength(id) + text(kind) + (size > 0 ? 1 + varintLength(size) + size : 0) + (wantsReply ? 2 : 0)
  const whole = size <= joined
  const frame = Buffer.allocUnsafe(fixed + kind.length + (whole ? size : 0))
  let at = writeVarint(frame, start(frame, 0x12), content)
  frame[at++] = 0x08
  at = writeAscii(frame, writeVarint(frame, at, id), 0x12, kind)
  if (at < 0) return undefined
  if (size > 0) frame[at++] = 0x1a
  if (size > 0) at = writeVarint(frame, at, size)
  if (!whole) return wantsReply ? [frame.subarray(0, at), body, Uint8Array.of(0x20, 0x01)] : [frame.subarray(0, at), body]
  frame.set(body, at)
  at += size
  if (wantsReply) frame[at++] = 0x20
  if (wantsReply) frame[at++] = 0x01
  return [frame.subarray(0, at)]
}

/** The receipt of a payload that was handled, as one frame; undefined for one with an error. The reply is copied. */
export function encodeReceipt({ instance, id, code, message, reply }: ReceiptMessage): Uint8Array | undefined {
  if (code !== '' || message !== '' || id < 1 || instance.length !== limits.instance * 2) return undefined
  const size = reply.byteLength
  const content = 2 + limits.instance + 1 + varintLength(id) + (size > 0 ? 1 + varintLength(size) + size : 0)
  const frame = Buffer.allocUnsafe(fixed + size)
  let at = writeVarint(frame, start(frame, 0x1a), content)
  frame[at++] = 0x0a
  frame[at++] = limits.instance
  if (frame.write(instance, at, 'hex') !== limits.instance) return undefined
  at += limits.instance
  frame[at++] = 0x10
  at = writeVarint(frame, at, id)
  if (size === 0) return frame.subarray(0, at)
  frame[at++] = 0x2a
  at = writeVarint(frame, at, size)
  frame.set(reply, at)
  return frame.subarray(0, at + size)
}

/** Reads the frames of one stream. It keeps the last kind and the last instance, which most often are the next ones too. */
export class HotDecoder {
  readonly #kind = new LastText('latin1')
  readonly #instance = new LastText('hex')
  #frame: Uint8Array = nothing
  #at = 0

  /** A payload, or the receipt of one that was handled, with views of `frame`. Undefined = ask the general way. Never throws. */
  decode(frame: Uint8Array): ControlMessage | undefined {
    const tag = frame[0]
    if (tag !== 0x12 && tag !== 0x1a) return undefined
    this.#frame = frame
    this.#at = 1
    const plain = this.#varint() === frame.byteLength - this.#at
    const message = !plain ? undefined : tag === 0x12 ? this.#payload() : this.#receipt()
    this.#frame = nothing
    return message
  }

  #payload(): ControlMessage | undefined {
    if (!this.#is(0x08)) return undefined
    const id = this.#varint()
    const kindAt = this.#is(0x12) ? this.#length() : -1
    if (id < 1 || kindAt < 0) return undefined
    const kind = this.#kind.read(this.#frame, kindAt, this.#at)
    if (kind.length < 1 || kind.length > limits.kind || !this.#kind.printable) return undefined
    const body = this.#bytes(0x1a)
    const wantsReply = this.#is(0x20)
    if (!body || (wantsReply && !this.#is(0x01)) || this.#at !== this.#frame.byteLength) return undefined
    return { type: 'payload', value: { id, kind, body, wantsReply } }
  }

  #receipt(): ControlMessage | undefined {
    const instanceAt = this.#is(0x0a) ? this.#length() : -1
    if (instanceAt < 0 || this.#at - instanceAt !== limits.instance) return undefined
    const instance = this.#instance.read(this.#frame, instanceAt, this.#at)
    if (!this.#is(0x10)) return undefined
    const id = this.#varint()
    const reply = id < 1 ? undefined : this.#bytes(0x2a)
    if (!reply || this.#at !== this.#frame.byteLength) return undefined
    return { type: 'receipt', value: { instance, id, code: '', message: '', reply } }
  }

  /** Steps over one byte if it is the expected one. */
  #is(byte: number): boolean {
    if (this.#frame[this.#at] !== byte) return false
    this.#at++
    return true
  }

  /** A field of bytes that may be absent; undefined when it goes beyond the end. */
  #bytes(tag: number): Uint8Array | undefined {
    if (!this.#is(tag)) return nothing
    const from = this.#length()
    return from < 0 ? undefined : this.#frame.subarray(from, this.#at)
  }

  /** Steps over a length and as many bytes; where these begin, or -1. */
  #length(): number {
    const length = this.#varint()
    const from = this.#at
    if (length < 0 || from + length > this.#frame.byteLength) return -1
    this.#at = from + length
    return from
  }

  /** A number below 2^49; -1 for a greater one, and where the frame ends within it. */
  #varint(): number {
    let value = 0
    let unit = 1
    for (let count = 0; count < 7; count++) {
      const byte = this.#frame[this.#at++]
      if (byte === undefined) return -1
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
      unit *= 128
    }
    return -1
  }
}

/** Makes text of bytes, once for as long as they stay the same. */
class LastText {
  /** Are the bytes printable ASCII? */
  printable = true
  readonly #encoding: 'hex' | 'latin1'
  #bytes: Uint8Array = nothing
  #text = ''

  constructor(encoding: 'hex' | 'latin1') {
    this.#encoding = encoding
  }

  /** The text of the bytes of `frame` from `from` to `to`. */
  read(frame: Uint8Array, from: number, to: number): string {
    if (!this.#same(frame, from, to)) this.#take(frame.slice(from, to))
    return this.#text
  }

  #same(frame: Uint8Array, from: number, to: number): boolean {
    if (this.#bytes.byteLength !== to - from) return false
    for (let at = from; at < to; at++) if (frame[at] !== this.#bytes[at - from]) return false
    return true
  }

  #take(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(this.#encoding)
    this.printable = bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)
  }
}

/** The tag of an envelope's only field. */
function start(frame: Uint8Array, tag: number): number {
  frame[0] = tag
  return 1
}

/** Bytes of a text field. */
function text(value: string): number {
  return value === '' ? 0 : 1 + varintLength(value.length) + value.length
}

/** Writes a text field; where it ends, or -1 when it is not ASCII. */
function writeAscii(frame: Uint8Array, from: number, tag: number, value: string): number {
  if (value === '') return from
  frame[from] = tag
  let at = writeVarint(frame, from + 1, value.length)
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code > 0x7f) return -1
    frame[at++] = code
  }
  return at
}

/** Bytes of a number below 2^53. */
function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++
  return length
}

/** Writes a number below 2^53; where it ends. */
function writeVarint(frame: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) frame[at++] = (rest % 128) | 0x80
  frame[at++] = rest
  return at
}
