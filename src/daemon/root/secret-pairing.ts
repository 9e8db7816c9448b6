/** Pairs this node with the members of its cluster that discovery finds: those that show the tag of the same secret. No person takes part. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { ClusterSecret } from '../keystore/cluster-secret.js'
import type { Candidate } from '../swarm/candidates.js'
import { Throttle } from '../util/rate.js'
import { Backoff, monotonic } from '../util/wait.js'

/** ms between looks at the candidates. */
const interval = 500

/** Members dialled at a time. */
const maxAtOnce = 2

/** ms for which the node with the higher id leaves the first dial to the other. */
const courtesy = 3000

/** Pauses between two dials of one member, ms. */
const pauses = { min: 1000, max: 300_000 }

/** What it needs. */
export interface SecretPairingOptions {
  readonly self: PeerId
  readonly secret: ClusterSecret
  isTrusted(peer: PeerId): boolean
  candidates(): readonly Candidate[]
  /** Has it shown the tag of this cluster? */
  isMember(peer: PeerId): boolean
  join(peer: PeerId, addresses: readonly string[], signal: AbortSignal): Promise<unknown>
  readonly log: Logger
}

interface Suitor {
  due: number
  readonly backoff: Backoff
}

/** The loop. A forged announcement costs at most one dial for each member and pause: only a member's id has a tag that fits. */
export class SecretPairing {
  readonly #options: SecretPairingOptions
  readonly #suitors = new Map<PeerId, Suitor>()
  readonly #running = new Map<PeerId, Promise<void>>()
  readonly #ending = new AbortController()
  readonly #others = new Throttle(60_000)
  readonly #failures = new Throttle(10_000)
  #timer: NodeJS.Timeout | undefined

  constructor(options: SecretPairingOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), interval)
  }

  /** Breaks off what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    await Promise.all(this.#running.values())
  }

  /** Nodes on this network that have another cluster secret, or say so. */
  strangers(): readonly Candidate[] {
    const { candidates, isMember, isTrusted } = this.#options
    return candidates().filter(({ peer, tagged }) => tagged && !isMember(peer) && !isTrusted(peer))
  }

  #look(): void {
    const { candidates, isMember, isTrusted, secret, log } = this.#options
    const all = candidates()
    const wanted = all.filter(({ peer }) => isMember(peer) && !isTrusted(peer) && secret.takes(peer))
    this.#prune(wanted)
    for (const { peer, addresses } of wanted) this.#consider(peer, addresses)
    const [other] = this.strangers()
    if (other)
      this.#others.run(() => log.warn('a node on this network has another cluster secret', { peer: other.peer, name: other.name, source: other.source }))
  }

  #prune(wanted: readonly Candidate[]): void {
    const ids = new Set(wanted.map(({ peer }) => peer))
    for (const peer of this.#suitors.keys()) if (!ids.has(peer)) this.#suitors.delete(peer)
  }

  #consider(peer: PeerId, addresses: readonly string[]): void {
    const suitor = this.#suitors.get(peer) ?? { due: monotonic() + (this.#options.self < peer ? 0 : courtesy), backoff: new Backoff(pauses) }
    this.#suitors.set(peer, suitor)
    if (monotonic() < suitor.due || this.#running.has(peer) || this.#running.size >= maxAtOnce) return
    suitor.due = Number.POSITIVE_INFINITY
    const run = this.#join(peer, addresses).finally(() => {
      this.#running.delete(peer)
      suitor.due = monotonic() + suitor.backoff.next()
    })
    this.#running.set(peer, run)
  }

  async #join(peer: PeerId, addresses: readonly string[]): Promise<void> {
    const { join, log } = this.#options
    try {
      await join(peer, addresses, this.#ending.signal)
    } catch (err) {
      if (this.#ending.signal.aborted) return
      this.#failures.run((heldBack) => log.warn('a member of the cluster could not be paired with by the secret; it is tried again', { peer, err, heldBack }))
    }
  }
}
