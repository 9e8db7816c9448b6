/** Which local streams are copies, and by which way they come. */

import type { PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'
import { maxHops, type PublicationId, type StreamAccept } from './stream-messages.js'

/** The way of a copy to this node. */
export interface Route {
  readonly publication: PublicationId
  /** Peer ids, origin first, the node it is pulled from last. */
  readonly hops: readonly PeerId[]
  /** Its frames carry the origin's seal. */
  readonly sealed: boolean
}

/** The route that a server tells. */
export function routeOf({ hops, originPath, originEpoch, sealed }: StreamAccept): Route {
  return { publication: { origin: hops[0] as PeerId, path: originPath, epoch: originEpoch }, hops, sealed }
}

/** Are both the same publication, so that their frames are the same in the same places? */
export function samePublication(a: PublicationId, b: PublicationId): boolean {
  return a.origin === b.origin && a.path === b.path && a.epoch === b.epoch
}

/** What is kept of a copy. */
export interface CopyState {
  readonly route: Route
  /** Does it get frames, or is another source being looked for? Meanwhile nobody may begin to pull it: two copies would wait for each other. */
  fed: boolean
  /** Monotonic ms of the last sign of life of its origin. */
  heard: () => number
}

/** The routes of all copies of a node, by their path here. */
export class Routes {
  readonly #copies = new Map<string, CopyState>()
  readonly #listeners = new Map<string, Set<(route: Route) => void>>()
  readonly #changed: () => void

  /** `changed`: a copy is nearer to its origin now, or farther away. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed
  }

  get(path: string): CopyState | undefined {
    return this.#copies.get(path)
  }

  /** A copy comes this way from now on. */
  set(path: string, route: Route, heard: () => number): void {
    const before = this.#copies.get(path)
    this.#copies.set(path, { route, fed: true, heard })
    if (before && before.route.hops.length !== route.hops.length) this.#changed()
    for (const listener of [...(this.#listeners.get(path) ?? [])]) listener(route)
  }

  /** The copy has lost its source and looks for another. */
  starve(path: string): void {
    const copy = this.#copies.get(path)
    if (copy) copy.fed = false
  }

  delete(path: string, route: Route | undefined): void {
    if (this.#copies.get(path)?.route === route) this.#copies.delete(path)
  }

  /** Calls `listener` when the route of a path changes. Returns the undo. */
  onChange(path: string, listener: (route: Route) => void): () => void {
    const listeners = this.#listeners.get(path) ?? new Set()
    this.#listeners.set(path, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(path) === listeners) this.#listeners.delete(path)
    }
  }

  /** ms since the origin of a path was heard of; 0 for what is published here. */
  age(path: string): number {
    const copy = this.#copies.get(path)
    return copy ? Math.max(0, Math.round(monotonic() - copy.heard())) : 0
  }
}

/** The hops that a node tells the peers it serves: with itself at the end. Undefined when these are too many. */
export function hopsVia(route: Route | undefined, self: PeerId): readonly PeerId[] | undefined {
  const hops = route ? [...route.hops, self] : [self]
  return hops.length <= maxHops ? hops : undefined
}
