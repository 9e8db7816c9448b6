/** This node's key and those of others, for signatures made and checked many times a second. */

import { type KeyObject, verify } from 'node:crypto'
import type { PeerId } from '../../plugin.js'
import type { Identity } from './identity.js'
import { publicKeyObject, publicKeyOf } from './peer-id.js'

/** Keys kept ready; the one used longest ago goes first. */
const maxKeys = 256

/** Signs and checks in the caller's turn, with keys that are imported once: importing one costs as much as checking. */
export class FrameKeys {
  readonly #identity: Pick<Identity, 'signNow'>
  readonly #keys = new Map<PeerId, KeyObject>()

  constructor(identity: Pick<Identity, 'signNow'>) {
    this.#identity = identity
  }

  /** Ed25519 over `message`, which begins with its domain. 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    return this.#identity.signNow(message)
  }

  /** Did the owner of `peer` sign `message`? False also for ids and signatures that are none. */
  signedBy(peer: PeerId, message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.byteLength !== 64) return false
    const key = this.#key(peer)
    return key !== undefined && verify(null, message, key, signature)
  }

  #key(peer: PeerId): KeyObject | undefined {
    const known = this.#keys.get(peer)
    const publicKey = known ? undefined : publicKeyOf(peer)
    const key = known ?? (publicKey && publicKeyObject(publicKey))
    if (!key) return undefined
    // the newest stands last
    this.#keys.delete(peer)
    this.#keys.set(peer, key)
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= maxKeys) break
      this.#keys.delete(oldest)
    }
    return key
  }
}
