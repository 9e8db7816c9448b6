/** Who should be connected, and the endless work of getting there: libp2p itself gives up after half a minute. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { Throttle } from '../util/rate.js'
import { Backoff } from '../util/wait.js'
import { type Clock, realClock } from './clock.js'
import { Detours, type Reach } from './detours.js'
import type { DiscoveryEvent } from './discovery.js'
import type { LinkEvent } from './swarm.js'

export type { Clock } from './clock.js'

/** A peer that should be linked, and where it was last. */
export interface DesiredPeer {
  readonly peer: PeerId
  /** Multiaddrs, the best first. */
  readonly addresses: readonly string[]
}

/** What `shoal peers` shows of one peer. */
export interface PeerStatus {
  readonly peer: PeerId
  readonly state: 'linked' | 'dialling' | 'waiting'
  /** Dials since it was last linked. */
  readonly attempts: number
  /** Why the last dial failed. */
  readonly lastError?: ShoalError
  /** ms until the next dial; absent when one is under way or not needed. */
  readonly nextTry?: number
}

/** Times in ms and counts of a {@link Supervisor}. */
export interface SupervisorLimits {
  /** First and longest pause between dials of one peer. */
  readonly backoff: { readonly min: number; readonly max: number }
  /** Dials at a time. */
  readonly dials: number
  /** One dial, over all its addresses. */
  readonly dialTimeout: number
  /** How much later the node with the higher peer id begins, so that both do not dial at once. */
  readonly beat: number
  /** A link that lasted this long was a good one: the backoff starts anew. */
  readonly stable: number
  /** News of one peer more often than this change nothing: anybody can forge them. */
  readonly news: number
  /** Longest time between two looks at the list of desired peers. */
  readonly look: number
  /** Failed dials, or time without a link, after which a way through other members is tried beside. */
  readonly detour: { readonly attempts: number; readonly time: number }
}

const defaultLimits: SupervisorLimits = {
  backoff: { min: 250, max: 10_000 },
  dials: 3,
  dialTimeout: 20_000,
  beat: 1000,
  stable: 10_000,
  news: 2000,
  look: 5000,
  detour: { attempts: 2, time: 3000 },
}

/** Addresses tried in one dial. */
const maxAddresses = 8

/** What a supervisor works with. */
export interface SupervisorOptions {
  /** The node; `dial` resolves once the link is up, with the address that worked, or with none when the peer was quicker to dial. */
  readonly node: {
    readonly id: PeerId
    linked(peer: PeerId): boolean
    dial(peer: PeerId, addresses: readonly string[], signal: AbortSignal): Promise<string | undefined>
    events(signal?: AbortSignal): AsyncIterable<LinkEvent>
  }
  readonly discovery?: {
    addressesOf(peer: PeerId): readonly string[]
    events(signal?: AbortSignal): AsyncIterable<DiscoveryEvent>
  }
  /** Links through other members, where that is possible. */
  readonly reach?: Reach
  /** Who should be linked now; nobody else is ever dialled. */
  desired(): Iterable<DesiredPeer>
  /** These addresses of a peer work, the best first. */
  onAddresses?(peer: PeerId, addresses: readonly string[]): void
  readonly log: Logger
  readonly clock?: Clock
  readonly random?: () => number
  readonly limits?: Partial<SupervisorLimits>
}

interface Row {
  readonly peer: PeerId
  readonly backoff: Backoff
  readonly trouble: Throttle
  /** ms by which this node lets the other one go first. */
  readonly beat: number
  desired: readonly string[]
  working: readonly string[]
  linkedSince: number | undefined
  /** It was linked before: it is dialled before those that never were, of whom a member may introduce many. */
  known: boolean
  /** The link leads through others: a direct one is still looked for. */
  relayed: boolean
  unlinkedSince: number
  dialling: AbortController | undefined
  attempts: number
  nextTry: number
  urgent: boolean
  lastNews: number
  lastError: ShoalError | undefined
}

/** Keeps dialling every desired peer that is not linked, for as long as it runs. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #limits: SupervisorLimits
  readonly #clock: Clock
  readonly #rows = new Map<PeerId, Row>()
  readonly #controller = new AbortController()
  readonly #detours: Detours | undefined
  #dialling = 0
  #cancel: (() => void) | undefined
  #started = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#clock = options.clock ?? realClock
    const { reach, random } = options
    this.#detours = reach && new Detours({ reach, clock: this.#clock, ...(random && { random }), ended: () => this.refresh() })
  }

  /** Begins to dial, and listens to links and discovery. */
  start(): void {
    if (this.#started) return
    this.#started = true
    const { node, discovery } = this.#options
    const { signal } = this.#controller
    this.#follow(node.events(signal), (event) => this.#linkChanged(event))
    if (discovery) this.#follow(discovery.events(signal), (event) => this.#discovered(event))
    this.refresh()
  }

  /** Ends all dials. Idempotent. */
  stop(): void {
    this.#controller.abort(new ShoalError('ERR_STOPPING'))
    this.#cancel?.()
    this.#cancel = undefined
    for (const row of this.#rows.values()) row.dialling?.abort(new ShoalError('ERR_STOPPING'))
    this.#rows.clear()
    this.#detours?.stop()
  }

  /** The list of desired peers has changed. */
  refresh(): void {
    if (!this.#started || this.#controller.signal.aborted) return
    this.#sync()
    this.#pass()
  }

  /** One line for each desired peer. */
  status(): PeerStatus[] {
    const now = this.#clock.now()
    return [...this.#rows.values()].map(({ peer, dialling, linkedSince, attempts, lastError, nextTry }) => {
      const state = linkedSince === undefined ? (dialling ? 'dialling' : 'waiting') : 'linked'
      return { peer, state, attempts, ...(lastError && { lastError }), ...(state === 'waiting' && { nextTry: Math.max(0, nextTry - now) }) }
    })
  }

  /** This host's network is another one: everything is tried at once. */
  networkChanged(): void {
    this.#detours?.reset()
    for (const row of this.#rows.values()) {
      row.backoff.reset()
      row.nextTry = this.#clock.now() + row.beat
      row.dialling?.abort(new ShoalError('ERR_ABORTED', 'The network changed during the dial.'))
    }
    this.#pass()
  }

  async #follow<T>(events: AsyncIterable<T>, take: (event: T) => void): Promise<void> {
    try {
      for await (const event of events) if (!this.#controller.signal.aborted) take(event)
    } catch (error) {
      this.#options.log.error('supervisor lost its events', { err: error })
    }
  }

  #linkChanged(event: LinkEvent): void {
    const row = this.#rows.get(event.peer)
    if (row && event.type === 'down') this.#lost(row)
    else if (row) this.#linked(row)
    this.refresh()
  }

  #discovered(event: DiscoveryEvent): void {
    if (event.type === 'network') this.networkChanged()
    else if (event.type === 'lagged') this.refresh()
    else this.#heardOf(event.peer)
  }

  #heardOf(peer: PeerId): void {
    const row = this.#rows.get(peer)
    const now = this.#clock.now()
    if (!row || isDirect(row) || now - row.lastNews < this.#limits.news) return
    row.lastNews = now
    row.backoff.reset()
    // during a dial: the next one follows at once, to what was heard now
    row.urgent = true
    row.nextTry = Math.min(row.nextTry, now + row.beat)
    this.#pass()
  }

  #sync(): void {
    const wanted = new Map([...this.#options.desired()].map(({ peer, addresses }) => [peer, addresses]))
    for (const [peer, row] of this.#rows) {
      if (wanted.has(peer)) continue
      this.#rows.delete(peer)
      this.#detours?.drop(peer)
      row.dialling?.abort(new ShoalError('ERR_ABORTED', 'The peer is not wanted any more.'))
    }
    for (const [peer, addresses] of wanted) {
      if (peer === this.#options.node.id) continue
      const row = this.#rows.get(peer) ?? this.#newRow(peer)
      row.desired = addresses
      const linked = this.#options.node.linked(peer)
      if (linked && (row.linkedSince === undefined || row.relayed !== this.#relayed(peer))) this.#linked(row)
      else if (!linked && row.linkedSince !== undefined) this.#lost(row)
    }
  }

  #newRow(peer: PeerId): Row {
    const beat = this.#options.node.id < peer ? 0 : this.#limits.beat
    const row: Row = {
      peer,
      backoff: new Backoff({ ...this.#limits.backoff, ...(this.#options.random && { random: this.#options.random }) }),
      trouble: new Throttle(600_000, () => this.#clock.now()),
      beat,
      desired: [],
      working: [],
      linkedSince: undefined,
      known: false,
      relayed: false,
      unlinkedSince: this.#clock.now(),
      dialling: undefined,
      attempts: 0,
      nextTry: this.#clock.now() + beat,
      urgent: false,
      lastNews: Number.NEGATIVE_INFINITY,
      lastError: undefined,
    }
    this.#rows.set(peer, row)
    return row
  }

  #relayed(peer: PeerId): boolean {
    return this.#options.reach?.relayed(peer) ?? false
  }

  #linked(row: Row): void {
    const before = isDirect(row)
    row.linkedSince ??= this.#clock.now()
    row.known = true
    row.relayed = this.#relayed(row.peer)
    if (row.relayed) {
      if (before) row.nextTry = this.#clock.now() + row.beat
      return
    }
    this.#detours?.drop(row.peer)
    row.attempts = 0
    row.urgent = false
    row.lastError = undefined
  }

  #lost(row: Row): void {
    if (row.linkedSince === undefined) return
    const good = this.#clock.now() - row.linkedSince >= this.#limits.stable
    row.linkedSince = undefined
    row.unlinkedSince = this.#clock.now()
    if (row.relayed) {
      row.relayed = false
      this.#detours?.lost(row.peer, row.beat, good)
      return
    }
    if (good) row.backoff.reset()
    // a link that does not last is not dialled in a tight loop
    row.nextTry = this.#clock.now() + row.beat + (good ? 0 : row.backoff.next())
  }

  /** Starts the dials that are due, and sets the clock for the next look. */
  #pass(): void {
    if (this.#controller.signal.aborted) return
    const now = this.#clock.now()
    const waiting = [...this.#rows.values()].filter((row) => !isDirect(row) && !row.dialling)
    const due = waiting
      .filter((row) => row.nextTry <= now)
      .sort(
        (a, b) => Number(a.relayed) - Number(b.relayed) || Number(b.urgent) - Number(a.urgent) || Number(b.known) - Number(a.known) || a.nextTry - b.nextTry,
      )
    for (const row of due) {
      if (this.#dialling < this.#limits.dials) this.#dial(row)
    }
    const next = waiting.reduce(
      (soonest, { nextTry, dialling }) => (dialling || nextTry <= now ? soonest : Math.min(soonest, nextTry)),
      Math.min(now + this.#limits.look, this.#passThrough(now)),
    )
    this.#cancel?.()
    this.#cancel = this.#clock.schedule(next - now, () => this.refresh())
  }

  /** Tries ways through others for those that cannot be dialled; the result is when the next of them is due. */
  #passThrough(now: number): number {
    let next = Number.POSITIVE_INFINITY
    for (const row of this.#detours ? this.#rows.values() : []) {
      if (row.linkedSince !== undefined) continue
      const { attempts, time } = this.#limits.detour
      const hopeless = row.attempts >= attempts ? now : row.unlinkedSince + time
      const due = Math.max(hopeless, this.#detours?.due(row.peer) ?? next)
      if (due <= now) this.#detours?.try(row.peer)
      else next = Math.min(next, due)
    }
    return next
  }

  #dial(row: Row): void {
    const addresses = this.#addressesFor(row)
    if (addresses.length === 0) {
      this.#failed(row, new ShoalError('ERR_PEER_UNREACHABLE', 'No address of the peer is known yet.'))
      return
    }
    const controller = new AbortController()
    const cancel = this.#clock.schedule(this.#limits.dialTimeout, () =>
      controller.abort(new ShoalError('ERR_TIMEOUT', `The dial took longer than ${this.#limits.dialTimeout} ms.`)),
    )
    row.dialling = controller
    row.urgent = false
    this.#dialling++
    this.#options.node
      .dial(row.peer, addresses, controller.signal)
      .then((address) => this.#worked(row, address))
      .catch((error: unknown) => this.#failed(row, ShoalError.from(error, 'ERR_PEER_UNREACHABLE')))
      .finally(() => {
        cancel()
        row.dialling = undefined
        this.#dialling--
        this.refresh()
      })
  }

  #worked(row: Row, address: string | undefined): void {
    if (!this.#options.node.linked(row.peer) || this.#relayed(row.peer)) throw new ShoalError('ERR_PEER_UNREACHABLE', 'The link came up and was lost at once.')
    if (this.#rows.get(row.peer) === row) this.#linked(row)
    if (address === undefined) return
    row.working = [...new Set([address, ...row.working])].slice(0, maxAddresses)
    this.#options.onAddresses?.(row.peer, row.working)
  }

  #failed(row: Row, error: ShoalError): void {
    if (isDirect(row) || this.#rows.get(row.peer) !== row) return
    row.lastError = error
    row.attempts++
    // when the network changed, or there was news meanwhile, this failure says nothing of the next dial
    if (error.code !== 'ERR_ABORTED') row.nextTry = this.#clock.now() + (row.urgent ? row.beat : row.backoff.next() + row.beat / 2)
    if (row.relayed) return
    row.trouble.run((heldBack) =>
      this.#options.log.info('peer cannot be reached; it is dialled for ever', { peer: row.peer, reason: error.message, attempts: row.attempts, heldBack }),
    )
  }

  /**
   * What worked last comes first, then what is both heard and known. Of the rest, what is heard and what is known take turns: either may be dead, and
   * anybody can forge what is heard. With each failure the list begins one further, so that a dead address cannot use up every dial.
   */
  #addressesFor(row: Row): string[] {
    const heard = this.#options.discovery?.addressesOf(row.peer) ?? []
    const sure = heard.filter((address) => row.desired.includes(address))
    const all = [...new Set([...row.working, ...sure, ...inTurns(heard, row.desired)])]
    const start = all.length === 0 ? 0 : row.attempts % all.length
    return [...all.slice(start), ...all.slice(0, start)].slice(0, maxAddresses)
  }
}

function isDirect(row: Row): boolean {
  return row.linkedSince !== undefined && !row.relayed
}

function inTurns(first: readonly string[], second: readonly string[]): string[] {
  const longest = Math.max(first.length, second.length)
  return Array.from({ length: longest }, (_, index) => [first[index], second[index]]).flatMap((pair) => pair.filter((item) => item !== undefined))
}
