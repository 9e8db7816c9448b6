import { describe, expect, it } from 'vitest'
import type { ClusterSlots } from '../../src/daemon/host/defaults/cluster/cluster-defaults.js'
import {
  type ClusterSubject,
  type ClusterSuite,
  clusterNodeCompliance,
  clusterRegistryCompliance,
  locksCompliance,
  MemoryCluster,
  type MemoryClusterOptions,
  type MemoryNode,
  stateRegistryCompliance,
  subscriptionRegistryCompliance,
} from '../../src/testing/index.js'
import { slowness } from '../wait-for.js'

const api = { describe, expect, it }

/** The default of `slot` on a cluster in memory. */
function suite<K extends keyof ClusterSlots>(slot: K, options: MemoryClusterOptions): ClusterSuite<ClusterSlots[K]> & { readonly sent: () => number } {
  let nodes: readonly { readonly sent: number }[] = []
  const make = async (size: number): Promise<ClusterSubject<ClusterSlots[K]>> => {
    const made = new MemoryCluster(options)
    const all = Array.from({ length: size }, (_, at) => made.add(`peer-${'bca'[at] ?? at}`))
    nodes = all
    const at = (index: number): MemoryNode => {
      const node = all[index]
      if (!node) throw new Error(`there is no node ${index}`)
      return node
    }
    return {
      nodes: all.map((node) => ({ peer: node.peer, service: node.slots[slot] })),
      stop: async (index) => made.stop(at(index)),
      kill: async (index) => made.kill(at(index)),
      split: async (...parts) => made.split(...parts.map((part) => part.map(at))),
      heal: async () => made.heal(),
      close: () => made.close(),
    }
  }
  return { make, partitions: true, limit: 8000 * slowness, sent: () => nodes.reduce((sum, { sent }) => sum + sent, 0) }
}

const timing = { stateTiming: { settle: 50, digest: 200 }, lockTiming: { retry: 100, report: 300, grace: 150, absence: 200 } }
const networks: Record<string, MemoryClusterOptions> = { quick: timing, slow: { ...timing, delay: 10, notice: 20 } }

for (const [name, options] of Object.entries(networks)) {
  clusterNodeCompliance(api, `default, ${name}`, suite('clusterNode', options))
  clusterRegistryCompliance(api, `default, ${name}`, suite('clusterRegistry', options))
}
for (const [name, options] of Object.entries({ ...networks, lossy: { ...timing, delay: 5, loss: 0.2 } })) {
  stateRegistryCompliance(api, `default, ${name}`, suite('stateRegistry', options))
  locksCompliance(api, `default, ${name}`, suite('locks', options))
}
for (const [name, options] of Object.entries(networks)) subscriptionRegistryCompliance(api, `default, ${name}`, suite('subscriptionRegistry', options))
