/**
 * What comes from one member, each message once and in order. A member numbers what it says, anew each time it starts; that
 * start is an epoch. What belongs to an epoch not known yet waits until the member has signed a nonce made here and told the
 * epoch it is in: an old message that somebody kept and sends again never passes.
 */

import type { Said, TopicMessage } from './envelope.js'

/** Messages of one epoch. */
export type Batch = Extract<Said, { kind: 'messages' }>

/** Batches that may wait for an answer, and their bytes. */
const maxHeld = { batches: 256, bytes: 4 * 1024 * 1024 }
/** ms until an answer that did not come is asked for again. */
const patience = 1000

/** How it asks and hands over. */
export interface ArrivalsOptions {
  /** Asks the member for its epoch with a new nonce; returns that. */
  ask(): Uint8Array
  deliver(message: TopicMessage): void
  /** Monotonic ms. */
  now(): number
}

/** See the file. */
export class Arrivals {
  /** Batches that came twice, late, or too many at once. */
  dropped = 0
  readonly #options: ArrivalsOptions
  #epoch: Uint8Array | undefined
  #last = 0
  #held: Batch[] = []
  #bytes = 0
  #nonce: Uint8Array | undefined
  #askedAt = 0

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  /** Takes a batch whose signature is right. */
  receive(batch: Batch): void {
    if (this.#epoch && same(batch.epoch, this.#epoch)) this.#pass(batch)
    else this.#hold(batch)
  }

  /** Takes an answer whose signature is right. */
  told(nonce: Uint8Array, epoch: Uint8Array): void {
    if (!this.#nonce || !same(nonce, this.#nonce)) return
    this.#nonce = undefined
    if (!this.#epoch || !same(epoch, this.#epoch)) this.#last = 0
    this.#epoch = Uint8Array.from(epoch)
    const held = this.#held
    this.#held = []
    this.#bytes = 0
    for (const batch of held) {
      if (same(batch.epoch, epoch)) this.#pass(batch)
      else this.dropped++
    }
  }

  #pass(batch: Batch): void {
    if (batch.sequence <= this.#last) {
      this.dropped++
      return
    }
    this.#last = batch.sequence
    for (const message of batch.messages) this.#options.deliver(message)
  }

  #hold(batch: Batch): void {
    const bytes = batch.messages.reduce((sum, { body }) => sum + body.length, 0)
    if (this.#held.length < maxHeld.batches && (this.#held.length === 0 || this.#bytes + bytes <= maxHeld.bytes)) {
      this.#held.push(batch)
      this.#bytes += bytes
    } else this.dropped++
    const now = this.#options.now()
    if (this.#nonce && now - this.#askedAt < patience) return
    this.#askedAt = now
    this.#nonce = this.#options.ask()
  }
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}
