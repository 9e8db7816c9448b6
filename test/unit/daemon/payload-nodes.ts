/** Nodes with the whole payload layer over a loopback network. */

import { Incoming } from '../../../src/daemon/payloads/incoming.js'
import { Outbox, type OutboxOptions } from '../../../src/daemon/payloads/outbox.js'
import { type Deliver, Router, type RouterLimits } from '../../../src/daemon/payloads/router.js'
import type { LoopbackNet } from '../../../src/testing/loopback-swarm.js'
import { type ControlNode, type ControlNodeOptions, controlNode } from './control-nodes.js'

/** One node. */
export interface PayloadNode extends ControlNode {
  readonly id: string
  readonly router: Router
  readonly outbox: Outbox
  close(): Promise<void>
}

/** What a test may choose. */
export interface PayloadNodeOptions extends ControlNodeOptions {
  readonly kinds?: readonly string[]
  readonly deliver?: Deliver
  readonly limits?: Partial<RouterLimits>
  readonly outbox?: Partial<OutboxOptions>
  /** Leaves the router closed. */
  readonly waiting?: boolean
}

/** Makes a node whose plugin `test` claims `kinds`. */
export function payloadNode(net: LoopbackNet, name: string, options: PayloadNodeOptions = {}): PayloadNode {
  const node = controlNode(net, name, options)
  const { control, log, swarm } = node
  const deliver: Deliver = options.deliver ?? (async (_plugin, _src, _kind, body) => body)
  const router = new Router({ log, deliver, claimsChanged: (kinds) => control.setHello({ kinds }), ...(options.limits && { limits: options.limits }) })
  if (options.kinds) router.claim('test', options.kinds)
  const incoming = new Incoming({ control, router, log })
  const outbox = new Outbox({ self: swarm.id, control, router, log, trusted: (peer) => peer !== 'stranger', ...options.outbox })
  if (!options.waiting) router.open()
  const close = async (): Promise<void> => {
    outbox.close()
    incoming.close()
    await router.close(100)
    await control.close()
  }
  return { ...node, id: swarm.id, router, outbox, close }
}
