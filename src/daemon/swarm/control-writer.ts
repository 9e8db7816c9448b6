/** The writing half of a control channel: a bounded queue in front of one stream. */

import { ShoalError } from '../../errors.js'
import { BoundedQueue } from '../util/queue.js'
import { abortable, monotonic } from '../util/wait.js'
import { encodeControl } from './control-codec.js'
import type { ControlMessage } from './control-messages.js'
import type { LinkStream } from './swarm.js'

/** How much may wait for one peer. */
export interface ControlQueueLimits {
  /** Messages. Payloads may take three quarters, so that receipts and records still pass. */
  readonly items: number
  /** Bytes, likewise. */
  readonly bytes: number
}

/** Messages towards one peer over one stream; made when the stream opens, over when it ends. */
export class ControlWriter {
  /** Monotonic ms of the last message. */
  lastSent = monotonic()
  readonly #stream: LinkStream
  readonly #limits: ControlQueueLimits
  readonly #queue: BoundedQueue<Uint8Array>
  readonly #waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>()

  constructor(stream: LinkStream, limits: ControlQueueLimits) {
    this.#stream = stream
    this.#limits = limits
    this.#queue = new BoundedQueue({ limit: limits.items, maxWeight: limits.bytes, weigh: (frame) => frame.byteLength })
  }

  get queued(): { readonly items: number; readonly bytes: number } {
    return { items: this.#queue.size, bytes: this.#queue.weight }
  }

  /** Queues a message; false = more than half full: wait for {@link drained}. Throws `ERR_OVERLOADED`, and `ERR_PEER_UNREACHABLE` after the end. */
  send(message: ControlMessage): boolean {
    if (this.#queue.closed) throw unreachable()
    if (message.type === 'payload' && this.#fuller(0.75)) throw overloaded(this.#queue.size)
    if (!this.#queue.push(encodeControl(message))) throw overloaded(this.#queue.size)
    return !this.#fuller(0.5)
  }

  /** Resolves when the queue is less than half full; rejects when the stream ends first. */
  async drained(signal?: AbortSignal): Promise<void> {
    if (this.#queue.closed) throw unreachable()
    if (!this.#fuller(0.5)) return
    const waiter = Promise.withResolvers<void>()
    this.#waiting.add(waiter)
    try {
      await abortable(waiter.promise, signal)
    } finally {
      this.#waiting.delete(waiter)
    }
  }

  /** Moves messages to the stream until it ends, which throws. */
  async run(): Promise<void> {
    const end = (): void => this.#queue.close()
    this.#stream.signal.addEventListener('abort', end, { once: true })
    if (this.#stream.signal.aborted) end()
    try {
      for await (const frame of this.#queue) {
        if (this.#stream.signal.aborted) break
        this.lastSent = monotonic()
        const room = this.#stream.send(frame)
        if (!this.#fuller(0.5)) this.#release()
        if (!room) await this.#stream.drained()
      }
      this.#stream.signal.throwIfAborted()
    } finally {
      this.#stream.signal.removeEventListener('abort', end)
      this.#end()
    }
  }

  /** Drops what waits and ends {@link run}. */
  close(): void {
    this.#end()
  }

  #end(): void {
    this.#queue.close()
    this.#queue.drain()
    for (const { reject } of this.#waiting) reject(unreachable())
    this.#waiting.clear()
  }

  #release(): void {
    for (const { resolve } of this.#waiting) resolve()
    this.#waiting.clear()
  }

  #fuller(share: number): boolean {
    return this.#queue.size >= this.#limits.items * share || this.#queue.weight >= this.#limits.bytes * share
  }
}

function unreachable(): ShoalError {
  return new ShoalError('ERR_PEER_UNREACHABLE', 'The control channel to the peer is closed.')
}

function overloaded(items: number): ShoalError {
  return new ShoalError('ERR_OVERLOADED', `The peer takes messages too slowly: ${items} wait for it.`)
}
