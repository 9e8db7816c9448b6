/** Payloads of one node, put together: what leaves, what arrives, and which plugin gets it. */

import type { Logger, PeerId } from '../../plugin.js'
import type { Monitoring, PayloadCount } from '../../services.js'
import type { Config } from '../config/config.js'
import type { PeerBook } from '../keystore/peer-book.js'
import { Incoming } from '../payloads/incoming.js'
import { Outbox } from '../payloads/outbox.js'
import { type Deliver, Router } from '../payloads/router.js'
import { controlLimits, isPayloadKind } from '../swarm/control-messages.js'
import type { Network } from './network.js'

/** What it needs. */
export interface MessagesOptions {
  readonly network: Network
  readonly book: PeerBook
  readonly config: Config['payloads']
  /** Hands a payload to a plugin. */
  readonly deliver: Deliver
  readonly log: Logger
  readonly monitoring: Monitoring
}

/** Everything about payloads. */
export class Messages {
  readonly router: Router
  readonly outbox: Outbox
  readonly #incoming: Incoming

  constructor({ network, book, config, deliver, log, monitoring }: MessagesOptions) {
    const observed = (direction: PayloadCount['direction']) => (kind: string, outcome: string, bytes: number) =>
      monitoring.onPayload?.({ direction, kind: isPayloadKind(kind) ? kind : '', outcome, count: 1, bytes })
    const { control, node } = network
    const { maxSize, queueLength, queueBytes, timeout } = config
    this.router = new Router({
      log,
      deliver,
      limits: { maxPayload: maxSize, kindItems: queueLength, peerBytes: queueBytes },
      observed: observed('in'),
      claimsChanged: kindsNews(control, log),
    })
    this.outbox = new Outbox({
      self: node.id,
      control,
      router: this.router,
      trusted: (peer) => book.isTrusted(peer),
      log,
      limits: { items: queueLength, bytes: queueBytes },
      timeout,
      maxPayload: maxSize,
      observed: observed('out'),
    })
    this.#incoming = new Incoming({ control, router: this.router, log })
  }

  /** Drops what is kept of a peer that was forgotten. */
  forget(peer: PeerId): void {
    this.router.forget(peer)
    this.outbox.forget(peer)
  }

  close(): void {
    this.#incoming.close()
    this.outbox.close()
  }
}

/**
 * Tells peers of the kinds that are handled here, once for all changes of a turn: a kind that one plugin leaves to another is
 * never gone for them, and a plugin with many kinds is one message. Throws `ERR_LIMIT` for more kinds than a peer takes.
 */
function kindsNews(control: Pick<Network['control'], 'setHello'>, log: Logger): (kinds: readonly string[]) => void {
  let latest: readonly string[] | undefined
  const tell = (): void => {
    const kinds = [...(latest ?? [])]
    latest = undefined
    try {
      control.setHello({ kinds })
    } catch (err) {
      log.error('peers could not be told of payload kinds', { err })
    }
  }
  return (kinds) => {
    if (kinds.length > controlLimits.kinds) return control.setHello({ kinds: [...kinds] })
    if (latest === undefined) queueMicrotask(tell)
    latest = kinds
  }
}
