/** Messages on their way to one member: in order, gathered into batches while earlier ones are on the way, within limits. */

import { ShoalError } from '../../../../errors.js'
import { batchedSize, encodeBatch, type TopicMessage } from './message-batch.js'

/** Batches without an answer. More than one, so that a round trip is not the limit. */
const window = 4
/** Bytes from which on a batch takes no further message. */
const batchBytes = 32 * 1024
const maxMessages = 4096
const maxBytes = 16 * 1024 * 1024

interface Waiting extends TopicMessage {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** One member's lane. */
export class MemberLane {
  readonly #post: (batch: Uint8Array) => Promise<void>
  #waiting: Waiting[] = []
  #bytes = 0
  #onTheWay = 0
  #closed: ShoalError | undefined

  constructor(post: (batch: Uint8Array) => Promise<void>) {
    this.#post = post
  }

  /** Resolves when the member has it. Rejects with `ERR_OVERLOADED` or what the way there failed with. */
  send(message: TopicMessage): Promise<void> {
    const size = batchedSize(message)
    if (this.#closed) return Promise.reject(this.#closed)
    if (this.#waiting.length >= maxMessages || (this.#bytes > 0 && this.#bytes + size > maxBytes))
      return Promise.reject(new ShoalError('ERR_OVERLOADED', `${this.#waiting.length} cluster messages (${this.#bytes} bytes) wait for the member already.`))
    this.#bytes += size
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...message, resolve, reject })
      this.#pump()
    })
  }

  /** Gives up what waits; what is on the way is settled by the way. */
  close(error: ShoalError): void {
    this.#closed = error
    this.#bytes = 0
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #pump(): void {
    while (this.#onTheWay < window && this.#waiting.length > 0) void this.#sendBatch(this.#take())
  }

  /** The next batch: at least one message. */
  #take(): Waiting[] {
    let size = 0
    let count = 0
    for (const message of this.#waiting) {
      if (count > 0 && size + batchedSize(message) > batchBytes) break
      size += batchedSize(message)
      count++
    }
    this.#bytes -= size
    return this.#waiting.splice(0, count)
  }

  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    this.#onTheWay++
    try {
      await this.#post(encodeBatch(batch))
      for (const { resolve } of batch) resolve()
    } catch (error) {
      for (const { reject } of batch) reject(ShoalError.from(error))
    } finally {
      this.#onTheWay--
      this.#pump()
    }
  }
}
