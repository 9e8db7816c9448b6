/** The writing half of a control channel: a bounded queue in front of one stream. */

import { ShoalError } from '../../errors.js'
import { BoundedQueue } from '../util/queue.js'
import { abortable, monotonic } from '../util/wait.js'
import { encodeParts } from './control-codec.js'
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
  readonly #queue: BoundedQueue<Uint8Array[]>
  readonly #waiting = new Set<{ resolve: () => void; reject: (error: Error) => void }>()
  /** Settles {@link run}. */
  readonly #over = Promise.withResolvers<void>()
  /** May messages go to the stream at once? Not before `run`, and not while the stream has no room. */
  #flowing = false

  constructor(stream: LinkStream, limits: ControlQueueLimits) {
    this.#stream = stream
    this.#limits = limits
    this.#queue = new BoundedQueue({ limit: limits.items, maxWeight: limits.bytes, weigh: (parts) => sizeOf(parts) })
  }

  get queued(): { readonly items: number; readonly bytes: number } {
    return { items: this.#queue.size, bytes: this.#queue.weight }
  }

  /** Queues a message; false = more than half full: wait for {@link drained}. Throws `ERR_OVERLOADED`, and `ERR_PEER_UNREACHABLE` after the end. */
  send(message: ControlMessage): boolean {
    if (this.#queue.closed) throw unreachable()
    if (message.type === 'payload' && this.#fuller(0.75)) throw overloaded(this.#queue.size)
    const parts = encodeParts(message)
    // nothing waits before it: it needs no place in the queue
    if (this.#flowing && this.#queue.size === 0) this.#pass(parts)
    else if (!this.#queue.push(parts)) throw overloaded(this.#queue.size)
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
    const { signal } = this.#stream
    const end = (): void => this.#end()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    this.#flowing = true
    this.#flow()
    try {
      await this.#over.promise
      signal.throwIfAborted()
    } finally {
      signal.removeEventListener('abort', end)
      this.#end()
    }
  }

  /** Hands what waits to the stream in this turn, while it has room: a promise for each message would cost more than the message. */
  #flow(): void {
    for (let parts = this.#flowing && this.#queue.shift(); parts; parts = this.#flowing && this.#queue.shift()) {
      this.#pass(parts)
      if (this.#waiting.size > 0 && !this.#fuller(0.5)) this.#release()
    }
  }

  /** Hands one message to the stream, which then may have no room for the next. */
  #pass(parts: Uint8Array[]): void {
    try {
      this.lastSent = monotonic()
      if (!this.#stream.send(...parts)) this.#hold()
    } catch (error) {
      this.#flowing = false
      this.#over.reject(error)
    }
  }

  /** Goes on when the stream has room. */
  #hold(): void {
    this.#flowing = false
    const resume = (): void => {
      this.#flowing = true
      this.#flow()
    }
    this.#stream.drained().then(resume, this.#over.reject)
  }

  /** Drops what waits and ends {@link run}. */
  close(): void {
    this.#end()
  }

  #end(): void {
    this.#queue.close()
    this.#queue.drain()
    this.#over.resolve()
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

function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0
  for (const { byteLength } of parts) size += byteLength
  return size
}

function unreachable(): ShoalError {
  return new ShoalError('ERR_PEER_UNREACHABLE', 'The control channel to the peer is closed.')
}

function overloaded(items: number): ShoalError {
  return new ShoalError('ERR_OVERLOADED', `The peer takes messages too slowly: ${items} wait for it.`)
}
