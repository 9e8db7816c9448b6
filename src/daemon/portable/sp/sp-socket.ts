/** SP sockets as a program uses them: PUSH, PULL, REQ and REP over any number of connections. */

import { randomInt } from 'node:crypto'
import { ShoalError } from '../../../errors.js'
import { abortable } from '../../util/wait.js'
import { Handoff } from './handoff.js'
import { SpDialer, type SpEndpointOptions, SpListener } from './sp-endpoint.js'
import type { SpPipe } from './sp-pipe.js'
import type { SpPattern } from './sp-protocol.js'

/** How a socket is made. */
export interface SpSocketOptions {
  /** Bytes of the longest message taken; default 8 MiB. */
  readonly maxMessage?: number
  /** Something went wrong with one connection; it is given up. */
  onError?(error: unknown): void
}

const defaultMaxMessage = 8 * 1024 * 1024

/** Words a request may carry in front of its body: ids of the devices it passed. */
const maxBacktrace = 8

/** The endpoints of a socket and the connections they made. */
abstract class Endpoints {
  protected readonly pipes = new Set<SpPipe>()
  readonly #options: SpEndpointOptions
  readonly #listeners: SpListener[] = []
  readonly #dialers: SpDialer[] = []

  constructor(pattern: SpPattern, { maxMessage = defaultMaxMessage, onError }: SpSocketOptions) {
    this.#options = { pattern, maxMessage, onPipe: (pipe) => this.#use(pipe), ...(onError && { onError }) }
  }

  /** Takes connections at an address. */
  async listen(address: string): Promise<SpListener> {
    const listener = await SpListener.open(address, this.#options)
    this.#listeners.push(listener)
    return listener
  }

  /** Connects to an address, again and again. */
  dial(address: string): SpDialer {
    const dialer = new SpDialer(address, this.#options)
    this.#dialers.push(dialer)
    return dialer
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#listeners, ...this.#dialers].map((endpoint) => endpoint.close()))
  }

  async #use(pipe: SpPipe): Promise<void> {
    this.pipes.add(pipe)
    try {
      this.joined()
      for await (const message of pipe.messages) await this.take(message, pipe)
    } finally {
      this.pipes.delete(pipe)
    }
  }

  /** A connection is there. */
  protected joined(): void {}

  /** A message came; the next of its connection waits for the end of this. */
  protected abstract take(message: Uint8Array, pipe: SpPipe): Promise<void> | void
}

/** Takes messages from whoever pushes. */
export class PullSocket extends Endpoints implements AsyncIterable<Uint8Array> {
  readonly #handoff = new Handoff<Uint8Array>()

  constructor(options: SpSocketOptions = {}) {
    super('pull', options)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#handoff[Symbol.asyncIterator]()
  }

  override async close(): Promise<void> {
    this.#handoff.close()
    await super.close()
  }

  protected override take(message: Uint8Array): Promise<void> {
    return this.#handoff.offer(message)
  }
}

/** Sends each message to one of those that pull, in turn. */
export class PushSocket extends Endpoints {
  #turn = 0
  #changed = Promise.withResolvers<void>()

  constructor(options: SpSocketOptions = {}) {
    super('push', options)
  }

  /** Resolves when the message is on its way. Waits while nobody is there or nobody has room; rejects when the signal aborts. */
  async send(message: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted()
      const pipes = [...this.pipes]
      const free = pipes.length > 0 ? this.#next(pipes) : undefined
      if (free) return void free.send(message)
      const waits = pipes.map((pipe) => pipe.drained(signal).catch(() => {}))
      await abortable(Promise.race([this.#changed.promise, ...waits]), signal)
    }
  }

  /** Bytes that wait to be sent. */
  get buffered(): number {
    return [...this.pipes].reduce((sum, pipe) => sum + pipe.buffered, 0)
  }

  protected override joined(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  // one that pulls has nothing to say
  protected override take(): void {}

  #next(pipes: readonly SpPipe[]): SpPipe | undefined {
    for (let step = 0; step < pipes.length; step++) {
      const pipe = pipes[(this.#turn + step) % pipes.length] as SpPipe
      if (pipe.buffered < 256 * 1024) {
        this.#turn = (this.#turn + step + 1) % pipes.length
        return pipe
      }
    }
    return undefined
  }
}

/** A request that waits for its answer. It may be held as long as its connection lasts. */
export interface SpRequest {
  readonly body: Uint8Array
  /** Id of the request, as its sender numbered it. */
  readonly id: number
  /** Aborted when its connection is over: nobody waits for the answer. */
  readonly signal: AbortSignal
  reply(body: Uint8Array): void
}

/** Answers requests. */
export class ReplySocket extends Endpoints implements AsyncIterable<SpRequest> {
  readonly #handoff = new Handoff<SpRequest>()

  constructor(options: SpSocketOptions = {}) {
    super('rep', options)
  }

  [Symbol.asyncIterator](): AsyncIterator<SpRequest> {
    return this.#handoff[Symbol.asyncIterator]()
  }

  override async close(): Promise<void> {
    this.#handoff.close()
    await super.close()
  }

  protected override async take(message: Uint8Array, pipe: SpPipe): Promise<void> {
    const length = backtraceLength(message)
    // no request: it has passed too many devices, or is none at all
    if (length === 0) return
    const backtrace = message.subarray(0, length)
    const id = Buffer.from(backtrace).readUInt32BE(length - 4) & 0x7fff_ffff
    const reply = (body: Uint8Array): void => {
      if (!pipe.signal.aborted) pipe.send(backtrace, body)
    }
    await this.#handoff.offer({ body: message.subarray(length), id, signal: pipe.signal, reply })
  }
}

/** Bytes of the words in front of a request's body, up to the one with the high bit; 0: there is none. */
function backtraceLength(message: Uint8Array): number {
  for (let at = 0; at + 4 <= message.length && at < maxBacktrace * 4; at += 4) if ((message[at] as number) & 0x80) return at + 4
  return 0
}

/** Asks, one question at a time. */
export class RequestSocket extends Endpoints {
  #id = randomInt(0x7fff_ffff)
  #waiting: { readonly id: number; readonly answer: ReturnType<typeof Promise.withResolvers<Uint8Array>> } | undefined
  #changed = Promise.withResolvers<void>()

  constructor(options: SpSocketOptions = {}) {
    super('req', options)
  }

  /** Resolves with the answer. Rejects with `ERR_OVERLOADED` while another question is out, `ERR_PEER_UNREACHABLE` when its connection ends, or as the signal says. */
  async request(body: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#waiting) throw new ShoalError('ERR_OVERLOADED', 'An SP request is out already.')
    this.#id = (this.#id + 1) & 0x7fff_ffff
    const answer = Promise.withResolvers<Uint8Array>()
    this.#waiting = { id: this.#id, answer }
    try {
      const pipe = await this.#pipe(signal)
      const head = Buffer.alloc(4)
      head.writeUInt32BE((this.#id | 0x8000_0000) >>> 0)
      pipe.send(head, body)
      return await abortable(abortable(answer.promise, pipe.signal), signal)
    } finally {
      this.#waiting = undefined
    }
  }

  protected override joined(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  protected override take(message: Uint8Array): void {
    if (message.length < 4 || !this.#waiting) return
    const id = Buffer.from(message.subarray(0, 4)).readUInt32BE(0) & 0x7fff_ffff
    if (id === this.#waiting.id) this.#waiting.answer.resolve(message.subarray(4))
  }

  async #pipe(signal: AbortSignal | undefined): Promise<SpPipe> {
    for (;;) {
      const [pipe] = this.pipes
      if (pipe) return pipe
      await abortable(this.#changed.promise, signal)
    }
  }
}
