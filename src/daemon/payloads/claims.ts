/** Which plugin handles which payload kind. */

import { ShoalError } from '../../errors.js'
import { isPayloadKind } from '../swarm/control-messages.js'

/** A kind and who wants it. */
export interface Claim {
  readonly kind: string
  /** The plugin that gets it: the first that claimed it. */
  readonly plugin: string
  /** Plugins that claimed it later and get nothing while the first one is there. */
  readonly shadowed: readonly string[]
}

/** The table of claims, in order of registration. */
export class Claims {
  readonly #claims = new Map<string, string[]>()

  /** Adds a plugin's claims. Returns the undo, after which the next in line gets the kind. Throws `ERR_KIND_INVALID`. */
  add(plugin: string, kinds: readonly string[]): () => void {
    const wrong = kinds.find((kind) => !isPayloadKind(kind))
    if (wrong !== undefined) throw new ShoalError('ERR_KIND_INVALID', `${plugin} claims ${JSON.stringify(wrong)}, which is not a payload kind.`)
    const unique = [...new Set(kinds)]
    for (const kind of unique) this.#claims.set(kind, [...(this.#claims.get(kind) ?? []), plugin])
    let done = false
    return () => {
      if (done) return
      done = true
      for (const kind of unique) this.#remove(plugin, kind)
    }
  }

  /** The plugin that gets a kind. */
  find(kind: string): string | undefined {
    return this.#claims.get(kind)?.[0]
  }

  /** Every claimed kind. */
  kinds(): readonly string[] {
    return [...this.#claims.keys()]
  }

  list(): readonly Claim[] {
    return [...this.#claims].map(([kind, [plugin = '', ...shadowed]]) => ({ kind, plugin, shadowed }))
  }

  #remove(plugin: string, kind: string): void {
    const plugins = this.#claims.get(kind) ?? []
    const at = plugins.indexOf(plugin)
    const rest = plugins.filter((_, index) => index !== at)
    if (rest.length > 0) this.#claims.set(kind, rest)
    else this.#claims.delete(kind)
  }
}
