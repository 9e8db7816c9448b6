/** The functions of one plugin: each has its channel from the first call on. */

import { isShoalError, ShoalError } from '../../../errors.js'
import type { Logger } from '../../../plugin.js'
import { Throttle } from '../../util/rate.js'
import type { EkuiperConfig } from './ekuiper-config.js'
import { type FunctionCall, FunctionChannel, type FunctionChannelOptions } from './function-channel.js'
import { SymbolUse } from './symbol-use.js'

/** How a {@link FunctionSet} is made. */
export interface FunctionSetOptions extends Omit<FunctionChannelOptions, 'symbol' | 'address'> {
  readonly symbols: readonly string[]
  readonly failure: EkuiperConfig['failure']
  readonly log: Logger
  addressOf(symbol: string): string
  /** Starts the function in the process that runs, and in each that follows. */
  begin(use: SymbolUse): Promise<void>
  /** It was not started, or is needed no more. */
  forget(use: SymbolUse): void
}

/** Channels by symbol. */
export class FunctionSet {
  readonly #options: FunctionSetOptions
  readonly #opening = new Map<string, Promise<FunctionChannel>>()
  readonly #open = new Set<FunctionChannel>()
  readonly #passed = new Throttle(10_000)

  constructor(options: FunctionSetOptions) {
    this.#options = options
  }

  /** Calls that are under way or wait. */
  get pending(): number {
    return [...this.#open].reduce((sum, { pending }) => sum + pending, 0)
  }

  /**
   * Rejects as {@link FunctionChannel.call}, and with `ERR_NOT_FOUND`, `ERR_PORT_IN_USE`. Where failures are open, an `Exec` that the process
   * does not answer resolves with its first argument; what the function refuses is an error all the same.
   */
  async call(symbol: string, func: FunctionCall, args: readonly unknown[]): Promise<unknown> {
    const { plugin, symbols } = this.#options
    if (!symbols.includes(symbol)) {
      const known = symbols.length > 0 ? `It has ${symbols.join(', ')}.` : 'It has none.'
      throw new ShoalError('ERR_NOT_FOUND', `The plugin ${plugin} has no function ${symbol.slice(0, 100)}. ${known}`)
    }
    const present = this.#opening.get(symbol)
    const opening = present ?? this.#begin(symbol)
    if (!present) {
      this.#opening.set(symbol, opening)
      // the next call tries again
      opening.catch(() => this.#opening.delete(symbol))
    }
    try {
      return await (await opening).call(func, args)
    } catch (error) {
      if (this.#options.failure === 'closed' || func !== 'Exec' || !isUnanswered(error)) throw error
      this.#passed.run((held) => this.#options.log.warn('a call was passed through without an answer', { function: symbol, err: error, held }))
      return args[0]
    }
  }

  /** The process ended: calls that it had fail, those that wait go to the next one. */
  renew(error: ShoalError): void {
    for (const channel of this.#open) channel.renew(error)
  }

  async close(): Promise<void> {
    const channels = [...this.#open]
    this.#open.clear()
    await Promise.all(channels.map((channel) => channel.close()))
  }

  async #begin(symbol: string): Promise<FunctionChannel> {
    const { plugin, timeout, maxQueued, addressOf, begin, forget } = this.#options
    const channel = new FunctionChannel({ plugin, symbol, address: addressOf(symbol), timeout, maxQueued })
    const use = new SymbolUse({ kind: 'func', symbol, user: symbol })
    try {
      await channel.open()
      await begin(use)
    } catch (error) {
      forget(use)
      await channel.close()
      throw error
    }
    this.#open.add(channel)
    // another process refused it
    use.signal.addEventListener('abort', () => this.#drop(symbol, channel), { once: true })
    return channel
  }

  #drop(symbol: string, channel: FunctionChannel): void {
    this.#opening.delete(symbol)
    this.#open.delete(channel)
    void channel.close()
  }
}

/** Is it the process that failed, and not the function that refused, or somebody who asked for what there is not? */
function isUnanswered(error: unknown): boolean {
  return isShoalError(error, 'ERR_TIMEOUT', 'ERR_OVERLOADED', 'ERR_PLUGIN_FAILED', 'ERR_PORT_IN_USE') && error.data?.['refused'] !== true
}
