/** Ten nodes, a thousand streams that come and go: the directories agree, and what that costs. */

import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { Announcer } from '../../src/daemon/cluster/announcer.js'
import { peerIdOf, publicKeyObject, publicKeyOf } from '../../src/daemon/keystore/peer-id.js'
import { LoopbackNet } from '../../src/testing/loopback-swarm.js'
import { FakeHub } from '../unit/daemon/fake-hub.js'
import { type GossipNode, gossipNode, trustAll } from '../unit/daemon/gossip-nodes.js'
import { waitFor } from '../wait-for.js'

interface Node extends GossipNode {
  readonly hub: FakeHub
  readonly announcer: Announcer
}

const count = 10
const streams = 100
/** ms. */
const churn = 6000
const nodes: Node[] = []

afterAll(async () => {
  for (const node of nodes) {
    await node.announcer.close()
    await node.close()
  }
})

const signWith = (key: KeyObject) => async (bytes: Uint8Array) => new Uint8Array(sign(null, bytes, key))

async function check(author: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = publicKeyOf(author)
  return key !== undefined && verify(null, bytes, publicKeyObject(key), signature)
}

async function make(net: LoopbackNet, name: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const id = peerIdOf(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)))
  const node = await gossipNode(net, name, { id, sign: signWith(privateKey), verify: check })
  const hub = new FakeHub()
  const announcer = new Announcer({ self: id, streams: hub, gossip: node.gossip, log: node.log })
  nodes.push({ ...node, hub, announcer })
}

const pathOf = (node: Node, at: number): string => `site-${node.id.slice(-6)}/camera-${at}/main`

function toggle(node: Node, at: number): void {
  const path = pathOf(node, at)
  if (node.hub.streams.has(path)) node.hub.unpublish(path)
  else node.hub.publish(path, node.id, { tracks: [{ id: 1, kind: 'video', codec: 'avc1.64001f', width: 1920, height: 1080 }], since: Date.now() })
}

/** All streams as a node sees them, its own among them. */
const viewOf = (node: Node): string =>
  [...node.announcer.list().map(({ peer, path }) => `${peer} ${path}`), ...[...node.hub.streams.keys()].map((path) => `${node.id} ${path}`)].sort().join('\n')

it('agree within two seconds of quiet, for less than 50 kB/s a node', { timeout: 120_000 }, async () => {
  const net = new LoopbackNet()
  for (let at = 0; at < count; at++) await make(net, `n${at}`)
  trustAll(nodes)
  for (const { announcer } of nodes) announcer.start()
  for (const node of nodes) for (let at = 0; at < streams; at++) toggle(node, at)
  net.linkAll()
  await waitFor('a thousand streams everywhere', () => nodes.every((node) => node.announcer.list().length === (count - 1) * streams), 30_000)
  let sent = 0
  let frames = 0
  net.options.onFrame = ({ frame }) => {
    sent += frame.byteLength
    frames++
    return 'pass'
  }
  const cpu = process.cpuUsage()
  const begun = performance.now()
  let changes = 0
  for (let next = begun; next < begun + churn; next += 100) {
    await sleep(Math.max(0, next - performance.now()))
    for (const node of nodes) toggle(node, Math.floor(Math.random() * streams))
    changes += nodes.length
  }
  const lasted = (performance.now() - begun) / 1000
  const quiet = performance.now()
  await waitFor('one view', () => new Set(nodes.map(viewOf)).size === 1, 2000)
  const agreed = performance.now() - quiet
  const rate = sent / count / lasted / 1000
  const { user, system } = process.cpuUsage(cpu)
  const cost = `${rate.toFixed(1)} kB/s and ${(frames / count / lasted).toFixed(0)} messages/s a node sent, as many received; ${((user + system) / 10_000 / count / lasted).toFixed(1)} % of a core a node`
  console.log(
    `1,000 streams of 10 nodes, ${(changes / count / lasted).toFixed(1)} changes/s each: ${cost}; one view ${agreed.toFixed(0)} ms after the last change`,
  )
  expect(rate).toBeLessThan(50)
})
