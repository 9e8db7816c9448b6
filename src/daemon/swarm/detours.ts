/** Links through other members, for peers that cannot be dialled: tried one after the other, each at its own pace. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { Backoff } from '../util/wait.js'
import type { Clock } from './clock.js'

/** The node, as far as it reaches peers through others. */
export interface Reach {
  /** Is there a way to try? */
  reachable(peer: PeerId): boolean
  /** Does the link to a peer lead through others? */
  relayed(peer: PeerId): boolean
  /** Makes such a link. Resolves when it is up. */
  dialThrough(peer: PeerId, signal: AbortSignal): Promise<void>
}

/** Times in ms and counts. */
export interface DetourLimits {
  /** First and longest pause between tries for one peer. */
  readonly backoff: { readonly min: number; readonly max: number }
  /** Tries at a time. */
  readonly dials: number
  /** One try. */
  readonly dialTimeout: number
}

const defaultLimits: DetourLimits = { backoff: { min: 500, max: 15_000 }, dials: 3, dialTimeout: 15_000 }

/** What they work with. */
export interface DetourOptions {
  readonly reach: Reach
  readonly clock: Clock
  readonly random?: () => number
  /** A try is over. */
  ended(peer: PeerId): void
}

interface Row {
  readonly backoff: Backoff
  nextTry: number
  dialling: AbortController | undefined
}

/** The tries of one node. */
export class Detours {
  readonly #options: DetourOptions
  readonly #limits = defaultLimits
  readonly #rows = new Map<PeerId, Row>()

  constructor(options: DetourOptions) {
    this.#options = options
  }

  /** When a try for the peer is due, in the clock's ms; Infinity while there is no way, or a try is under way. */
  due(peer: PeerId): number {
    const row = this.#rows.get(peer)
    if (row?.dialling || !this.#options.reach.reachable(peer)) return Number.POSITIVE_INFINITY
    return row?.nextTry ?? Number.NEGATIVE_INFINITY
  }

  /** Begins a try unless enough are under way. */
  try(peer: PeerId): void {
    const { reach, clock } = this.#options
    const row = this.#row(peer)
    const active = [...this.#rows.values()].filter(({ dialling }) => dialling).length
    if (row.dialling || active >= this.#limits.dials) return
    const controller = new AbortController()
    row.dialling = controller
    const cancel = clock.schedule(this.#limits.dialTimeout, () =>
      controller.abort(new ShoalError('ERR_TIMEOUT', 'No way through other members was found in time.')),
    )
    reach
      .dialThrough(peer, controller.signal)
      .catch(() => {
        row.nextTry = clock.now() + row.backoff.next()
      })
      .finally(() => {
        cancel()
        row.dialling = undefined
        if (this.#rows.get(peer) === row) this.#options.ended(peer)
      })
  }

  /** A link through others was lost: another way is tried after `pause` ms, and later where the link did not last. */
  lost(peer: PeerId, pause: number, lasted: boolean): void {
    const row = this.#row(peer)
    if (lasted) row.backoff.reset()
    row.nextTry = this.#options.clock.now() + pause + (lasted ? 0 : row.backoff.next())
  }

  /** The peer needs none any more, or is not wanted. */
  drop(peer: PeerId): void {
    this.#rows.get(peer)?.dialling?.abort(new ShoalError('ERR_ABORTED', 'A way through others is not needed any more.'))
    this.#rows.delete(peer)
  }

  /** The network is another one: all is tried anew. */
  reset(): void {
    for (const row of this.#rows.values()) {
      row.backoff.reset()
      row.nextTry = Number.NEGATIVE_INFINITY
    }
  }

  /** Ends all tries. */
  stop(): void {
    for (const peer of [...this.#rows.keys()]) this.drop(peer)
  }

  #row(peer: PeerId): Row {
    const { random } = this.#options
    const row = this.#rows.get(peer) ?? {
      backoff: new Backoff({ ...this.#limits.backoff, ...(random && { random }) }),
      nextTry: Number.NEGATIVE_INFINITY,
      dialling: undefined,
    }
    this.#rows.set(peer, row)
    return row
  }
}
