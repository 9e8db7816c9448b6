/** Payload kinds: the first plugin in the order of registration gets a kind, the next when that one is gone. */

import type { Logger } from '../../plugin.js'

interface Claim {
  readonly plugin: string
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

  /** Claims; earlier claims of the kind win, which is logged. Returns the undo. */
  add(kind: string, plugin: string): () => void {
    const claims = this.#kinds.get(kind) ?? []
    const claim: Claim = { plugin }
    const winner = claims[0]
    if (winner) this.#log.warn('payload kind is claimed twice; the first plugin gets it', { kind, winner: winner.plugin, shadowed: plugin })
    else claim.undo = this.#route(kind, plugin)
    this.#kinds.set(kind, [...claims, claim])
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
    const next = rest[0]
    if (!claim.undo) return
    claim.undo()
    if (next) next.undo = this.#route(kind, next.plugin)
  }
}
