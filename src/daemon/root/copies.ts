/** Notices that two running nodes have one identity: a home that was copied to a second host. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'

/** What it needs. */
export interface CopiesOptions {
  readonly self: PeerId
  readonly name: string
  /** Another run with this node's identity is alive; `newest`: this one began later. */
  events(signal: AbortSignal): AsyncIterable<{ readonly type: string; readonly newest?: boolean }>
  /** Runs of peers as their channels come up. */
  readonly control: {
    watch(watcher: (event: { readonly type: string; readonly peer?: PeerId }) => void): () => void
    hello(peer: PeerId): { readonly instance: string } | undefined
  }
  /** Tells listeners of peer events. */
  announce(peer: PeerId, name?: string): void
  /** Links are cut, and none is made or taken any more. */
  refuse(): void
  readonly log: Logger
  /** Monotonic ms. */
  readonly now?: () => number
}

/** Runs of one peer that are remembered. */
const maxRuns = 8

/** ms for which a peer that showed two runs in turn is reported. */
const memory = 600_000

interface Runs {
  /** Oldest first; the last one is the present one. */
  seen: readonly string[]
  /** When an earlier run was back; undefined = never. */
  returned: number | undefined
}

/** Watches for copies. */
export class Copies {
  #own: { readonly newest: boolean } | undefined
  readonly #options: CopiesOptions
  readonly #ending = new AbortController()
  readonly #runs = new Map<PeerId, Runs>()
  readonly #now: () => number
  #undo: (() => void) | undefined
  #following: Promise<void> | undefined

  constructor(options: CopiesOptions) {
    this.#options = options
    this.#now = options.now ?? monotonic
  }

  /** Begins to watch. */
  start(): void {
    this.#following = this.#follow(this.#options.events(this.#ending.signal))
    this.#undo = this.#options.control.watch(({ type, peer }) => {
      if (peer !== undefined && (type === 'ready' || type === 'updated')) this.#meet(peer)
    })
  }

  async close(): Promise<void> {
    this.#undo?.()
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    await this.#following
  }

  /** Why this node serves nobody: it is the newer of two. */
  get refusal(): ShoalError | undefined {
    if (!this.#own?.newest) return undefined
    return new ShoalError('ERR_IDENTITY_COPIED', 'Another node that began earlier has the identity of this one; this one serves nobody.')
  }

  /** Another node has this identity. */
  get copied(): boolean {
    return this.#own !== undefined
  }

  /** Peers whose identity two nodes had in the last ten minutes. */
  peers(): readonly PeerId[] {
    const now = this.#now()
    return [...this.#runs].flatMap(([peer, { returned }]) => (returned !== undefined && now - returned < memory ? [peer] : []))
  }

  /** Drops what is known of a peer that was forgotten. */
  forget(peer: PeerId): void {
    this.#runs.delete(peer)
  }

  async #follow(events: AsyncIterable<{ readonly type: string; readonly newest?: boolean }>): Promise<void> {
    for await (const { type, newest } of events) if (type === 'copied') this.#found(newest === true)
  }

  #found(newest: boolean): void {
    const { self, name, announce, refuse, log } = this.#options
    if (this.#own?.newest === newest) return
    this.#own = { newest }
    log.error('two running nodes have the identity of this one', {
      thisOne: newest ? 'is the newer one and serves nobody from now on' : 'is the older one and stays',
    })
    announce(self, name)
    if (newest) refuse()
  }

  /** A run that was replaced by another one never comes back, unless both are alive. */
  #meet(peer: PeerId): void {
    const instance = this.#options.control.hello(peer)?.instance
    const runs = this.#runs.get(peer) ?? { seen: [], returned: undefined }
    if (instance === undefined || runs.seen.at(-1) === instance) return
    const returned = runs.seen.includes(instance)
    const first = returned && (runs.returned === undefined || this.#now() - runs.returned >= memory)
    this.#runs.set(peer, {
      seen: [...runs.seen.filter((one) => one !== instance), instance].slice(-maxRuns),
      returned: returned ? this.#now() : runs.returned,
    })
    if (!first) return
    this.#options.log.warn('two running nodes have the identity of a peer', { peer })
    this.#options.announce(peer)
  }
}
