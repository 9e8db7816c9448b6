/** A cluster in memory: the default cluster services of several nodes, over a network that a test delays, loses, splits and heals. */

import { ClusterDefaults, type ClusterDefaultsOptions, type ClusterSlots } from '../daemon/host/defaults/cluster/cluster-defaults.js'
import type { ClusterPort, PortEvent } from '../daemon/host/defaults/cluster/cluster-port.js'
import { ShoalError } from '../errors.js'
import type { PeerId } from '../plugin.js'
import { memoryLog } from './memory-log.js'
import { memoryStorage } from './memory-storage.js'

/** How the network behaves. */
export interface MemoryClusterOptions {
  /** Longest time of a message on its way, ms; each takes a random part of it. Default 0. */
  readonly delay?: number
  /** Share of messages that vanish, 0 to 1. Default 0. */
  readonly loss?: number
  /** ms after which a cut is noticed. Default 5. */
  readonly notice?: number
  readonly stateTiming?: ClusterDefaultsOptions['stateTiming']
  readonly lockTiming?: ClusterDefaultsOptions['lockTiming']
}

/** One node of it. */
export class MemoryNode {
  readonly peer: PeerId
  /** Messages that left it. */
  sent = 0
  readonly #cluster: MemoryCluster
  readonly #defaults: ClusterDefaults
  readonly #reached = new Set<PeerId>()
  readonly #watchers = new Set<(event: PortEvent) => void>()
  readonly #handlers = new Set<(peer: PeerId, body: Uint8Array) => void>()
  readonly #lanes = new Map<PeerId, Promise<void>>()

  /** Use {@link MemoryCluster.add}. */
  constructor(peer: PeerId, cluster: MemoryCluster) {
    const { stateTiming, lockTiming } = cluster.options
    this.peer = peer
    this.#cluster = cluster
    const storage = memoryStorage()
    const timing = { ...(stateTiming && { stateTiming }), ...(lockTiming && { lockTiming }) }
    this.#defaults = new ClusterDefaults({ self: peer, log: memoryLog(), store: () => storage.open('daemon/locks'), ...timing })
    this.#defaults.connect(this.#port())
  }

  /** Its five services. */
  get slots(): ClusterSlots {
    return this.#defaults.slots
  }

  /** What the network tells it of another node. */
  see(type: PortEvent['type'], peer: PeerId): void {
    if (this.#reached.has(peer) === (type === 'joined')) return
    if (type === 'joined') this.#reached.add(peer)
    else this.#reached.delete(peer)
    for (const watcher of this.#watchers) watcher({ type, peer })
  }

  /** A message that arrived. */
  receive(peer: PeerId, body: Uint8Array): void {
    for (const handler of this.#handlers) handler(peer, body)
  }

  /** As `shutdown` does it: gives locks back, then leaves. */
  close(): Promise<void> {
    return this.#defaults.close()
  }

  #port(): ClusterPort {
    return {
      members: () => [...this.#reached],
      watch: (watcher) => {
        this.#watchers.add(watcher)
        return () => this.#watchers.delete(watcher)
      },
      onMessage: (handler) => {
        this.#handlers.add(handler)
        return () => this.#handlers.delete(handler)
      },
      send: (peer, body) => this.#send(peer, body),
    }
  }

  /** Messages to one node keep their order. */
  #send(peer: PeerId, body: Uint8Array): Promise<void> {
    this.sent++
    const before = this.#lanes.get(peer) ?? Promise.resolve()
    const carried = before.catch(() => {}).then(() => this.#cluster.carry(this.peer, peer, body))
    this.#lanes.set(peer, carried)
    return carried
  }
}

/** Nodes and the network between them. */
export class MemoryCluster {
  readonly options: MemoryClusterOptions
  readonly #nodes = new Map<PeerId, MemoryNode>()
  readonly #timers = new Map<NodeJS.Timeout, () => void>()
  #parts: readonly (readonly PeerId[])[] = []

  constructor(options: MemoryClusterOptions = {}) {
    this.options = options
  }

  /** The nodes that run. */
  get nodes(): readonly MemoryNode[] {
    return [...this.#nodes.values()]
  }

  /** A new node; all see each other at once. */
  add(peer: PeerId): MemoryNode {
    const node = new MemoryNode(peer, this)
    this.#nodes.set(peer, node)
    this.#look()
    return node
  }

  /** A node leaves as one that is stopped; the others see it at once. */
  async stop(node: MemoryNode): Promise<void> {
    await node.close()
    this.kill(node)
  }

  /** A node dies: nothing of it leaves any more, and the others notice it a little later. */
  kill(node: MemoryNode): void {
    this.#nodes.delete(node.peer)
    this.#later(() => {
      for (const other of this.nodes) other.see('left', node.peer)
      void node.close()
    })
  }

  /** Only nodes of one part reach each other. A node that is in none is alone. */
  split(...parts: readonly (readonly MemoryNode[])[]): void {
    this.#parts = parts.map((part) => part.map(({ peer }) => peer))
    this.#later(() => this.#look())
  }

  /** Ends the split. */
  heal(): void {
    this.#parts = []
    this.#later(() => this.#look())
  }

  /** Ends everything. */
  async close(): Promise<void> {
    const nodes = this.nodes
    this.#nodes.clear()
    for (const [timer, action] of this.#timers) {
      clearTimeout(timer)
      action()
    }
    await Promise.all(nodes.map((node) => node.close()))
  }

  /** For nodes: brings a message to its receiver. */
  async carry(from: PeerId, to: PeerId, body: Uint8Array): Promise<void> {
    const { delay = 0, loss = 0 } = this.options
    if (delay > 0) await new Promise<void>((resolve) => this.#later(resolve, Math.random() * delay))
    const receiver = this.#nodes.get(to)
    if (!receiver || !this.#nodes.has(from) || !this.#reaches(from, to)) throw new ShoalError('ERR_PEER_UNREACHABLE')
    if (loss > 0 && Math.random() < loss) throw new ShoalError('ERR_TIMEOUT')
    receiver.receive(from, body)
  }

  #reaches(a: PeerId, b: PeerId): boolean {
    return this.#parts.length === 0 || this.#parts.some((part) => part.includes(a) && part.includes(b))
  }

  #look(): void {
    const pairs = this.nodes.flatMap((node) => this.nodes.filter((other) => other !== node).map((other) => [node, other.peer] as const))
    for (const [node, peer] of pairs) node.see(this.#reaches(node.peer, peer) ? 'joined' : 'left', peer)
  }

  #later(action: () => void, ms = this.options.notice ?? 5): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, ms)
    this.#timers.set(timer, action)
  }
}
