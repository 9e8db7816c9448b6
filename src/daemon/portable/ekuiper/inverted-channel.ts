/**
 * Calls to a plugin over eKuiper's inverted request/reply: the plugin asks, and what it is answered is a command; its next
 * request is the answer to that command. A request that says `handshake` answers nothing: it only opens a slot.
 */

import { ShoalError } from '../../../errors.js'
import { abortable } from '../../util/wait.js'
import type { SpRequest } from '../sp/sp-socket.js'

/** How an {@link InvertedChannel} is made. */
export interface InvertedChannelOptions {
  /** Requests of the plugin; a reply socket is one. */
  readonly requests: AsyncIterable<SpRequest>
  /** For messages: `plugin mirror`, `function echo`. */
  readonly name: string
  /** ms that a command may take, its wait for a slot included. */
  readonly timeout: number
  /** Commands that may wait. */
  readonly maxQueued?: number
}

interface Call {
  readonly command: Uint8Array
  readonly answer: ReturnType<typeof Promise.withResolvers<Uint8Array>>
  timer: NodeJS.Timeout | undefined
}

const handshake = Buffer.from('handshake')
const defaultMaxQueued = 1000

/** One channel. At most one command is out. */
export class InvertedChannel {
  readonly #options: InvertedChannelOptions
  #ready = Promise.withResolvers<void>()
  readonly #queue: Call[] = []
  /** The newest request that is not answered: where the next command goes. */
  #slot: SpRequest | undefined
  /** A command that was sent and has no answer. */
  #out: Call | undefined
  /** Id of the last request that was answered with a command: some senders repeat what they sent long ago. */
  #answered: number | undefined
  #closed = false

  constructor(options: InvertedChannelOptions) {
    this.#options = options
    this.#ready.promise.catch(() => {})
    void this.#follow()
  }

  /** Resolves with the first handshake. Rejects when the channel closes before, or the signal aborts. */
  async ready(signal?: AbortSignal): Promise<void> {
    await abortable(this.#ready.promise, signal)
  }

  /** Sends a command and resolves with its answer. Rejects with `ERR_TIMEOUT`, `ERR_OVERLOADED`, `ERR_STOPPING`. */
  call(command: Uint8Array): Promise<Uint8Array> {
    const { name, timeout, maxQueued = defaultMaxQueued } = this.#options
    if (this.#closed) return Promise.reject(new ShoalError('ERR_STOPPING'))
    if (this.#queue.length >= maxQueued) return Promise.reject(new ShoalError('ERR_OVERLOADED', `${maxQueued} commands wait for the ${name}.`))
    const call: Call = { command, answer: Promise.withResolvers(), timer: undefined }
    call.timer = setTimeout(() => this.#giveUp(call), timeout)
    this.#queue.push(call)
    this.#next()
    return call.answer.promise
  }

  /** The process of the plugin ended: the command that was out fails, those that wait go to the next one, and so does {@link ready}. */
  renew(error: ShoalError): void {
    if (this.#closed) return
    this.#ready.reject(error)
    this.#ready = Promise.withResolvers()
    this.#ready.promise.catch(() => {})
    this.#hold(undefined)
    const out = this.#out
    this.#out = undefined
    if (out) settle(out, () => out.answer.reject(error))
  }

  /** Commands that wait or have no answer yet. */
  get open(): number {
    return this.#queue.length + (this.#out ? 1 : 0)
  }

  /** Fails what waits; sends nothing more. */
  close(): void {
    this.#closed = true
    const error = new ShoalError('ERR_STOPPING')
    this.#ready.reject(error)
    for (const call of [...(this.#out ? [this.#out] : []), ...this.#queue.splice(0)]) settle(call, () => call.answer.reject(error))
    this.#out = undefined
    this.#hold(undefined)
  }

  async #follow(): Promise<void> {
    for await (const request of this.#options.requests) this.#take(request)
    this.close()
  }

  #take(request: SpRequest): void {
    if (this.#closed || request.id === this.#answered) return
    // a slot that is repeated is still the same slot, and its body was taken before
    const repeated = request.id === this.#slot?.id
    this.#hold(request)
    if (repeated) return
    if (handshake.equals(request.body)) {
      this.#ready.resolve()
      this.#again()
    } else if (this.#out) {
      const { answer } = this.#out
      settle(this.#out, () => answer.resolve(request.body))
      this.#out = undefined
    }
    this.#next()
  }

  /** A plugin that shakes hands while a command is out did not get it. */
  #again(): void {
    if (!this.#out) return
    this.#queue.unshift(this.#out)
    this.#out = undefined
  }

  /** Keeps a slot until it is used, or its connection is over: the plugin comes back with a handshake then. */
  #hold(request: SpRequest | undefined): void {
    this.#slot?.signal.removeEventListener('abort', this.#lose)
    this.#slot = request
    request?.signal.addEventListener('abort', this.#lose, { once: true })
  }

  readonly #lose = (): void => this.#hold(undefined)

  #next(): void {
    if (this.#out || !this.#slot) return
    const call = this.#queue.shift()
    if (!call) return
    const slot = this.#slot
    this.#hold(undefined)
    this.#answered = slot.id
    this.#out = call
    slot.reply(call.command)
  }

  #giveUp(call: Call): void {
    const { name, timeout } = this.#options
    // an answer that comes late finds no command, and is a free slot
    if (this.#out === call) this.#out = undefined
    else this.#queue.splice(this.#queue.indexOf(call), 1)
    call.answer.reject(new ShoalError('ERR_TIMEOUT', `The ${name} did not answer within ${timeout} ms.`))
  }
}

function settle(call: Call, outcome: () => void): void {
  clearTimeout(call.timer)
  outcome()
}
