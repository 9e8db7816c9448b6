/** One symbol of an eKuiper plugin at work: what the plugin is told to start it and to stop it, and where its sockets are. */

import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../../errors.js'
import { wordsOf } from './plugin-words.js'

/** What a symbol is, in the words of the control channel. */
export type SymbolKind = 'source' | 'sink' | 'func'

/** What is started. */
export interface SymbolUseOptions {
  readonly kind: SymbolKind
  readonly symbol: string
  /** Who uses it, for people: the path of a stream. */
  readonly user: string
  readonly config?: Readonly<Record<string, unknown>>
  readonly datasource?: string
}

/** eKuiper's name of a running operator. A function has none. */
export interface SymbolMeta {
  readonly ruleId: string
  readonly opId: string
  readonly instanceId: number
}

/** One start of one symbol. It lives as long as somebody uses it, across any number of processes. */
export class SymbolUse {
  readonly kind: SymbolKind
  readonly symbol: string
  readonly user: string
  readonly meta: SymbolMeta
  readonly #argument: string
  readonly #ending = new AbortController()
  /** Called when a new process has started it again. */
  onReplayed: (() => void) | undefined

  constructor({ kind, symbol, user, config = {}, datasource = '' }: SymbolUseOptions) {
    this.kind = kind
    this.symbol = symbol
    this.user = user
    // the name is that of sockets in a folder which other users see: nobody can make them before
    this.meta = kind === 'func' ? { ruleId: '', opId: '', instanceId: 0 } : { ruleId: `shoal${randomBytes(8).toString('hex')}`, opId: kind, instanceId: 0 }
    // SDKs differ in how they spell the data source
    this.#argument = JSON.stringify({ symbolName: symbol, meta: this.meta, pluginType: kind, dataSource: datasource, datasource, config })
  }

  /** Aborted when it ended by itself; `reason` is a `ShoalError`. */
  get signal(): AbortSignal {
    return this.#ending.signal
  }

  /** Name of its data socket, without folder and ending. */
  get socketName(): string {
    const { ruleId, opId, instanceId } = this.meta
    return `${ruleId}_${opId}_${instanceId}`
  }

  /** The bytes of a control command. */
  command(cmd: 'start' | 'stop'): Uint8Array {
    return Buffer.from(JSON.stringify({ cmd, arg: this.#argument }))
  }

  /** Ends it for its user. */
  fail(error: ShoalError): void {
    this.#ending.abort(error)
  }
}

/** Bytes of an answer that are read. */
const maxAnswer = 64 * 1024

/** Is this the answer to a command that was done? Throws `ERR_SOURCE_FAILED` with the plugin's words. */
export function checkAnswer(answer: Uint8Array, what: string): void {
  const text = new TextDecoder().decode(answer.subarray(0, maxAnswer))
  if (text !== 'ok') throw new ShoalError('ERR_SOURCE_FAILED', `The ${what} says: ${wordsOf(text)}`)
}
