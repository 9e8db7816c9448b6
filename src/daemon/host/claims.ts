/** Payload kinds: the first plugin in the order of registration gets a kind, the next when that one is gone. */

import type { Logger } from '../../plugin.js'

interface Claim {
  readonly plugin: string
  readonly rank: number
  /** Present while it is the one in force. */
  undo?: () => void
}

/** Resolves claims, so that the router sees at most one of each kind. */
export class Claims {
  readonly #kinds = new Map<string, Claim[]>()
  readonly #route: (kind: string, plugin: string) => () => void
  readonly #log: Logger

  constructor(route: (kind: string, plugin: string) => () => void, log: Logger) {
    this.#route = route
    this.#log = log
  }

  /** Kinds that some plugin gets. */
  get kinds(): readonly string[] {
    return [...this.#kinds.keys()]
  }

  /**
   * Claims; of several claims of a kind the one with the lowest rank wins, which is logged, and of one rank the earlier.
   * A plugin that comes back thus takes its kinds again. Returns the undo.
   */
  add(kind: string, plugin: string, rank: number): () => void {
    const claims = this.#kinds.get(kind) ?? []
    const claim: Claim = { plugin, rank }
    const at = claims.findIndex((other) => other.rank > rank)
    const place = at < 0 ? claims.length : at
    const [winner, shadowed] = place === 0 ? [claim, claims[0]] : [claims[0], claim]
    if (winner && shadowed)
      this.#log.warn('payload kind is claimed twice; the first plugin gets it', { kind, winner: winner.plugin, shadowed: shadowed.plugin })
    if (place === 0) this.#hand(kind, claims[0], claim)
    this.#kinds.set(kind, claims.toSpliced(place, 0, claim))
    return () => this.#remove(kind, claim)
  }

  /** The plugin that gets a kind. */
  winner(kind: string): string | undefined {
    return this.#kinds.get(kind)?.[0]?.plugin
  }

  #remove(kind: string, claim: Claim): void {
    const rest = (this.#kinds.get(kind) ?? []).filter((one) => one !== claim)
    if (rest.length > 0) this.#kinds.set(kind, rest)
    else this.#kinds.delete(kind)
    if (claim.undo) this.#hand(kind, claim, rest[0])
  }

  /** Both in one turn: no payload finds the kind without a plugin. */
  #hand(kind: string, from: Claim | undefined, to: Claim | undefined): void {
    from?.undo?.()
    if (from) delete from.undo
    if (to) to.undo = this.#route(kind, to.plugin)
  }
}
