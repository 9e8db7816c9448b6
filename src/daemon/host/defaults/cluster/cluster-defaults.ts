/** The defaults of the five cluster slots, which exist before the network does. */

import type { Logger, PeerId } from '../../../../plugin.js'
import type { KeyValue, Services } from '../../../../services.js'
import { PortNode } from './cluster-node.js'
import type { ClusterPort } from './cluster-port.js'
import { PortRegistry } from './cluster-registry.js'
import { LeaderLocks, type LockParts } from './locks.js'
import { SharedStates, type StateTiming } from './state-registry.js'
import { RoutedSubscriptions } from './subscription-registry.js'

/** The slots. */
export type ClusterSlots = Pick<Services, (typeof clusterSlots)[number]>

const clusterSlots = ['clusterNode', 'clusterRegistry', 'stateRegistry', 'subscriptionRegistry', 'locks'] as const

/** Is it one of the five? */
export function isClusterSlot(slot: string): slot is keyof ClusterSlots {
  return clusterSlots.some((one) => one === slot)
}

/** How they are made. */
export interface ClusterDefaultsOptions {
  readonly self: PeerId
  /** Whoever fills a slot now. Default: these defaults. */
  readonly use?: <K extends keyof ClusterSlots>(slot: K) => ClusterSlots[K]
  /** Where the locks keep their term. */
  readonly store: () => KeyValue
  readonly log: Logger
  readonly stateTiming?: Partial<StateTiming>
  readonly lockTiming?: LockParts['timing']
}

/** Five services: the upper three work over whoever fills `clusterNode`, `clusterRegistry` and `stateRegistry`. */
export class ClusterDefaults {
  readonly slots: ClusterSlots
  readonly #node: PortNode
  readonly #registry: PortRegistry
  readonly #states: SharedStates
  readonly #subscriptions: RoutedSubscriptions
  readonly #locks: LeaderLocks
  #disconnect: (() => void) | undefined

  constructor(options: ClusterDefaultsOptions) {
    const { self, log, store } = options
    const use = options.use ?? ((slot) => this.slots[slot])
    const parts = { self, log, node: () => use('clusterNode'), registry: () => use('clusterRegistry') }
    this.#node = new PortNode({ log })
    this.#registry = new PortRegistry(self)
    this.#states = new SharedStates(parts, options.stateTiming)
    this.#subscriptions = new RoutedSubscriptions({ ...parts, states: () => use('stateRegistry') })
    this.#locks = new LeaderLocks({ ...parts, store, ...(options.lockTiming && { timing: options.lockTiming }) })
    this.slots = {
      clusterNode: this.#node,
      clusterRegistry: this.#registry,
      stateRegistry: this.#states,
      subscriptionRegistry: this.#subscriptions,
      locks: this.#locks,
    }
  }

  /** Takes up the network, once: plugins that fill slots have started. */
  connect(port: ClusterPort): void {
    // the registry first: whoever hears of a member finds it there
    const undo = [this.#registry.connect(port), this.#node.connect(port)]
    this.#disconnect = () => {
      for (const one of undo) one()
    }
    this.#states.start()
    this.#subscriptions.start()
    this.#locks.start()
  }

  /** Gives locks back while the links are up, then leaves. */
  async close(): Promise<void> {
    await this.#locks.close()
    await Promise.all([this.#states.close(), this.#subscriptions.close()])
    this.#disconnect?.()
  }
}
