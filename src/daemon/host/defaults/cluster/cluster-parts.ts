/** What the higher cluster services use: the services that fill the lower slots now, which a plugin may have replaced. */

import type { Logger, PeerId } from '../../../../plugin.js'
import type { ClusterMessage, ClusterNode, ClusterRegistry, MemberEvent } from '../../../../services.js'
import { Throttle } from '../../../util/rate.js'
import { delay } from '../../../util/wait.js'

/** The lower slots, looked up at each use. */
export interface ClusterParts {
  /** Peer id of this node. */
  readonly self: PeerId
  readonly node: () => ClusterNode
  readonly registry: () => ClusterRegistry
  readonly log: Logger
}

/** ms before a source that ended is opened again. */
const reopening = 500

/**
 * Calls `handle` for every value until `signal` aborts. A source that ends by itself, because the plugin behind it stopped, is
 * opened again. What `handle` throws is a bad value: it is logged and passed over.
 */
async function follow<T>(signal: AbortSignal, log: Logger, open: () => AsyncIterable<T>, handle: (value: T) => void): Promise<void> {
  const throttle = new Throttle(10_000)
  const note = (err: unknown): void => throttle.run((heldBack) => log.warn('a cluster service met a fault', { err, heldBack }))
  while (!signal.aborted) {
    try {
      for await (const value of open()) {
        if (signal.aborted) return
        try {
          handle(value)
        } catch (error) {
          note(error)
        }
      }
    } catch (error) {
      note(error)
    }
    if (!signal.aborted) await delay(reopening, signal, { unref: true }).catch(() => {})
  }
}

/** Members' comings and goings. */
export function followMembers(parts: ClusterParts, signal: AbortSignal, handle: (event: MemberEvent) => void): Promise<void> {
  return follow(signal, parts.log, () => parts.registry().events({ signal }), handle)
}

/** Messages of a topic from those that are members now. What was missed is missed: every service here makes up for lost messages. */
export function followTopic(parts: ClusterParts, topic: string, signal: AbortSignal, handle: (peer: string, body: Uint8Array) => void): Promise<void> {
  const take = (message: ClusterMessage): void => {
    if (message.type === 'message' && parts.registry().members().includes(message.peer)) handle(message.peer, message.body)
  }
  return follow(signal, parts.log, () => parts.node().subscribe(topic, { signal }), take)
}
