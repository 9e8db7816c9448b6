/**
 * The cluster secret: nodes that were given the same one pair by themselves.
 *
 * A secret of a person may be weak, and what is derived from it can be seen by others on the network. So it goes through scrypt first: a guess
 * costs its maker a tenth of a second and 32 MiB. A node announces a tag, which is bound to its own peer id; only members can tell it from a random
 * number, and nobody can show it for another id, because a connection proves the id.
 */

import { createHmac, scrypt, timingSafeEqual } from 'node:crypto'
import type { PeerId } from '../../plugin.js'
import { type PairKeys, pairKeys } from './pair-proof.js'

/** Shortest secret, in characters. */
export const minClusterSecret = 16

/** Bytes of a tag. */
const tagLength = 8

/** The same for all clusters: the members have nothing else in common to take a salt from. */
const salt = 'shoal-cluster-secret-v1'
const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 } as const

/** The secret of this node's cluster, derived. It never leaves this object. */
export class ClusterSecret {
  /** How a pairing with it counts. */
  readonly by = 'secret'
  readonly #key: Uint8Array
  readonly #keys: PairKeys
  readonly #takes: (peer: PeerId) => boolean
  #refused = 0

  private constructor(key: Uint8Array, takes: (peer: PeerId) => boolean) {
    this.#key = key
    this.#keys = pairKeys(key)
    this.#takes = takes
  }

  /** Derives it; takes a tenth of a second. `takes`: may that peer be taken in by the secret alone (it was not forgotten)? */
  static async derive(secret: string, options: { takes(peer: PeerId): boolean }): Promise<ClusterSecret> {
    const key = await new Promise<Uint8Array>((resolve, reject) =>
      scrypt(secret.normalize('NFC'), salt, 32, cost, (error, bytes) => (error ? reject(error) : resolve(new Uint8Array(bytes)))),
    )
    return new ClusterSecret(key, (peer) => options.takes(peer))
  }

  /** Attempts refused so far. */
  get refused(): number {
    return this.#refused
  }

  /** What a member of that id announces: 16 hexadecimal digits. */
  tagOf(peer: PeerId): string {
    return Buffer.from(this.#tag(peer)).toString('hex')
  }

  /** Is that the tag of a member of that id? */
  isMember(peer: PeerId, tag: string): boolean {
    const given = Buffer.from(tag, 'hex')
    return given.length === tagLength && timingSafeEqual(given, this.#tag(peer))
  }

  /** May that peer be taken in by the secret alone? */
  takes(peer: PeerId): boolean {
    return this.#takes(peer)
  }

  /** Does a joiner name this secret? No stranger can: the name is bound to its id, like the tag. */
  names(lookup: Uint8Array, joiner: PeerId): boolean {
    return lookup.length === tagLength && timingSafeEqual(lookup, this.#tag(joiner))
  }

  /** Keys with which this node, or the far end as the joiner, proves the secret. */
  joinKeys(joiner: PeerId): PairKeys {
    return { ...this.#keys, lookup: this.#tag(joiner) }
  }

  /** As `PairSecrets` asks. Undefined also for a peer that was forgotten here. */
  keysFor(lookup: Uint8Array, joiner: PeerId): PairKeys | undefined {
    if (this.names(lookup, joiner) && this.#takes(joiner)) return this.joinKeys(joiner)
    this.#refused++
    return undefined
  }

  /** Counts a wrong proof. */
  miss(_lookup: Uint8Array): void {
    this.#refused++
  }

  /** The secret is good for any number of members. */
  redeem(lookup: Uint8Array, joiner: PeerId, _code: string): boolean {
    return this.names(lookup, joiner) && this.#takes(joiner)
  }

  #tag(peer: PeerId): Uint8Array {
    return new Uint8Array(createHmac('sha256', this.#key).update(`shoal-member-v1 ${peer}`).digest().subarray(0, tagLength))
  }
}
