/** Random faults in a row. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../lan/lab.js'
import type { LanNode } from '../lan/lan-node.js'
import { Random } from './random.js'

/** Nodes that may be down at a time. */
const mayBeDown = 3

/** Breaks things for some ms, a fault about each second, then mends them all. Returns the seed. */
export async function chaos(lab: Lab, nodes: readonly LanNode[], ms: number): Promise<number> {
  const random = new Random()
  const begun = performance.now()
  const unplugged = new Set<LanNode>()
  const restarting = new Set<Promise<void>>()
  const down = new Set<LanNode>()
  const fell = async (node: LanNode, signal: NodeJS.Signals): Promise<void> => {
    down.add(node)
    await node.kill(signal)
    await sleep(random.below(3000))
    await node.start()
    down.delete(node)
  }
  const faults: readonly (() => Promise<void>)[] = [
    async () => {
      const node = random.pick(nodes.filter((each) => !down.has(each)))
      if (down.size < mayBeDown) restarting.add(fell(node, random.pick(['SIGKILL', 'SIGTERM'])))
    },
    async () => {
      const node = random.pick(nodes)
      await lab.link(node.name, unplugged.has(node) ? 'up' : 'down')
      if (!unplugged.delete(node)) unplugged.add(node)
    },
    () => lab.cut(random.pick(nodes).name, random.pick(nodes).name),
    async () => {
      const at = 1 + random.below(nodes.length - 1)
      const names = nodes.map(({ name }) => name)
      await lab.partition(names.slice(0, at), names.slice(at))
    },
    () => lab.heal(),
    () => lab.heal(),
  ]
  while (performance.now() - begun < ms) {
    await random.pick(faults)()
    await sleep(random.below(2000))
  }
  await lab.heal()
  for (const node of unplugged) await lab.link(node.name, 'up')
  await Promise.all(restarting)
  return random.seed
}
