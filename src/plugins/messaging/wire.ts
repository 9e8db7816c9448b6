/**
 * Bodies of the two payload kinds, version 1, big-endian.
 *
 *     messaging.message   version(1)  id(16)  time(8, ms since 1970 on the sender's clock)  text(1–16,384, UTF-8)
 *     messaging.ack       version(1)  what(1)  id(16)  reason(1, only with what = 3)
 *
 * `what`: 1 = stored durably, 2 = this message and every one before it was read, 3 = refused. A link between two nodes is
 * encrypted from end to end, also through relays, so a body needs no second layer.
 */

import { ShoalError } from '../../errors.js'
import { decodeText } from './text.js'

/** The payload kinds. */
export const kinds = { message: 'messaging.message', ack: 'messaging.ack' } as const

/** A message on its way. */
export interface WireMessage {
  /** 128 random bits, 32 hexadecimal digits. */
  readonly id: string
  /** Wall clock of the sender, ms since 1970. */
  readonly time: number
  readonly text: string
}

/** Why a message was refused for good. */
export type RefusalReason = 'too-long'

/** What an addressee says of a message. */
export type Ack =
  | { readonly what: 'delivered' | 'read'; readonly id: string }
  | { readonly what: 'refused'; readonly id: string; readonly reason: RefusalReason }

const version = 1
const idBytes = 16
const messageHead = 1 + idBytes + 8
const ackBytes = 2 + idBytes
const whats: readonly Ack['what'][] = ['delivered', 'read', 'refused']
const reasons: readonly RefusalReason[] = ['too-long']
/** Latest time that a `Date` can hold, ms. */
const maxTime = 8.64e15

/** Writes a message; its text has been checked. */
export function encodeMessage({ id, time, text }: WireMessage): Uint8Array {
  const head = Buffer.alloc(messageHead)
  head[0] = version
  head.write(id, 1, 'hex')
  head.writeBigUInt64BE(BigInt(time), 1 + idBytes)
  return Buffer.concat([head, Buffer.from(text, 'utf8')])
}

/** Reads a message. Throws `ERR_PROTOCOL`, or `ERR_VERSION_MISMATCH`. */
export function decodeMessage(body: Uint8Array): WireMessage {
  const bytes = checked(body)
  if (bytes.byteLength <= messageHead) throw broken('A message is too short.')
  const time = Number(bytes.readBigUInt64BE(1 + idBytes))
  if (time > maxTime) throw broken('The time of a message is out of range.')
  return { id: bytes.toString('hex', 1, 1 + idBytes), time, text: decodeText(bytes.subarray(messageHead)) }
}

/** Writes an acknowledgement. */
export function encodeAck(ack: Ack): Uint8Array {
  const head = Buffer.from([version, whats.indexOf(ack.what) + 1])
  const tail = ack.what === 'refused' ? [reasons.indexOf(ack.reason) + 1] : []
  return Buffer.concat([head, Buffer.from(ack.id, 'hex'), Buffer.from(tail)])
}

/** Reads an acknowledgement. Throws `ERR_PROTOCOL`, or `ERR_VERSION_MISMATCH`. */
export function decodeAck(body: Uint8Array): Ack {
  const bytes = checked(body)
  const what = whats[(bytes[1] ?? 0) - 1]
  if (what === undefined) throw broken('An acknowledgement says nothing that is known.')
  if (bytes.byteLength !== ackBytes + (what === 'refused' ? 1 : 0)) throw broken('An acknowledgement has the wrong length.')
  const id = bytes.toString('hex', 2, ackBytes)
  if (what !== 'refused') return { what, id }
  const reason = reasons[(bytes[ackBytes] ?? 0) - 1]
  if (reason === undefined) throw broken('A refusal gives no known reason.')
  return { what, id, reason }
}

function checked(body: Uint8Array): Buffer {
  if (body[0] === undefined) throw broken('A body is empty.')
  if (body[0] !== version) throw new ShoalError('ERR_VERSION_MISMATCH', `This node reads version ${version} of messages, not ${body[0]}.`)
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

function broken(why: string): ShoalError {
  return new ShoalError('ERR_PROTOCOL', why)
}
