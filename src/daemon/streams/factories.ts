/** Which plugin serves which URL: one registry for pullers, one for pushers. */

import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { SourceUrl } from './source-url.js'

/** What pullers and pushers have in common. */
export interface UrlFactory {
  readonly protocol: string
  supports?(url: URL): boolean
  readonly prefix?: string
}

/** A registered factory. */
export interface Registered<F> {
  readonly factory: F
  /** Plugin. */
  readonly owner: string
  /** Place of that plugin among all: what comes back after a restart takes its old place. */
  readonly rank: number
}

/**
 * Factories in the order of their plugins, then of their registration. Of those whose declared prefix begins the URL the longest prefix wins; without
 * one, the first that supports the URL.
 */
export class Factories<F extends UrlFactory> {
  readonly #entries = new Set<Registered<F>>()
  readonly #listeners = new Set<(removed: Registered<F> | undefined) => void>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  /** Registers; returns the undo. Throws `ERR_PLUGIN_INVALID` for a protocol that is no URL scheme or a prefix that is no URL. */
  add(factory: F, owner: string, rank = 0): () => void {
    const { protocol, prefix } = factory
    if (typeof protocol !== 'string' || !/^[a-z][a-z0-9+.-]*$/.test(protocol)) {
      throw new ShoalError('ERR_PLUGIN_INVALID', `Plugin ${owner} registers a factory whose protocol is no URL scheme in lower case.`)
    }
    if (prefix !== undefined && !URL.canParse(prefix)) throw new ShoalError('ERR_PLUGIN_INVALID', `Plugin ${owner} registers a factory whose prefix is no URL.`)
    const entry = { factory, owner, rank }
    this.#entries.add(entry)
    this.#tell(undefined)
    return () => {
      if (this.#entries.delete(entry)) this.#tell(entry)
    }
  }

  /** The factory for a URL. Throws `ERR_SCHEME_UNKNOWN`, naming the schemes there are. */
  find(source: SourceUrl): Registered<F> {
    const entries = [...this.#entries].filter((entry) => this.#supports(entry, source.url))
    const length = (entry: Registered<F>): number => entry.factory.prefix?.length ?? 0
    const [best] = entries.sort((a, b) => length(b) - length(a) || a.rank - b.rank)
    if (best) return best
    const schemes = this.schemes()
    const known = schemes.length > 0 ? `Known schemes: ${schemes.join(', ')}.` : 'No scheme is known.'
    throw new ShoalError('ERR_SCHEME_UNKNOWN', `No plugin serves ${source.shown}. ${known}`, { data: { schemes } })
  }

  #supports({ factory, owner }: Registered<F>, url: URL): boolean {
    if (factory.prefix !== undefined && !startsWith(url, factory.prefix)) return false
    try {
      return factory.supports ? factory.supports(url) === true : url.protocol === `${factory.protocol}:`
    } catch (error) {
      this.#log.warn('a factory failed in supports', { plugin: owner, protocol: factory.protocol, err: error })
      return false
    }
  }

  /** Schemes in alphabetical order. */
  schemes(): string[] {
    return [...new Set([...this.#entries].map(({ factory }) => factory.protocol))].sort()
  }

  /** Calls `listener` after each change, with the entry that was removed. Returns the undo. */
  onChange(listener: (removed: Registered<F> | undefined) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(removed: Registered<F> | undefined): void {
    for (const listener of [...this.#listeners]) listener(removed)
  }
}

/** Does a URL begin with a prefix, at the end of a name? Credentials do not count: `http://host` is no prefix of `http://host.example/`. */
function startsWith(url: URL, prefix: string): boolean {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  const start = new URL(prefix).href
  return plain.href.startsWith(start) && (/[/?#]$/.test(start) || /^$|^[/?#]/.test(plain.href.slice(start.length)))
}
