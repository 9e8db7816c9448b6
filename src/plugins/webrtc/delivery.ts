/** Sends a stream by one connection: to a client that views it, or to the server that it is pushed to. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Frame, Subscription } from '../../stream.js'
import type { Peer } from './peer.js'
import { Sender, type SenderCounts } from './sender.js'
import type { SharedPackets } from './shared-packets.js'
import { checkOrder, type ViewPlan } from './view-answer.js'

/** ms between two returns to the newest key picture, for a receiver that lost its own. */
const returnInterval = 1000

/** µs that a receiver is brought up to date at its beginning; where the key picture is older, a new one is asked for. */
const longCatchUp = 2_000_000

/** ms to see the first frames of a stream before it is answered. */
const lookLimit = 500

/** What a delivery works with. */
export interface DeliveryOptions {
  readonly carried: ViewPlan['carried']
  readonly peer: Peer
  readonly packets: SharedPackets
  /** The stream from its newest key frame; used at the start and when the receiver lost its picture. */
  readonly subscribe: () => Promise<Subscription>
}

/** Sends until the stream or the connection ends. */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #sender: Sender
  #subscription: Subscription
  #returned = Number.NEGATIVE_INFINITY
  #again = false
  #connected = false
  #begun = false

  /** `subscription`: the first one; it is closed at the end of {@link run}. */
  constructor(options: DeliveryOptions, subscription: Subscription) {
    const { peer, carried, packets } = options
    this.#options = options
    this.#subscription = subscription
    this.#sender = new Sender({
      carried,
      packets,
      send: (packet) => peer.send(packet),
      sendData: (track, frame) => peer.sendMessage(`${track.id}`, frame.data, isText(track.codec)),
      keyWanted: () => this.#keyWanted(),
    })
    peer.events = { packets: (packets) => this.#sender.receive(packets) }
  }

  get connected(): boolean {
    return this.#connected
  }

  get counts(): SenderCounts {
    return this.#sender.counts
  }

  /**
   * Sends until the stream or the connection ends. Rejects with what ended the stream, with `ERR_CODEC_UNSUPPORTED` for frames
   * that WebRTC cannot carry, and as {@link Peer.connected}.
   */
  async run(): Promise<void> {
    const { peer } = this.#options
    void peer.over.then(() => this.#subscription.close())
    try {
      await peer.connected
      this.#connected = true
      // the first subscription held the stream; what came meanwhile is late
      await this.#renew()
      while (!peer.closed) {
        this.#again = false
        await this.#subscription.deliver((frames) => this.#take(frames))
        if (!this.#again || peer.closed) break
        await this.#renew()
        this.#sender.restart()
      }
      this.#sender.goodbye()
      await delay(50) // what is sent must be on its way before the connection ends
    } finally {
      this.#subscription.close()
    }
  }

  /** Begins at the newest key picture. */
  async #renew(): Promise<void> {
    const next = await this.#options.subscribe()
    this.#subscription.close()
    this.#subscription = next
  }

  #take(frames: readonly Frame[]): Promise<void> | undefined {
    checkOrder(this.#subscription.path, this.#options.carried, frames)
    if (!this.#begun && spanOf(frames) > longCatchUp) this.#subscription.wantKey()
    this.#begun = true
    return this.#sender.send(frames, this.#subscription)
  }

  /** The receiver shows nothing until a key picture comes: the publisher is asked for one, and meanwhile it gets the newest again and what followed it. */
  #keyWanted(): void {
    const now = performance.now()
    this.#subscription.wantKey()
    if (!this.#connected || this.#again || now - this.#returned < returnInterval) return
    this.#returned = now
    this.#again = true
    this.#subscription.close()
  }
}

/** Looks at the first frames, if there are any yet, for what would have to be refused. Throws as {@link checkOrder}. */
export async function lookAhead(subscription: Subscription, { carried }: ViewPlan): Promise<void> {
  const seen = subscription.deliver((frames) => {
    try {
      checkOrder(subscription.path, carried, frames)
    } finally {
      subscription.close()
    }
  })
  const timer = setTimeout(() => subscription.close(), lookLimit)
  try {
    await seen
  } finally {
    clearTimeout(timer)
    subscription.close()
  }
}

/** Is a data track sent as text? */
export function isText(codec: string): boolean {
  return codec === 'text' || codec.startsWith('text/') || codec.endsWith('json')
}

/** µs. */
function spanOf(frames: readonly Frame[]): number {
  const [first, last] = [frames[0], frames.at(-1)]
  return first && last ? last.timestamp - first.timestamp : 0
}
