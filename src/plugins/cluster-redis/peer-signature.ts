/** Checks what a peer signed with `ctx.node.sign`: the peer id is the key (libp2p specs, peer-ids.md). */

import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { fromString } from 'uint8arrays/from-string'

/** Multihash `identity` of 36 bytes; protobuf: field 1 (type) = Ed25519, field 2 (data) of 32 bytes. */
const idPrefix = Buffer.from('002408011220', 'hex')
/** SubjectPublicKeyInfo before the 32 bytes of an Ed25519 key (RFC 8410 section 4). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
/** What the host puts before all that this plugin signs. */
const domain = Buffer.from('shoal-plugin:cluster-redis:')
/** Keys kept; more members than that are looked up anew. */
const maxKeys = 1000

/** Keys of peers by their ids. */
export class PeerSignatures {
  readonly #keys = new Map<string, KeyObject>()

  /** Did the owner of `id` sign these bytes, as this plugin on another node? False also for ids and signatures that are none. */
  verified(id: string, bytes: Uint8Array, signature: Uint8Array): boolean {
    const key = this.#keys.get(id) ?? keyOf(id)
    if (!key) return false
    if (this.#keys.size < maxKeys) this.#keys.set(id, key)
    return verify(null, Buffer.concat([domain, bytes]), key, signature)
  }
}

function keyOf(id: string): KeyObject | undefined {
  try {
    const bytes = Buffer.from(fromString(id, 'base58btc'))
    if (bytes.length !== 38 || !bytes.subarray(0, 6).equals(idPrefix)) return undefined
    return createPublicKey({ key: Buffer.concat([spkiPrefix, bytes.subarray(6)]), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
