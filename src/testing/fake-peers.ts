/** Peers that a test makes up. */

import { Broadcast } from '../daemon/util/queue.js'
import type { PeerEvent, PeerInfo, Peers } from '../plugin.js'

/** {@link Peers} whose list and events the test sets. */
export class FakePeers implements Peers {
  readonly #peers = new Map<string, PeerInfo>()
  readonly #events: Broadcast<PeerEvent>

  /** `queue`: events a listener may be behind before it is told `lagged`; default 1,024. */
  constructor(peers: readonly PeerInfo[] = [], queue?: number) {
    for (const peer of peers) this.#peers.set(peer.id, peer)
    this.#events = new Broadcast<PeerEvent>((missed) => ({ type: 'lagged', missed, time: Date.now() }), queue)
  }

  /** Listeners now. */
  get listeners(): number {
    return this.#events.listeners
  }

  /** Adds or replaces a peer. */
  set(peer: PeerInfo): void {
    this.#peers.set(peer.id, peer)
  }

  emit(event: PeerEvent): void {
    this.#events.emit(event)
  }

  list(): readonly PeerInfo[] {
    return [...this.#peers.values()]
  }

  get(peer: string): PeerInfo | undefined {
    return this.#peers.get(peer) ?? this.list().find(({ name }) => name === peer)
  }

  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<PeerEvent> {
    return this.#events.listen(options?.signal)
  }
}

/** A peer to put there; give what matters. */
export function fakePeer(peer: Partial<PeerInfo> & { readonly id: string }): PeerInfo {
  return { name: peer.id, connected: true, addresses: [], kinds: [], trustedSince: 0, lastSeen: 0, ...peer }
}
