/** Counts how often trusted peers break a protocol, and refuses those who do it again and again. */

import type { Logger, PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'

/** What a peer did wrong is forgotten after this many ms without another strike. */
const memory = 600_000

/** How {@link Strikes} acts. */
export interface StrikesOptions {
  readonly log: Logger
  /** Cuts every link to the peer. `until`: monotonic ms before which it should not be linked again. */
  readonly refuse: (peer: PeerId, reason: string, until: number) => void
  /** Strikes that are too many. Default 3. */
  readonly limit?: number
  /** ms for which a peer is refused. Default 60,000. */
  readonly refusal?: number
  readonly now?: () => number
}

interface Entry {
  count: number
  last: number
  refusedUntil: number
}

/**
 * One violation resets the stream it came on, which is up to whoever reads the stream; the third cuts the link and refuses
 * the peer for a minute. Shared by all protocols, so that a peer cannot spread its violations.
 */
export class Strikes {
  readonly #entries = new Map<PeerId, Entry>()
  readonly #options: StrikesOptions
  readonly #now: () => number

  constructor(options: StrikesOptions) {
    this.#options = options
    this.#now = options.now ?? monotonic
  }

  /** Counts a violation of `peer`; `error` says what it was. */
  add(peer: PeerId, error: Error): void {
    const { log, limit = 3, refusal = 60_000 } = this.#options
    const now = this.#now()
    const entry = this.#entries.get(peer) ?? { count: 0, last: now, refusedUntil: 0 }
    if (now - entry.last > memory) entry.count = 0
    entry.count++
    entry.last = now
    this.#entries.set(peer, entry)
    log.warn('a peer broke the protocol', { peer, strikes: entry.count, err: error })
    if (entry.count < limit) return
    entry.count = 0
    entry.refusedUntil = now + refusal
    this.#options.refuse(peer, `The peer broke the protocol ${limit} times: ${error.message}`, entry.refusedUntil)
  }

  /** Is the peer refused now? */
  refused(peer: PeerId): boolean {
    return this.#now() < (this.#entries.get(peer)?.refusedUntil ?? 0)
  }

  /** ms until the peer is taken again; 0 = it is not refused. */
  remaining(peer: PeerId): number {
    return Math.max(0, (this.#entries.get(peer)?.refusedUntil ?? 0) - this.#now())
  }

  /** Drops what is known of a peer that was forgotten. */
  forget(peer: PeerId): void {
    this.#entries.delete(peer)
  }
}
