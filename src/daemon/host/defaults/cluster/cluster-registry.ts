/** The default of the slot `clusterRegistry`: the members that the network reaches; the lowest peer id leads. */

import type { PeerId } from '../../../../plugin.js'
import type { ClusterRegistry, MemberEvent } from '../../../../services.js'
import { Broadcast } from '../../../util/queue.js'
import type { ClusterPort } from './cluster-port.js'
import { compareText } from './cluster-text.js'

/**
 * Members as the network reports them. The leader is a function of the members, so that two nodes which see the same members
 * cannot disagree, and no message is needed to find it.
 */
export class PortRegistry implements ClusterRegistry {
  readonly self: PeerId
  readonly #events = new Broadcast<MemberEvent>((missed) => ({ type: 'lagged', missed }))
  #members: readonly PeerId[]

  constructor(self: PeerId) {
    this.self = self
    this.#members = [self]
  }

  /** Takes up the network. Returns the undo, after which this node is alone. */
  connect(port: ClusterPort): () => void {
    const undo = port.watch(({ type, peer }) => this.#change(type, peer))
    for (const peer of port.members()) this.#change('joined', peer)
    return () => {
      undo()
      for (const peer of this.#members) this.#change('left', peer)
    }
  }

  members(): readonly PeerId[] {
    return this.#members
  }

  leader(): PeerId {
    return this.#members[0] ?? this.self
  }

  isLeader(): boolean {
    return this.leader() === this.self
  }

  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<MemberEvent> {
    return this.#events.listen(options.signal)
  }

  #change(type: 'joined' | 'left', peer: PeerId): void {
    if (peer === this.self || this.#members.includes(peer) === (type === 'joined')) return
    const before = this.leader()
    this.#members = type === 'joined' ? [...this.#members, peer].sort(compareText) : this.#members.filter((one) => one !== peer)
    this.#events.emit({ type, peer })
    if (this.leader() !== before) this.#events.emit({ type: 'leader', peer: this.leader() })
  }
}
