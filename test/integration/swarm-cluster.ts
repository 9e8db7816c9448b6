/** Several nodes of the swarm in one process, on loopback TCP. */

import { generateKeyPair } from '@libp2p/crypto/keys'
import { createNode, type Node, type NodeOptions } from '../../src/daemon/swarm/node.js'
import type { LinkEvent, LinkStream } from '../../src/daemon/swarm/swarm.js'
import { type MemoryLog, memoryLog } from '../../src/testing/memory-log.js'
import { slowness } from '../wait-for.js'

/** A node under test. */
export interface TestNode {
  readonly node: Node
  readonly trusted: Set<string>
  readonly log: MemoryLog
  /** Multiaddrs on loopback. */
  readonly addresses: readonly string[]
  pairingOpen: boolean
}

/** The nodes of one test; stop them at its end. */
export class TestCluster {
  readonly nodes: TestNode[] = []

  async add(options: Partial<NodeOptions> = {}): Promise<TestNode> {
    const { raw } = await generateKeyPair('Ed25519')
    const trusted = new Set<string>()
    const log = memoryLog()
    const made = { trusted, log, pairingOpen: false }
    const node = await createNode({
      privateKeyRaw: raw,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      isTrusted: (peer) => trusted.has(peer),
      pairingOpen: () => made.pairingOpen,
      log,
      ...options,
    })
    await node.start()
    const test = Object.assign(made, { node, addresses: node.addresses })
    this.nodes.push(test)
    return test
  }

  /** Two nodes that trust each other, `a` with the lower id; not connected. */
  async pair(options: Partial<NodeOptions> = {}): Promise<[TestNode, TestNode]> {
    const one = await this.add(options)
    const two = await this.add(options)
    trust(one, two)
    return one.node.id < two.node.id ? [one, two] : [two, one]
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.splice(0).map(({ node }) => node.stop()))
  }
}

/** Makes two nodes trust each other. */
export function trust(a: TestNode, b: TestNode): void {
  a.trusted.add(b.node.id)
  b.trusted.add(a.node.id)
}

/** Collects the link events of a node. */
export function collect(node: Node): LinkEvent[] {
  const events: LinkEvent[] = []
  const run = async (): Promise<void> => {
    for await (const event of node.events()) events.push(event)
  }
  run().catch(() => {})
  return events
}

/** Serves a protocol that sends every frame back. */
export function serveEcho(node: Node, protocol: string, maxFrame = 1 << 20): void {
  node.handle(protocol, { maxFrame, maxInbound: 64 }, async (stream) => {
    for await (const frame of stream.frames) if (!stream.send(frame)) await stream.drained()
    await stream.close()
  })
}

/** Waits for a condition; `timeout` in ms, scaled. */
export async function until(condition: () => boolean, what: string, timeout = 15_000): Promise<void> {
  const end = performance.now() + timeout * slowness
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${timeout} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The next frame of a stream. */
export async function nextFrame(stream: LinkStream): Promise<Uint8Array> {
  for await (const frame of stream.frames) return frame
  throw new Error('the stream ended')
}
