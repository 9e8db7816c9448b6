/** Calls of the host to a plugin's process: numbered, bounded, each with a time limit. */

import { ShoalError } from '../../../errors.js'
import { abortReason } from '../../util/wait.js'
import { errorOf } from './codec.js'
import { maxBacklog, maxCalls } from './limits.js'
import type { MessagePipe } from './pipe.js'
import type { Answer, PortableMessage } from './portable.pb.js'

/** How one call is made. */
export interface CallOptions {
  /** For messages: `handlePayload`. */
  readonly what: string
  /** ms; absent = as long as it takes. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** ms to wait for the answer after the signal aborted; default 0. */
  readonly linger?: number
}

interface OpenCall {
  settle(outcome: { answer: Answer } | { error: unknown }): void
}

/** The calls of one process. */
export class Calls {
  readonly #pipe: MessagePipe
  readonly #name: string
  readonly #open = new Map<number, OpenCall>()
  #last = 0
  #late = 0
  #ended: ShoalError | undefined

  constructor(pipe: MessagePipe, name: string) {
    this.#pipe = pipe
    this.#name = name
  }

  /** Calls without an answer. */
  get size(): number {
    return this.#open.size
  }

  /** Calls that ran out of time since it last answered one. */
  get unanswered(): number {
    return this.#late
  }

  /**
   * Sends `message` and resolves with the answer; `made` gets its id first. Rejects with the plugin's error, `ERR_TIMEOUT`,
   * `ERR_OVERLOADED`, the reason of the signal, or why the process ended.
   */
  call(message: Omit<PortableMessage, 'id'>, options: CallOptions, made?: (id: number) => void): Promise<Answer> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      const refusal = this.#ended ?? this.#overload()
      if (refusal) return reject(refusal)
      if (signal?.aborted) return reject(abortReason(signal))
      const id = ++this.#last
      made?.(id)
      this.#track(id, options, (outcome) => {
        if ('error' in outcome) reject(outcome.error)
        else if (outcome.answer.code === '') resolve(outcome.answer)
        else reject(errorOf(outcome.answer, 'ERR_PLUGIN_FAILED'))
      })
      try {
        this.#pipe.send({ ...message, id })
      } catch (error) {
        this.#open.get(id)?.settle({ error })
      }
    })
  }

  /** Takes an answer. Late ones are ignored; throws `ERR_PROTOCOL` for one to a call that was never made. */
  answer(id: number, answer: Answer): void {
    if (id < 1 || id > this.#last) throw new ShoalError('ERR_PROTOCOL', `It answered call ${id}, which was never made.`)
    this.#late = 0
    this.#open.get(id)?.settle({ answer })
  }

  /** Fails what is open and everything from now on. */
  end(error: ShoalError): void {
    this.#ended ??= error
    for (const call of [...this.#open.values()]) call.settle({ error: this.#ended })
  }

  #overload(): ShoalError | undefined {
    if (this.#open.size >= maxCalls) return new ShoalError('ERR_OVERLOADED', `${maxCalls} calls wait for the plugin ${this.#name}.`)
    if (this.#pipe.backlog <= maxBacklog) return undefined
    return new ShoalError('ERR_OVERLOADED', `The plugin ${this.#name} does not read what it is sent.`)
  }

  #track(id: number, options: CallOptions, done: OpenCall['settle']): void {
    const { what, timeout, signal, linger = 0 } = options
    let timer: NodeJS.Timeout | undefined
    const settle: OpenCall['settle'] = (outcome) => {
      if (!this.#open.delete(id)) return
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      done(outcome)
    }
    const cancel = (): void => {
      this.#pipe.send({ id, cancel: {} })
      clearTimeout(timer)
      const give = (): void => settle({ error: signal && abortReason(signal) })
      if (linger === 0) give()
      else timer = setTimeout(give, linger)
    }
    const late = (): void => {
      this.#late++
      this.#pipe.send({ id, cancel: {} })
      settle({ error: new ShoalError('ERR_TIMEOUT', `${this.#name}.${what} did not finish within ${(timeout ?? 0) / 1000} s.`) })
    }
    this.#open.set(id, { settle })
    signal?.addEventListener('abort', cancel, { once: true })
    if (timeout !== undefined) timer = setTimeout(late, timeout)
  }
}
