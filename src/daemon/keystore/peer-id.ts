/** Peer ids of Ed25519 keys and back: base58btc of the identity multihash of libp2p's protobuf public key (libp2p specs, peer-ids.md). */

import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { fromString } from 'uint8arrays/from-string'
import { toString as encode } from 'uint8arrays/to-string'
import type { PeerId } from '../../plugin.js'

/** Multihash `identity` of 36 bytes; protobuf: field 1 (type) = Ed25519, field 2 (data) of 32 bytes. */
const prefix = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** SubjectPublicKeyInfo before the 32 bytes of an Ed25519 key (RFC 8410 section 4). */
const spkiPrefix = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00)

/** The id of a public key of 32 bytes. */
export function peerIdOf(publicKey: Uint8Array): PeerId {
  return encode(Buffer.concat([prefix, publicKey]), 'base58btc')
}

/** The public key of 32 bytes in an id; undefined when `id` is not the canonical id of an Ed25519 key. */
export function publicKeyOf(id: string): Uint8Array | undefined {
  if (id.length !== 52 || !id.startsWith('12D3KooW')) return undefined
  try {
    const bytes = fromString(id, 'base58btc')
    if (bytes.length !== 38 || !prefix.every((byte, at) => bytes[at] === byte)) return undefined
    const key = bytes.slice(prefix.length)
    return peerIdOf(key) === id ? key : undefined
  } catch {
    return undefined
  }
}

/** Is `text` a full peer id? */
export function isPeerId(text: string): boolean {
  return publicKeyOf(text) !== undefined
}

/** A raw public key as a key object. */
export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' })
}

/** Did the owner of `id` sign `bytes` (Ed25519)? False also for ids and signatures that are none. */
export function signedBy(id: PeerId, bytes: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = publicKeyOf(id)
  if (!publicKey || signature.length !== 64) return false
  return verify(null, bytes, publicKeyObject(publicKey), signature)
}
