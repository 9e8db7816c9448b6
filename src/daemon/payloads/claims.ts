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
  /** Kinds that clients take while no plugin does, and through whom. */
  readonly #spare = new Map<string, string>()

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

  /** Claims a kind for as long as no plugin does; any later claim comes before it. Returns the undo. Throws `ERR_KIND_INVALID`, `ERR_KIND_CLAIMED`. */
  addSpare(owner: string, kind: string): () => void {
    if (!isPayloadKind(kind)) throw new ShoalError('ERR_KIND_INVALID', `${JSON.stringify(kind.slice(0, 300))} is not a payload kind.`)
    const other = this.find(kind)
    if (other !== undefined) throw new ShoalError('ERR_KIND_CLAIMED', `${other} handles payloads of kind ${kind}.`)
    this.#spare.set(kind, owner)
    return () => void this.#spare.delete(kind)
  }

  /** The plugin that gets a kind. */
  find(kind: string): string | undefined {
    return this.#claims.get(kind)?.[0] ?? this.#spare.get(kind)
  }

  /** Does a plugin have it, and not clients? */
  isPlugins(kind: string): boolean {
    return this.#claims.has(kind)
  }

  /** Every claimed kind. */
  kinds(): readonly string[] {
    return [...new Set([...this.#claims.keys(), ...this.#spare.keys()])]
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
