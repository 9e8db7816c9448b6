/** What waits to be sent: one line for all addressees, so that the order of a sender is the same for everybody. Bounded. */

import { ShoalError } from '../../errors.js'
import type { TopicMessage } from './envelope.js'

const maxWaiting = { messages: 4096, bytes: 16 * 1024 * 1024 }
/** Messages and bytes that share one envelope. */
const maxBatch = { messages: 256, bytes: 256 * 1024 }

interface Waiting extends TopicMessage {
  readonly to: string
  readonly resolve: (reached: number) => void
  readonly reject: (error: unknown) => void
}

/** Sends messages to one addressee (empty: to all); resolves with the number of members that got them. */
export type Carry = (to: string, messages: readonly TopicMessage[]) => Promise<number>

/** See the file. */
export class Departures {
  readonly #carry: Carry
  #waiting: Waiting[] = []
  #bytes = 0
  #going = false

  constructor(carry: Carry) {
    this.#carry = carry
  }

  /** Resolves with the number of members that got it. Rejects as `carry`, and with `ERR_OVERLOADED`. The body is copied. */
  send(to: string, topic: string, body: Uint8Array): Promise<number> {
    if (this.#waiting.length >= maxWaiting.messages || this.#bytes + body.length > maxWaiting.bytes)
      return Promise.reject(new ShoalError('ERR_OVERLOADED', 'Too many cluster messages wait.'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ to, topic, body: new Uint8Array(body), resolve, reject })
      this.#bytes += body.length
      if (!this.#going) void this.#go()
    })
  }

  async #go(): Promise<void> {
    this.#going = true
    // what is sent in the same turn goes together
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#next()
      try {
        const reached = await this.#carry(batch[0]?.to ?? '', batch)
        for (const { resolve } of batch) resolve(reached)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#going = false
  }

  /** The first messages, as long as they go to the same addressee. */
  #next(): Waiting[] {
    const to = this.#waiting[0]?.to
    let count = 0
    let bytes = 0
    for (const { to: other, body } of this.#waiting) {
      bytes += body.length
      if (other !== to || count >= maxBatch.messages || (count > 0 && bytes > maxBatch.bytes)) break
      count++
    }
    const batch = this.#waiting.slice(0, count)
    this.#waiting = this.#waiting.slice(count)
    for (const { body } of batch) this.#bytes -= body.length
    return batch
  }
}
