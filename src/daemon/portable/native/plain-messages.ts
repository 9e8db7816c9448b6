/** The two messages that go back and forth all the time, payloads and their plain answers, without the work of the general codec. */

import type { Payload } from './portable.pb.js'

/** Bytes up to which a message is one piece; a larger body is not copied. */
const copyLimit = 4096

/** A payload call as it goes on the wire, with its length in front. */
export function payloadParts(id: number, { peer, kind, body }: Payload): Uint8Array[] {
  const peerSize = Buffer.byteLength(peer)
  const kindSize = Buffer.byteLength(kind)
  const inner = field(peerSize) + field(kindSize) + field(body.byteLength)
  const size = 1 + varintSize(id) + 1 + varintSize(inner) + inner
  const whole = body.byteLength <= copyLimit
  const head = Buffer.allocUnsafe(varintSize(size) + size - (whole ? 0 : body.byteLength))
  let at = writeVarint(head, 0, size)
  // PortableMessage { id = 1, payload = 11 }, Payload { peer = 1, kind = 2, body = 3 }
  at = writeVarint(head, writeTag(head, at, 0x08), id)
  at = writeVarint(head, writeTag(head, at, 0x5a), inner)
  at = writeVarint(head, writeTag(head, at, 0x0a), peerSize)
  at += head.write(peer, at)
  at = writeVarint(head, writeTag(head, at, 0x12), kindSize)
  at += head.write(kind, at)
  at = writeVarint(head, writeTag(head, at, 0x1a), body.byteLength)
  if (!whole) return [head, body]
  head.set(body, at)
  return [head]
}

/**
 * Id and body of a message that is an answer with a body and nothing else, in the order in which SDKs write it; undefined for
 * every other message, also for a faulty one: the general codec says what is wrong with it. The body is a view.
 */
export function plainAnswer(frame: Uint8Array): { readonly id: number; readonly body: Uint8Array } | undefined {
  if (frame[0] !== 0x08) return undefined
  const id = readVarint(frame, 1)
  if (!id || frame[id.end] !== 0x1a) return undefined
  const size = readVarint(frame, id.end + 1)
  if (!size || size.end + size.value !== frame.byteLength) return undefined
  if (size.value === 0) return { id: id.value, body: frame.subarray(size.end) }
  if (frame[size.end] !== 0x1a) return undefined
  const body = readVarint(frame, size.end + 1)
  if (!body || body.end + body.value !== frame.byteLength) return undefined
  return { id: id.value, body: frame.subarray(body.end) }
}

/** Bytes of a field with a tag of one byte. */
function field(size: number): number {
  return 1 + varintSize(size) + size
}

function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

function writeTag(target: Buffer, at: number, tag: number): number {
  target[at] = tag
  return at + 1
}

function writeVarint(target: Buffer, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) target[at++] = (rest % 0x80) | 0x80
  target[at++] = rest
  return at
}

/** Numbers up to 2^42; larger ones are left to the general codec. */
function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  let scale = 1
  for (let at = start; at < start + 6; at++) {
    const byte = bytes[at]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, end: at + 1 }
    scale *= 0x80
  }
  return undefined
}
