/** The cluster slots of one node: their defaults, and the network beneath them. */

import type { Logger, PeerId } from '../../plugin.js'
import type { Storage } from '../../services.js'
import { ClusterDefaults, type ClusterSlots } from '../host/defaults/cluster/cluster-defaults.js'
import type { ClusterPort, PortEvent } from '../host/defaults/cluster/cluster-port.js'
import type { Outbox } from '../payloads/outbox.js'
import type { Router } from '../payloads/router.js'
import type { Control } from '../swarm/control.js'

/** Payload kind of everything the cluster services say to each other. */
const clusterKind = 'shoal.cluster'

/** Who claims it. No plugin can be called so. */
export const clusterOwner = 'daemon:cluster'

/** Name space of the locks. */
const locksNamespace = 'daemon/locks'

/** What exists before the network. */
export interface ClusterServicesOptions {
  readonly self: PeerId
  /** Whoever fills a slot now. */
  readonly use: <K extends keyof ClusterSlots>(slot: K) => ClusterSlots[K]
  readonly storage: () => Storage
  readonly log: Logger
}

/** Who can be reached now. */
export interface MemberSource {
  members(): readonly PeerId[]
  /** Calls `watcher` in the turn in which {@link members} changes. Returns the undo. */
  watch(watcher: (event: PortEvent) => void): () => void
}

/** The network. */
export interface ClusterNetwork {
  readonly members: MemberSource
  readonly outbox: Pick<Outbox, 'send'>
  readonly router: Pick<Router, 'claim'>
}

/** Defaults and their way to the other members. */
export class ClusterServices {
  readonly #defaults: ClusterDefaults
  readonly #handlers = new Set<(peer: PeerId, body: Uint8Array) => void>()
  #unclaim: (() => void) | undefined

  constructor({ self, use, storage, log }: ClusterServicesOptions) {
    this.#defaults = new ClusterDefaults({ self, use, log, store: () => storage().open(locksNamespace) })
  }

  /** For the service table. */
  get defaults(): ClusterSlots {
    return this.#defaults.slots
  }

  /** Takes up the network: plugins that fill slots have started, nothing is delivered yet. */
  connect({ members, outbox, router }: ClusterNetwork): void {
    this.#unclaim = router.claim(clusterOwner, [clusterKind])
    const port: ClusterPort = {
      members: () => members.members(),
      watch: (watcher) => members.watch(watcher),
      send: (peer, body) => outbox.send(peer, clusterKind, body),
      onMessage: (handler) => {
        this.#handlers.add(handler)
        return () => this.#handlers.delete(handler)
      },
    }
    this.#defaults.connect(port)
  }

  /** A payload of {@link clusterKind} from a trusted peer. Throws `ERR_PROTOCOL`. */
  receive(peer: PeerId, body: Uint8Array): undefined {
    for (const handler of this.#handlers) handler(peer, body)
  }

  /** Gives locks back and leaves; the links are still up. */
  async close(): Promise<void> {
    await this.#defaults.close()
    this.#unclaim?.()
  }
}

/** Members are the linked peers that have said that they take part. */
export function linkedMembers(control: Pick<Control, 'hello' | 'peers' | 'watch'>): MemberSource {
  const takesPart = (peer: PeerId): boolean => control.hello(peer)?.kinds.includes(clusterKind) === true
  const reached = new Set<PeerId>()
  const watchers = new Set<(event: PortEvent) => void>()
  const look = (peer: PeerId): void => {
    const now = takesPart(peer)
    if (now === reached.has(peer)) return
    if (now) reached.add(peer)
    else reached.delete(peer)
    for (const watcher of watchers) watcher({ type: now ? 'joined' : 'left', peer })
  }
  control.watch((event) => {
    if (event.type !== 'lagged') look(event.peer)
  })
  for (const { peer } of control.peers()) look(peer)
  return {
    members: () => [...reached],
    watch: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
  }
}
