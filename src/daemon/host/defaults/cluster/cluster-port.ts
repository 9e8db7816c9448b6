/** What the cluster services need of the network. The root of the daemon makes one; tests make one in memory. */

import type { PeerId } from '../../../../plugin.js'

/** A member came or went. */
export interface PortEvent {
  readonly type: 'joined' | 'left'
  readonly peer: PeerId
}

/** The way to the other members. */
export interface ClusterPort {
  /** Trusted members that can be reached now, without this node. */
  members(): readonly PeerId[]
  /** Calls `watcher` in the turn in which {@link members} changes. Returns the undo. */
  watch(watcher: (event: PortEvent) => void): () => void
  /** Resolves when the member has handled it. In the order of the calls for each member, at most once. Rejects when it cannot be brought there. */
  send(peer: PeerId, body: Uint8Array): Promise<void>
  /** Calls `handler` for what members send; a throw is told to the sender. Returns the undo. */
  onMessage(handler: (peer: PeerId, body: Uint8Array) => void): () => void
}
