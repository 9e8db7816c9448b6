/** Nodes with control channels over a loopback network, for tests of what stands on them. */

import { Control, createHello } from '../../../src/daemon/swarm/control.js'
import type { ControlTiming } from '../../../src/daemon/swarm/control-channel.js'
import type { Hello } from '../../../src/daemon/swarm/control-messages.js'
import type { ControlQueueLimits } from '../../../src/daemon/swarm/control-writer.js'
import { Strikes } from '../../../src/daemon/swarm/strikes.js'
import type { LoopbackNet, LoopbackSwarm } from '../../../src/testing/loopback-swarm.js'
import { type MemoryLog, memoryLog } from '../../../src/testing/memory-log.js'

/** One node. */
export interface ControlNode {
  readonly swarm: LoopbackSwarm
  readonly control: Control
  readonly strikes: Strikes
  readonly log: MemoryLog
  readonly refused: { peer: string; reason: string }[]
}

/** What a test may choose. */
export interface ControlNodeOptions {
  readonly hello?: Partial<Hello>
  readonly timing?: Partial<ControlTiming>
  readonly queue?: ControlQueueLimits
  /** Peer id. Default: any. */
  readonly id?: string
}

/** Makes a node with a started control channel. */
export function controlNode(net: LoopbackNet, name: string, options: ControlNodeOptions = {}): ControlNode {
  const swarm = net.node(options.id)
  const log = memoryLog()
  const refused: { peer: string; reason: string }[] = []
  const refuse = (peer: string, reason: string): void => {
    refused.push({ peer, reason })
    void swarm.cut(peer, reason)
  }
  const strikes = new Strikes({ log, refuse })
  const hello = { ...createHello({ name, agent: 'shoal/test', kinds: [], maxPayload: 1024 * 1024 }), ...options.hello }
  const timing = { reopen: { min: 5, max: 50 }, ...options.timing }
  const control = new Control({ swarm, log, hello, strikes, timing, ...(options.queue && { queue: options.queue }) })
  control.start()
  return { swarm, control, strikes, log, refused }
}
