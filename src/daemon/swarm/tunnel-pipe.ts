/** Two streams joined, both ways, at the pace of the slower: what a relay does with a tunnel. */

import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { ShoalError } from '../../errors.js'
import { monotonic } from '../util/wait.js'

/** Bytes of one send, as in link-writer.ts. */
const unit = 65_504

/** Bytes waiting in one direction above which the sender is held back. */
const highWater = 256 * 1024

/** Bytes below which it may go on. */
const lowWater = 64 * 1024

/** Sees what passes, and passes it on. */
export type Tap = (bytes: Uint8Array) => Uint8Array

/** What a direction tells its pipe. */
interface DirectionEvents {
  readonly passed: (bytes: number) => void
  readonly closed: () => void
  readonly broken: (error: Error) => void
}

/** One direction. Holds at most `highWater` and one window of the sender. */
class Direction {
  /** All was sent on, the end too. */
  closed = false
  readonly #from: Stream
  readonly #to: Stream
  readonly #events: DirectionEvents
  readonly #tap: Tap | undefined
  readonly #queue = new Uint8ArrayList()
  #scheduled: NodeJS.Immediate | undefined
  #complete = false
  #ended = false
  #resuming = false

  constructor(from: Stream, to: Stream, events: DirectionEvents, tap: Tap | undefined) {
    this.#from = from
    this.#to = to
    this.#events = events
    this.#tap = tap
    from.addEventListener('message', (event: StreamMessageEvent) => this.#take(event.data))
    from.addEventListener('remoteCloseWrite', () => {
      this.#complete = true
    })
    from.addEventListener('end', () => {
      if (this.#complete) this.#end()
    })
    to.addEventListener('drain', () => this.#schedule())
    if (from.remoteWriteStatus !== 'closed') return
    this.#complete = true
    if (from.readBufferLength === 0) this.#end()
  }

  /** The sender said that this is all; it may still wait here. */
  get complete(): boolean {
    return this.#complete
  }

  /** Lets go of what is queued. */
  drop(): void {
    this.#queue.consume(this.#queue.byteLength)
    if (this.#scheduled) clearImmediate(this.#scheduled)
  }

  #take(data: Uint8Array | Uint8ArrayList): void {
    this.#queue.append(this.#tap ? this.#tap(data.subarray()) : data)
    this.#events.passed(data.byteLength)
    this.#hold()
    this.#flush()
  }

  #end(): void {
    this.#ended = true
    this.#flush()
  }

  /** A turn of the loop after each drain, so that small messages pass beside bulk. */
  #schedule(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined
      this.#flush()
    })
  }

  #flush(): void {
    try {
      while (this.#queue.byteLength > 0 && !this.#to.writableNeedsDrain) {
        const part = this.#queue.sublist(0, Math.min(unit, this.#queue.byteLength))
        this.#queue.consume(part.byteLength)
        this.#to.send(part)
      }
    } catch (error) {
      this.#events.broken(ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
      return
    }
    this.#release()
    if (this.#ended && this.#queue.byteLength === 0 && !this.closed) this.#close()
  }

  #close(): void {
    this.closed = true
    this.#to.close().then(this.#events.closed, (error: unknown) => this.#events.broken(ShoalError.from(error, 'ERR_PEER_UNREACHABLE')))
  }

  /** Never from inside resume(): libp2p would then believe it is open while it is shut. */
  #hold(): void {
    if (this.#resuming || this.#queue.byteLength < highWater || this.#from.readStatus !== 'readable') return
    this.#from.pause()
  }

  #release(): void {
    if (this.#resuming || this.#from.readStatus !== 'paused' || this.#queue.byteLength > lowWater) return
    this.#resuming = true
    try {
      this.#from.resume()
    } catch {
      // the stream went away: its close event says so
    } finally {
      this.#resuming = false
    }
    this.#hold()
  }
}

/** Joins two streams until both directions are closed or one breaks. Make it in the turn in which the streams are handed over. */
export class TunnelPipe {
  /** Settles when it is over. Never rejects. */
  readonly done: Promise<void>
  /** Bytes that passed, both ways. */
  bytes = 0
  /** Monotonic ms of the last byte. */
  last = monotonic()
  readonly #streams: readonly [Stream, Stream]
  #directions: readonly Direction[] = []
  readonly #settle: () => void
  #over = false

  constructor(a: Stream, b: Stream, tap?: Tap) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.done = promise
    this.#settle = resolve
    this.#streams = [a, b]
    const events: DirectionEvents = { passed: (bytes) => this.#passed(bytes), closed: () => this.#closed(), broken: (error) => this.abort(error) }
    const [there, back] = [new Direction(a, b, events, tap), new Direction(b, a, events, tap)]
    this.#directions = [there, back]
    this.#watch(a, there, back)
    this.#watch(b, back, there)
    if (this.#over) for (const direction of this.#directions) direction.drop()
  }

  /** Breaks both streams. Idempotent. */
  abort(error: Error): void {
    if (this.#over) return
    this.#finish()
    for (const stream of this.#streams) stream.abort(error)
  }

  /** A stream that ends must have said all, and been told all. */
  #watch(stream: Stream, from: Direction, to: Direction): void {
    const check = (): void => {
      if (!from.complete || !to.closed) this.abort(new ShoalError('ERR_PEER_UNREACHABLE', 'The other side of the tunnel is gone.'))
    }
    stream.addEventListener('close', check)
    if (stream.status !== 'open') check()
  }

  #passed(bytes: number): void {
    this.bytes += bytes
    this.last = monotonic()
  }

  #closed(): void {
    if (this.#directions.every(({ closed }) => closed)) this.#finish()
  }

  #finish(): void {
    this.#over = true
    for (const direction of this.#directions) direction.drop()
    this.#settle()
  }
}
