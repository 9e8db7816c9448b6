/** Payloads of one node, put together: what leaves, what arrives, and which plugin gets it. */

import type { Logger, PeerId } from '../../plugin.js'
import type { Config } from '../config/config.js'
import type { PeerBook } from '../keystore/peer-book.js'
import { Incoming } from '../payloads/incoming.js'
import { Outbox } from '../payloads/outbox.js'
import { type Deliver, Router } from '../payloads/router.js'
import type { Network } from './network.js'

/** What it needs. */
export interface MessagesOptions {
  readonly network: Network
  readonly book: PeerBook
  readonly config: Config['payloads']
  /** Hands a payload to a plugin. */
  readonly deliver: Deliver
  readonly log: Logger
}

/** Everything about payloads. */
export class Messages {
  readonly router: Router
  readonly outbox: Outbox
  readonly #incoming: Incoming

  constructor({ network, book, config, deliver, log }: MessagesOptions) {
    const { control, node } = network
    const { maxSize, queueLength, queueBytes, timeout } = config
    this.router = new Router({
      log,
      deliver,
      limits: { maxPayload: maxSize, kindItems: queueLength, peerBytes: queueBytes },
      claimsChanged: (kinds) => control.setHello({ kinds: [...kinds] }),
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
