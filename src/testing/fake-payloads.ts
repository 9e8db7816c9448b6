/** Payloads that go nowhere but into a list. */

import type { BroadcastResult, PayloadOptions, Payloads, PeerId } from '../plugin.js'

/** A payload that was sent. `peer` is absent for a broadcast. */
export interface SentPayload {
  readonly peer?: PeerId
  readonly kind: string
  readonly body: Uint8Array
}

/** {@link Payloads} that keep what is sent; `answer` plays the far plugin. */
export class FakePayloads implements Payloads {
  readonly sent: SentPayload[] = []
  /** Replies to `request`, or throws. Default: empty. */
  answer: (sent: SentPayload, options: PayloadOptions) => Uint8Array | Promise<Uint8Array> = () => new Uint8Array()

  async send(peer: PeerId, kind: string, body: Uint8Array, options: PayloadOptions = {}): Promise<void> {
    await this.request(peer, kind, body, options)
  }

  async request(peer: PeerId, kind: string, body: Uint8Array, options: PayloadOptions = {}): Promise<Uint8Array> {
    const sent = { peer, kind, body }
    this.sent.push(sent)
    return this.answer(sent, options)
  }

  async broadcast(kind: string, body: Uint8Array): Promise<readonly BroadcastResult[]> {
    this.sent.push({ kind, body })
    return []
  }
}
