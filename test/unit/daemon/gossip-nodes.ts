/** Nodes that keep records alike over a loopback network, with signatures of their own. */

import { createHash } from 'node:crypto'
import { Gossip, type GossipTiming } from '../../../src/daemon/cluster/gossip.js'
import type { VerifyRecord } from '../../../src/daemon/cluster/record-inbox.js'
import type { ShoalError } from '../../../src/errors.js'
import type { KeyValue } from '../../../src/services.js'
import type { LoopbackNet } from '../../../src/testing/loopback-swarm.js'
import { memoryStorage } from '../../../src/testing/memory-storage.js'
import { type ControlNode, type ControlNodeOptions, controlNode } from './control-nodes.js'

/** One node. */
export interface GossipNode extends ControlNode {
  readonly id: string
  readonly gossip: Gossip
  readonly store: KeyValue
  readonly violations: { readonly peer: string; readonly error: ShoalError }[]
  /** Links that lead through others. */
  readonly relayed: Set<string>
  close(): Promise<void>
}

/** What a test may choose. */
export interface GossipNodeOptions extends ControlNodeOptions {
  /** Default: every other node of the net, as given when the node is made. */
  readonly trusted?: readonly string[]
  readonly store?: KeyValue
  readonly gossipTiming?: Partial<GossipTiming>
  /** Default: {@link sealOf}. */
  readonly sign?: (bytes: Uint8Array) => Promise<Uint8Array>
  readonly verify?: VerifyRecord
}

/** 64 bytes that only depend on author and content: good enough where nobody forges. */
export function sealOf(author: string, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(author).update(bytes).digest())
}

/** Makes a node. It has not started. */
export async function gossipNode(net: LoopbackNet, name: string, options: GossipNodeOptions = {}): Promise<GossipNode> {
  const node = controlNode(net, name, options)
  const { id } = node.swarm
  const store = options.store ?? memoryStorage().open('cluster')
  const violations: GossipNode['violations'] = []
  const relayed = new Set<string>()
  const gossip = await Gossip.open({
    self: id,
    control: node.control,
    log: node.log,
    sign: options.sign ?? (async (bytes) => sealOf(id, bytes)),
    verify: options.verify ?? ((author, bytes, signature) => Buffer.compare(sealOf(author, bytes), signature) === 0),
    store,
    trusted: () => options.trusted ?? [],
    describe: () => ({ name, agent: 'shoal/test', addresses: node.swarm.addresses, features: [] }),
    isDirect: (peer) => !relayed.has(peer),
    violated: (peer, error) => void violations.push({ peer, error }),
    ...(options.gossipTiming && { timing: options.gossipTiming }),
  })
  const close = async (): Promise<void> => {
    await gossip.close()
    await node.control.close()
  }
  return { ...node, id, gossip, store, violations, relayed, close }
}

/** Makes all of them trust each other, and starts them. */
export function trustAll(nodes: readonly GossipNode[]): void {
  for (const a of nodes) for (const b of nodes) if (a !== b) a.gossip.trust(b.id)
  for (const { gossip } of nodes) gossip.start()
}

/** Ids of the members that a node reaches. */
export function reaches(node: GossipNode): string {
  return [...node.gossip.membership.members.keys()].sort().join()
}
