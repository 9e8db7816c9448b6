/** Who owns which name of one topic. */

import type { PeerId } from '../../../../plugin.js'
import { compareText } from './cluster-text.js'

/** Names and their owners. */
export class Owners {
  readonly #owners = new Map<string, Set<PeerId>>()

  /** Names that have one. */
  get size(): number {
    return this.#owners.size
  }

  /** True when the name has its first owner. */
  add(name: string, owner: PeerId): boolean {
    const owners = this.#owners.get(name)
    if (owners) {
      owners.add(owner)
      return false
    }
    this.#owners.set(name, new Set([owner]))
    return true
  }

  /** True when the name has lost its last owner. */
  delete(name: string, owner: PeerId): boolean {
    const owners = this.#owners.get(name)
    if (!owners?.delete(owner) || owners.size > 0) return false
    this.#owners.delete(name)
    return true
  }

  has(name: string): boolean {
    return this.#owners.has(name)
  }

  /** In order. */
  of(name: string): readonly PeerId[] {
    return [...(this.#owners.get(name) ?? [])].sort(compareText)
  }

  /** Names in order. */
  names(): readonly string[] {
    return [...this.#owners.keys()].sort(compareText)
  }
}
