/**
 * Cold pulls: from a viewer's request to its first frame, over links that are up, at nodes that are 1, 2 and 3 hops from the publisher's
 * and pull nothing yet. The floor is a viewer at the publisher's node in the same turn. See README.md.
 */

import { parseArgs } from 'node:util'
import { Client } from '../src/cli/client.js'
import { makeClip } from './clip.js'
import { median, quantile } from './cpu.js'
import { FlvReader } from './flv-reader.js'
import { startScript } from './process.js'
import { path } from './scenario.js'
import { machineText, table, verdict, writeSection } from './section.js'
import { ownBuild, ShoalNode } from './shoal-node.js'

const { values } = parseArgs({
  options: {
    tries: { type: 'string' },
    profile: { type: 'string' },
    short: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
})
const tries = Number(values.tries ?? (values.short ? 10 : 40))
const flags = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]

/** ms at one hop, and what each further one may add. */
const target = { first: 100, hop: 20 }

const names = ['a', 'b', 'c', 'd'] as const
const nodes = await Promise.all(names.map((name) => ShoalNode.start(name, ownBuild, flags)))
const clients = nodes.map(({ home }) => new Client({ home }))
const publisher = startScript('load', 'publisher.ts', [makeClip(), `${nodes[0]?.rtmp}/${path}`])

/** ms to the first frame at the node that is `hops` away, which each node between pulls from the one before. */
async function coldPull(hops: number, attempt: number): Promise<number> {
  const cold = `cold/${attempt}-${hops}`
  for (let at = 1; at <= hops; at++) {
    const url = `shoal://${names[at - 1]}/${at === 1 ? path : cold}`
    await clients[at]?.call('pulls.create', { body: { url, path: cold, onDemand: true } })
  }
  const reader = new FlvReader(new URL(`${nodes[hops]?.http}/${hops === 0 ? path : cold}.flv`))
  await reader.first()
  const { joined = Number.NaN } = reader
  reader.close()
  for (let at = hops; at > 0; at--) await clients[at]?.call('pulls.remove', { params: { path: cold } })
  return joined
}

const times = names.map((): number[] => [])
try {
  for (let at = 1; at < nodes.length; at++) await (nodes[at] as ShoalNode).join(nodes[at - 1] as ShoalNode)
  await nodes[0]?.flows(path)
  // compilers settle
  for (let attempt = -3; attempt < tries; attempt++) {
    for (const [hops, all] of times.entries()) {
      const took = await coldPull(hops, attempt + 3)
      if (attempt >= 0) all.push(took)
    }
  }
} finally {
  await publisher.stop()
  for (const client of clients) client.close()
  await Promise.all(nodes.map((node) => node.stop()))
}

const rows = times.map((all, hops) => {
  const limit = target.first + (hops - 1) * target.hop
  const added = hops === 0 ? '' : (median(all) - median(times[hops - 1] ?? [])).toFixed(1)
  const [p50, p95] = [median(all), quantile(all, 0.95)]
  const judged = hops === 0 ? ['', ''] : [`≤ ${limit}`, verdict(p95 <= limit)]
  return [hops === 0 ? 'none: the floor' : String(hops), p50.toFixed(1), p95.toFixed(1), Math.max(...all).toFixed(1), added, ...judged]
})
const text = [
  `${machineText()} ${tries} tries at each, in turn; all nodes on one core, viewer and publisher on the other. A try takes a path of its own at every node between.`,
  table(['hops', 'request to first frame p50, ms', 'p95', 'most', 'added to p50 by the hop', 'target', 'p95'], rows),
].join('\n\n')
process.stdout.write(`${text}\n`)
if (!values['dry-run']) writeSection('pull', 'Cold pull', text)
