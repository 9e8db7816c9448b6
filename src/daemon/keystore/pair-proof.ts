/** What both sides of a pairing compute from the ticket's secret, their two ids and two fresh numbers. HKDF (RFC 5869) and HMAC, both over SHA-256. */

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { PeerId } from '../../plugin.js'

/** Keys made from one secret. */
export interface PairKeys {
  /** 8 bytes that name the invite on the wire and say nothing about the secret. */
  readonly lookup: Uint8Array
  /** Key of the proofs. */
  readonly proof: Uint8Array
  /** Key of the short code. */
  readonly code: Uint8Array
}

/** Everything a pairing is bound to. */
export interface Transcript {
  readonly inviter: PeerId
  readonly joiner: PeerId
  /** 32 bytes each, new for every attempt. */
  readonly inviterNonce: Uint8Array
  readonly joinerNonce: Uint8Array
}

/** Derives the keys of a secret. */
export function pairKeys(secret: Uint8Array): PairKeys {
  const derive = (use: string, length: number): Uint8Array => new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), `shoal-pair-v1 ${use}`, length))
  return { lookup: derive('id', 8), proof: derive('proof', 32), code: derive('code', 32) }
}

/** Proves knowledge of the secret in one role, to the other of exactly these two peers, in this attempt. 32 bytes. */
export function pairProof(keys: PairKeys, role: 'inviter' | 'joiner', transcript: Transcript): Uint8Array {
  return bind(keys.proof, role, transcript)
}

/** Compares proofs in constant time. */
export function sameProof(expected: Uint8Array, given: Uint8Array): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given)
}

/** The 6 digits that both screens show. */
export function shortCode(keys: PairKeys, transcript: Transcript): string {
  const number = Buffer.from(bind(keys.code, 'code', transcript)).readUIntBE(0, 6) % 1_000_000
  return String(number).padStart(6, '0')
}

/** Each part with its length in front, so that no two transcripts have the same bytes. */
function bind(key: Uint8Array, role: string, transcript: Transcript): Uint8Array {
  const texts = ['shoal-pair-v1', role, transcript.inviter, transcript.joiner].map((text) => Buffer.from(text))
  const mac = createHmac('sha256', key)
  for (const part of [...texts, transcript.inviterNonce, transcript.joinerNonce]) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    mac.update(length).update(part)
  }
  return new Uint8Array(mac.digest())
}
