/** How many streams each peer has open here, and how often it opens one. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { TokenBucket } from '../util/rate.js'

/** Opens a second that a peer may go on with: more than a node needs that pulls all it may and finds its links broken. */
const openRate = 100

/** Peers without streams that are remembered, for how often they opened some. */
const maxIdle = 1000

interface Entry {
  open: number
  readonly opens: TokenBucket
}

/** The streams of all peers. One peer's count is no other peer's. */
export class PeerQuota {
  /** Streams refused so far. */
  refused = 0
  readonly #max: number
  readonly #entries = new Map<PeerId, Entry>()

  /** `max`: streams that one peer may have. */
  constructor(max: number) {
    this.#max = max
  }

  /** Peers that are counted. */
  get size(): number {
    return this.#entries.size
  }

  /** Counts a stream of `peer`; says why it is one too many, if it is. Each call needs a {@link leave}, whatever it says. */
  enter(peer: PeerId): ShoalError | undefined {
    // some more at once than it may have: all of them again, after a link broke, before the old ones are noticed to be gone
    const entry = this.#entries.get(peer) ?? { open: 0, opens: new TokenBucket({ rate: openRate, burst: 2 * this.#max + openRate }) }
    this.#entries.set(peer, entry)
    entry.open++
    const full = entry.open > this.#max
    if (!full && entry.opens.take()) return undefined
    this.refused++
    return new ShoalError('ERR_QUOTA_STREAMS', full ? `A peer may read ${this.#max} streams of this node at a time.` : 'A peer opens streams too often.')
  }

  /** A stream of `peer` is over. */
  leave(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry) entry.open--
    if (entry?.open === 0 && this.#entries.size > maxIdle) this.#entries.delete(peer)
  }
}
