/** A pair of joined {@link LinkStream}s in memory. */

import type { LinkStream } from '../daemon/swarm/swarm.js'
import { BoundedQueue } from '../daemon/util/queue.js'
import { abortable, monotonic } from '../daemon/util/wait.js'
import { ShoalError } from '../errors.js'
import type { PeerId } from '../plugin.js'

/** The marks of a real link stream, in bytes (daemon/swarm/link-writer.ts). */
const highWater = 256 * 1024
const lowWater = 128 * 1024
const hardLimit = 8 * 1024 * 1024

/** Unread bytes at which the far end is held back. */
const window = 1024 * 1024

/** What the network does with one frame on its way. A frame may be replaced. */
export type FrameFate = 'pass' | 'reset' | 'cut' | Uint8Array

/** What an end needs of the network around it. */
export interface LoopbackWire {
  /** ms until a frame sent now arrives. */
  delay(): number
  /** Nothing moves while true. */
  stalled(): boolean
  /** Asked as a frame arrives. `cut` and `reset` are carried out by the wire. */
  fate(frame: Uint8Array): FrameFate
  /** The stream is over. */
  ended(): void
}

/** One end of a stream. Made in pairs by {@link joinedStreams}. */
export class LoopbackStream implements LinkStream {
  readonly peer: PeerId
  readonly protocol: string
  readonly signal: AbortSignal
  #other: LoopbackStream | undefined
  #queued = 0
  #travelling = 0
  #unread = 0
  #finished = false
  #timer: NodeJS.Timeout | undefined
  #waiting: { resolve: () => void; reject: (error: Error) => void; below: number }[] = []
  /** Sent and not yet on their way; null is the end. */
  readonly #outgoing: (Uint8Array | null)[] = []
  readonly #onWay: { readonly due: number; readonly frame: Uint8Array | null }[] = []
  readonly #inbox = new BoundedQueue<Uint8Array>({ limit: Number.POSITIVE_INFINITY })
  readonly #controller = new AbortController()
  readonly #maxFrame: number
  readonly #wire: LoopbackWire

  constructor(peer: PeerId, protocol: string, maxFrame: number, wire: LoopbackWire) {
    this.peer = peer
    this.protocol = protocol
    this.signal = this.#controller.signal
    this.#maxFrame = maxFrame
    this.#wire = wire
  }

  /** Ties two ends together. */
  join(other: LoopbackStream): void {
    this.#other = other
  }

  get frames(): AsyncIterable<Uint8Array> {
    return this.#read()
  }

  get buffered(): number {
    return this.#queued
  }

  send(...parts: Uint8Array[]): boolean {
    if (this.signal.aborted || this.#finished) throw new ShoalError('ERR_PEER_UNREACHABLE', 'The stream is over.')
    const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
    if (length > this.#maxFrame) throw new ShoalError('ERR_PAYLOAD_TOO_LARGE', `A frame of ${length} bytes is over the limit of ${this.#maxFrame}.`)
    if (this.#queued + length > hardLimit + this.#maxFrame) throw new ShoalError('ERR_OVERLOADED', 'The peer takes data too slowly.')
    this.#queued += length
    this.#outgoing.push(join(parts, length))
    this.pump()
    return this.#queued < highWater
  }

  drained(signal?: AbortSignal): Promise<void> {
    return abortable(this.#below(lowWater), signal)
  }

  async close(): Promise<void> {
    if (this.#finished || this.signal.aborted) return
    this.#finished = true
    this.#outgoing.push(null)
    this.pump()
    await this.#below(1)
  }

  abort(reason: Error): void {
    if (this.signal.aborted) return
    const other = this.#other
    this.fail(reason)
    other?.fail(new ShoalError('ERR_PEER_UNREACHABLE', 'The peer reset the stream.'))
  }

  /** Ends this end alone. What has arrived can still be read. */
  fail(reason: Error): void {
    if (this.signal.aborted) return
    clearTimeout(this.#timer)
    this.#outgoing.length = 0
    this.#onWay.length = 0
    this.#queued = 0
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    this.#inbox.fail(reason)
    this.#controller.abort(reason)
    this.#wire.ended()
  }

  /** Sends off what the far end has room for. */
  pump(): void {
    const other = this.#other
    while (other && this.#outgoing.length > 0 && !this.#wire.stalled() && other.#unread + this.#travelling < window) {
      const frame = this.#outgoing.shift() as Uint8Array | null
      this.#travelling += frame?.byteLength ?? 0
      const due = Math.max(monotonic() + this.#wire.delay(), this.#onWay.at(-1)?.due ?? 0)
      this.#onWay.push({ due, frame })
    }
    const head = this.#onWay[0]
    // the reference is kept: a test that waits for a frame keeps its process
    if (head && this.#timer === undefined) this.#timer = setTimeout(() => this.#arrive(), Math.max(0, head.due - monotonic()))
  }

  #arrive(): void {
    this.#timer = undefined
    const now = monotonic()
    while (this.#onWay.length > 0 && !this.#wire.stalled() && !this.signal.aborted) {
      const { due, frame } = this.#onWay[0] as { due: number; frame: Uint8Array | null }
      if (due > now + 0.5) break
      this.#onWay.shift()
      this.#travelling -= frame?.byteLength ?? 0
      this.#queued -= frame?.byteLength ?? 0
      if (frame === null) this.#other?.receiveEnd()
      else this.#deliver(frame)
    }
    this.#settle()
    this.pump()
  }

  #deliver(frame: Uint8Array): void {
    const fate = this.#wire.fate(frame)
    if (fate === 'pass') this.#other?.receive(frame)
    else if (fate instanceof Uint8Array) this.#other?.receive(fate)
    else if (fate === 'reset') this.abort(new ShoalError('ERR_PEER_UNREACHABLE', 'The network reset the stream.'))
  }

  /** A frame arrives. */
  receive(frame: Uint8Array): void {
    if (this.signal.aborted) return
    if (frame.byteLength > this.#maxFrame) {
      this.abort(new ShoalError('ERR_PROTOCOL', `A frame of ${frame.byteLength} bytes is over the limit of ${this.#maxFrame}.`))
      return
    }
    this.#unread += frame.byteLength
    this.#inbox.push(frame)
  }

  /** The peer has sent everything. */
  receiveEnd(): void {
    this.#inbox.close()
    if (!this.#finished) return
    const closed = new ShoalError('ERR_PEER_UNREACHABLE', 'The stream was closed by both sides.')
    this.#other?.fail(closed)
    this.fail(closed)
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const frame of this.#inbox) {
      this.#unread -= frame.byteLength
      this.#other?.pump()
      yield frame
    }
  }

  #below(mark: number): Promise<void> {
    if (this.signal.aborted) return Promise.reject(this.signal.reason)
    if (this.#queued < mark) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject, below: mark }))
  }

  #settle(): void {
    const ready = this.#waiting.filter(({ below }) => this.#queued < below)
    this.#waiting = this.#waiting.filter((waiter) => !ready.includes(waiter))
    for (const { resolve } of ready) resolve()
  }
}

/** Parts as one frame of its own, as a network would deliver it. */
function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const frame = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    frame.set(part, at)
    at += part.byteLength
  }
  return frame
}
