/** What a node shows of the cluster, in a form that can be compared. */

import type { LanNode } from '../lan/lan-node.js'
import { waitFor } from '../wait-for.js'

/** Names of the nodes that a node can reach, itself included, sorted. */
export async function reachable(node: LanNode): Promise<string[]> {
  const { peers } = await node.client.call('peers.list')
  return [...peers.filter(({ connected }) => connected).map(({ name }) => name), node.name].sort()
}

/** Streams with their origins, each once, sorted. */
export async function streamsOf(node: LanNode): Promise<string[]> {
  const { streams } = await node.client.call('streams.list', { query: { scope: 'all' } })
  return [...new Set(streams.map(({ path, origin }) => `${path} ${origin}`))].sort()
}

/** Waits until each of some nodes reaches just these. */
export async function allReach(nodes: readonly LanNode[], expected: readonly LanNode[], ms: number): Promise<void> {
  const names = expected
    .map(({ name }) => name)
    .sort()
    .join()
  for (const node of nodes) await waitFor(`${node.name} to reach ${names}`, async () => (await reachable(node)).join() === names, ms)
}

/** Waits until some nodes show the same streams, `count` of them. */
export async function sameStreams(nodes: readonly LanNode[], count: number, ms: number): Promise<void> {
  await waitFor(
    `${nodes.length} nodes to show the same ${count} streams`,
    async () => {
      const views = await Promise.all(nodes.map(streamsOf))
      const wrong = views.find((view) => view.length !== count || view.join() !== views[0]?.join())
      if (wrong) throw new Error(`one shows ${wrong.join(', ')}; another ${views[0]?.join(', ')}`)
      return true
    },
    ms,
  )
}
