/**
 * What goes over Redis: a signature, who signed, and what was said. Everything is signed, the addressee too, so that Redis
 * and all who can write to it can lose and hold back messages, but neither make one nor send one to somebody else.
 *
 *     signature (64) · sender (u8 length, text) · kind (u8) · to (u8 length, text; empty = all) · rest
 *     rest of messages: epoch (16) · sequence (u48) · { topic (u8 length) · body (u32 length) }…
 *     rest of ask: nonce (16)         rest of tell: nonce (16) · epoch (16)
 */

import { ShoalError } from '../../errors.js'

/** A message of one topic. */
export interface TopicMessage {
  readonly topic: string
  readonly body: Uint8Array
}

/** What is said. `ask`: which epoch are you in? `tell` answers: only who is there now can sign the nonce. */
export type Said =
  | { readonly kind: 'messages'; readonly to: string; readonly epoch: Uint8Array; readonly sequence: number; readonly messages: readonly TopicMessage[] }
  | { readonly kind: 'ask'; readonly to: string; readonly nonce: Uint8Array }
  | { readonly kind: 'tell'; readonly to: string; readonly nonce: Uint8Array; readonly epoch: Uint8Array }

/** An envelope whose signature is not checked yet. */
export interface Envelope {
  readonly sender: string
  readonly signature: Uint8Array
  /** Sender and all that follows. */
  readonly signed: Uint8Array
}

const signatureLength = 64
const markLength = 16
const kinds = ['messages', 'ask', 'tell'] as const

/** The bytes to sign. */
export function encodeSaid(sender: string, said: Said): Uint8Array {
  const head = [short(sender), Buffer.of(kinds.indexOf(said.kind)), short(said.to)]
  if (said.kind === 'ask') return Buffer.concat([...head, said.nonce])
  if (said.kind === 'tell') return Buffer.concat([...head, said.nonce, said.epoch])
  const sequence = Buffer.alloc(6)
  sequence.writeUIntBE(said.sequence, 0, 6)
  const parts = said.messages.flatMap(({ topic, body }) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    return [short(topic), length, body]
  })
  return Buffer.concat([...head, said.epoch, sequence, ...parts])
}

/** Takes an envelope apart. Throws `ERR_PROTOCOL`. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  const reader = new Reader(bytes)
  const signature = reader.take(signatureLength)
  const signed = bytes.subarray(signatureLength)
  return { signature, signed, sender: reader.short() }
}

/** Reads what was signed. Throws `ERR_PROTOCOL`. */
export function decodeSaid(signed: Uint8Array): Said {
  const reader = new Reader(signed)
  reader.short()
  const kind = kinds[reader.take(1)[0] ?? kinds.length]
  const to = reader.short()
  if (kind === 'ask') return { kind, to, nonce: reader.take(markLength) }
  if (kind === 'tell') return { kind, to, nonce: reader.take(markLength), epoch: reader.take(markLength) }
  if (kind !== 'messages') throw malformed()
  const epoch = reader.take(markLength)
  const sequence = Buffer.from(reader.take(6)).readUIntBE(0, 6)
  const messages: TopicMessage[] = []
  while (reader.left > 0) {
    const topic = reader.short()
    messages.push({ topic, body: reader.take(Buffer.from(reader.take(4)).readUInt32BE()) })
  }
  return { kind, to, epoch, sequence, messages }
}

function short(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

function malformed(): ShoalError {
  return new ShoalError('ERR_PROTOCOL', 'A message that came over Redis is malformed.')
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw malformed()
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  short(): string {
    return Buffer.from(this.take(this.take(1)[0] ?? 0)).toString()
  }
}
