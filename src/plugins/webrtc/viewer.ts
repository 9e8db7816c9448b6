/** A client that views a stream by WHEP. */

import type { Subscription } from '../../stream.js'
import { Delivery, type DeliveryOptions } from './delivery.js'
import type { Peer } from './peer.js'
import type { Session, SessionInfo } from './session.js'

/** What a viewer works with. */
export interface ViewerOptions extends DeliveryOptions {
  readonly who: Session['who']
  readonly address: string
}

/** Sends a stream to one client. */
export class Viewer implements Session {
  readonly action = 'stream.read'
  readonly path: string
  readonly who: Session['who']
  readonly peer: Peer
  readonly #options: ViewerOptions
  readonly #delivery: Delivery
  readonly #since = Date.now()

  /** `subscription`: the first one; it is closed at the end of {@link run}. */
  constructor(options: ViewerOptions, subscription: Subscription) {
    this.#options = options
    this.path = subscription.path
    this.who = options.who
    this.peer = options.peer
    this.#delivery = new Delivery(options, subscription)
  }

  info(): SessionInfo {
    const { carried, address } = this.#options
    return {
      path: this.path,
      kind: 'whep',
      address: this.peer.remote ?? address,
      state: this.#delivery.connected ? 'connected' : 'connecting',
      since: this.#since,
      codecs: carried.map(({ track }) => track.codec),
      ...this.#delivery.counts,
    }
  }

  /** As {@link Delivery.run}. */
  run(): Promise<void> {
    return this.#delivery.run()
  }
}
