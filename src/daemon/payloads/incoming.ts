/** The receiving end of the payload layer: payloads from the control channel to the router, receipts back. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { Control } from '../swarm/control.js'
import type { Hello, ReceiptMessage } from '../swarm/control-messages.js'
import { Throttle } from '../util/rate.js'
import type { Outcome } from './ledger.js'
import type { Router } from './router.js'

/** What is needed of the control channel. */
export type ReceiptChannel = Pick<Control, 'on' | 'send' | 'drained'>

/** Receipts without a reply that may wait for one peer. */
const maxWaiting = 4096

/**
 * Joins a control channel and a router. The source of a payload is the peer of the link it came on. A receipt that cannot be
 * sent because the channel broke is not lost: the sender repeats the payload, and the router answers from memory.
 */
export class Incoming {
  /** Receipts dropped because a peer took none. */
  dropped = 0
  readonly #channel: ReceiptChannel
  readonly #log: Logger
  readonly #undo: () => void
  readonly #waiting = new Map<PeerId, number>()
  readonly #throttle = new Throttle(10_000)

  constructor(options: { readonly control: ReceiptChannel; readonly router: Router; readonly log: Logger }) {
    this.#channel = options.control
    this.#log = options.log
    this.#undo = options.control.on('payload', (peer, payload, hello) => {
      options.router.receive(peer, hello.instance, payload, (outcome) => this.#answer(peer, hello, payload.id, outcome))
    })
  }

  /** Takes no more payloads. */
  close(): void {
    this.#undo()
  }

  #answer(peer: PeerId, hello: Hello, id: number, outcome: Outcome): Promise<void> | undefined {
    const value = receiptOf(hello, id, outcome)
    return this.#send(peer, value) ? undefined : this.#sendLater(peer, value)
  }

  async #sendLater(peer: PeerId, value: ReceiptMessage): Promise<void> {
    do await this.#room(peer)
    while (!this.#send(peer, value))
  }

  /** False = the queue to the peer is full. */
  #send(peer: PeerId, value: ReceiptMessage): boolean {
    try {
      this.#channel.send(peer, { type: 'receipt', value })
      return true
    } catch (error) {
      if (isShoalError(error, 'ERR_OVERLOADED')) return false
      throw error
    }
  }

  async #room(peer: PeerId): Promise<void> {
    const waiting = this.#waiting.get(peer) ?? 0
    if (waiting >= maxWaiting) {
      this.dropped++
      this.#throttle.run((heldBack) => this.#log.warn('receipts are dropped: the peer takes none', { peer, heldBack }))
      throw new ShoalError('ERR_OVERLOADED', 'Too many receipts wait for the peer.')
    }
    this.#waiting.set(peer, waiting + 1)
    try {
      await this.#channel.drained(peer)
    } finally {
      const left = (this.#waiting.get(peer) ?? 1) - 1
      if (left > 0) this.#waiting.set(peer, left)
      else this.#waiting.delete(peer)
    }
  }
}

/** What the sender learns. A reply that is larger than it takes is none. */
function receiptOf({ instance, maxPayload }: Hello, id: number, { code, message, reply }: Outcome): ReceiptMessage {
  if (reply.byteLength <= maxPayload) return { instance, id, code, message, reply }
  const tooLarge = `The reply has ${reply.byteLength} bytes; this node takes ${maxPayload}.`
  return { instance, id, code: 'ERR_PAYLOAD_TOO_LARGE', message: tooLarge, reply: new Uint8Array() }
}
