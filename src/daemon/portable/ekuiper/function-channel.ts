/** Calls of one function of an eKuiper plugin: one at a time, over a channel that the whole machine has once. */

import { ShoalError } from '../../../errors.js'
import { ReplySocket } from '../sp/sp-socket.js'
import { InvertedChannel } from './inverted-channel.js'
import { wordsOf } from './plugin-words.js'
import { listenAt } from './socket-folder.js'

/** What eKuiper calls: does it take these arguments, what is its result, does it work on many rows? */
export type FunctionCall = 'Validate' | 'Exec' | 'IsAggregate'

/** How a {@link FunctionChannel} is made. */
export interface FunctionChannelOptions {
  readonly plugin: string
  readonly symbol: string
  readonly address: string
  /** ms a call may take. */
  readonly timeout: number
  /** Calls that may wait. */
  readonly maxQueued: number
}

/** What a plugin answers. */
interface Answer {
  readonly state: boolean
  readonly result: unknown
}

/** Every call of Exec names the operator that calls; ours are all one. */
const context = JSON.stringify({ ruleId: 'shoal', opId: 'call', instanceId: 0, funcId: 0 })

/** One function. */
export class FunctionChannel {
  readonly what: string
  readonly #address: string
  readonly #socket = new ReplySocket()
  readonly #channel: InvertedChannel

  constructor({ plugin, symbol, address, timeout, maxQueued }: FunctionChannelOptions) {
    this.what = `function ${symbol} of the plugin ${plugin}`
    this.#address = address
    this.#channel = new InvertedChannel({ requests: this.#socket, name: this.what, timeout, maxQueued })
  }

  /** Listens. Rejects with `ERR_PORT_IN_USE`. */
  async open(): Promise<void> {
    await listenAt(this.#socket, this.#address, this.what)
  }

  /** Resolves with what the function says. Rejects with `ERR_PLUGIN_FAILED` and the plugin's words, `ERR_TIMEOUT`, `ERR_OVERLOADED`, `ERR_STOPPING`. */
  async call(func: FunctionCall, args: readonly unknown[]): Promise<unknown> {
    const arg = func === 'IsAggregate' ? null : func === 'Exec' ? [...args, context] : args
    const { state, result } = this.#read(await this.#channel.call(Buffer.from(JSON.stringify({ func, arg }))))
    if (func === 'Validate') return state ? { valid: true } : { valid: false, reason: wordsOf(result) }
    if (!state) throw new ShoalError('ERR_PLUGIN_FAILED', `The ${this.what} failed: ${wordsOf(result)}`, { data: { refused: true } })
    return result
  }

  /** The process ended. */
  renew(error: ShoalError): void {
    this.#channel.renew(error)
  }

  /** Calls that are under way or wait. */
  get pending(): number {
    return this.#channel.open
  }

  async close(): Promise<void> {
    this.#channel.close()
    await this.#socket.close()
  }

  #read(bytes: Uint8Array): Answer {
    try {
      const answer: unknown = JSON.parse(new TextDecoder().decode(bytes))
      if (typeof answer === 'object' && answer !== null && 'state' in answer && typeof answer.state === 'boolean')
        return { state: answer.state, result: 'result' in answer ? answer.result : null }
    } catch {
      // said below
    }
    throw new ShoalError('ERR_PLUGIN_FAILED', `The ${this.what} gave an answer that is none: ${new TextDecoder().decode(bytes.subarray(0, 200))}`)
  }
}
