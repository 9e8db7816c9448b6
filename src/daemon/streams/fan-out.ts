/** How many peers pull one stream from this node, and who of them serves it on. */

import type { PeerId } from '../../plugin.js'
import { type Copy, maxAlternatives } from './stream-messages.js'

/** A stream on its way to a peer, as others see it who look for a copy. */
export interface Pulled {
  readonly peer: PeerId
  /** Path of the copy there; empty = it serves none. */
  readonly copy: string
  /** Peers that may still pull it there. */
  readonly room: number
  /** ms: how late the peer is. */
  readonly lag: number
}

interface Place {
  readonly peer: PeerId
  describe: (() => Pulled) | undefined
}

/** Counts peers, not streams: a peer whose stream broke and that opens another one counts once. */
export class FanOut {
  readonly limit: number
  readonly #paths = new Map<string, Set<Place>>()
  readonly #changed: () => void

  /** `changed`: a path became full, or is not any more. */
  constructor(limit: number, changed: () => void = () => {}) {
    this.limit = limit
    this.#changed = changed
  }

  /** Peers that may still pull a path. */
  room(path: string): number {
    return Math.max(0, this.limit - this.#peers(path).size)
  }

  #peers(path: string): Set<PeerId> {
    return new Set([...(this.#paths.get(path) ?? [])].map(({ peer }) => peer))
  }

  /** Takes a place for a peer, until `leave`; undefined when there is none. `serve`: the stream flows now. */
  take(path: string, peer: PeerId): { serve(describe: () => Pulled): void; leave(): void } | undefined {
    const peers = this.#peers(path)
    if (!peers.has(peer) && peers.size >= this.limit) return undefined
    const places = this.#paths.get(path) ?? new Set()
    const place: Place = { peer, describe: undefined }
    this.#paths.set(path, places.add(place))
    if (!peers.has(peer) && peers.size + 1 >= this.limit) this.#changed()
    return {
      serve: (describe) => {
        place.describe = describe
      },
      leave: () => {
        const wasFull = this.room(path) === 0
        places.delete(place)
        if (wasFull && this.room(path) > 0) this.#changed()
        if (places.size === 0 && this.#paths.get(path) === places) this.#paths.delete(path)
      },
    }
  }

  /** Copies that peers made of a path, the likeliest first: those with room, then those that are least late. */
  alternatives(path: string, asker: PeerId): Copy[] {
    const pulled = [...(this.#paths.get(path) ?? [])].flatMap(({ describe }) => describe?.() ?? [])
    const copies = pulled.filter(({ peer, copy }) => copy !== '' && peer !== asker)
    copies.sort((a, b) => Number(b.room > 0) - Number(a.room > 0) || a.lag - b.lag)
    return copies.slice(0, maxAlternatives).map(({ peer, copy }) => ({ peer, path: copy }))
  }
}
