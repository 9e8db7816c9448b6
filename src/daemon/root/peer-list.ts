/** Peers as plugins and the API see them: the keystore's rows with what the network knows of them now. */

import { isShoalError } from '../../errors.js'
import type { PeerEvent, PeerId, PeerInfo, Peers } from '../../plugin.js'
import type { PeerBook } from '../keystore/peer-book.js'
import type { PeerRow } from '../keystore/peer-row.js'
import type { Network } from './network.js'

/** A view of book and network. */
export class PeerList implements Peers {
  readonly #book: PeerBook
  readonly #network: Network
  readonly #hops: (peer: PeerId) => number | undefined

  /** `hops`: links on the way to a member that can be reached. */
  constructor(book: PeerBook, network: Network, hops: (peer: PeerId) => number | undefined = () => undefined) {
    this.#book = book
    this.#network = network
    this.#hops = hops
  }

  list(): readonly PeerInfo[] {
    return this.#book.list().map((row) => this.#info(row))
  }

  get(peer: string): PeerInfo | undefined {
    try {
      return this.find(peer)
    } catch (error) {
      if (isShoalError(error, 'ERR_PEER_UNKNOWN', 'ERR_PEER_AMBIGUOUS')) return undefined
      throw error
    }
  }

  /** As {@link get}; throws `ERR_PEER_UNKNOWN` and `ERR_PEER_AMBIGUOUS`. */
  find(peer: string): PeerInfo {
    return this.#info(this.#book.find(peer))
  }

  /** Is this the id of a trusted peer? */
  has(peer: PeerId): boolean {
    return this.#book.isTrusted(peer)
  }

  /** Name of a peer, or of this node's own id; the id where it is not known. */
  nameOf(peer: PeerId): string {
    return this.#book.get(peer)?.name ?? peer
  }

  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<PeerEvent> {
    return this.#book.events(options)
  }

  #info(row: PeerRow): PeerInfo {
    const { id, name, addresses, trustedSince, trustedBy, introducedBy } = row
    const link = this.#network.node.links().find(({ peer }) => peer === id)
    const hello = this.#network.control.hello(id)
    const hops = this.#hops(id)
    return {
      id,
      name,
      connected: hello !== undefined,
      // the address of an inbound link has the port that the peer dialled from, which nobody can dial
      addresses: link?.direction === 'outbound' && !link.relayed ? [...new Set([link.address, ...addresses])] : addresses,
      kinds: hello?.kinds ?? [],
      ...(hello && { version: hello.agent }),
      trustedSince,
      lastSeen: link ? Date.now() : row.lastSeen,
      trustedBy,
      ...(introducedBy !== undefined && { introducedBy }),
      ...(link && { encryption: link.encryption }),
      ...(link?.rtt !== undefined && { rtt: link.rtt }),
      ...(hops !== undefined && { hops }),
      ...(link?.via && { via: link.via }),
    }
  }
}
