/**
 * Which connection is the link to a peer. Two nodes that dial each other at once get two connections; both keep the one
 * that the lower peer id dialled (of two by the same side, the newer), and close the other when the first has proved alive. A
 * direct connection is kept before one through other members, whoever dialled.
 */

import type { PeerId } from '../../plugin.js'
import { Broadcast } from '../util/queue.js'
import { abortable, delay, monotonic } from '../util/wait.js'
import type { Encryption, LinkEvent, LinkInfo } from './swarm.js'

/** What the table needs of a connection; a `Wire`. */
export interface LinkWire {
  readonly peer: PeerId
  readonly address: string
  readonly outbound: boolean
  /** The members that pass it on; empty for a direct connection. */
  readonly via: readonly PeerId[]
  readonly since: number
  readonly encryption: Encryption
  readonly rtt: number | undefined
  readonly reason: string | undefined
  readonly open: boolean
  ping(timeout: number): Promise<number>
  close(reason: string): Promise<void>
  abort(reason: string): void
}

/** Times in ms. */
export interface LinkTimes {
  /** How long a new connection has to prove that the far end accepts it. */
  readonly confirm: number
  /** How long the connection to keep has to answer before the other one is closed. */
  readonly probe: number
  /** How long the other one is left alone, so that the far end has come to the same choice. */
  readonly retire: number
}

const defaultTimes: LinkTimes = { confirm: 10_000, probe: 1500, retire: 1000 }

/** Pause in ms between pings that the far end refuses, while it may still come to trust us. */
const retryPause = 250

interface Waiter<W> {
  /** Only a direct one will do. */
  readonly direct: boolean
  readonly resolve: (wire: W) => void
}

interface Entry<W> {
  readonly wires: Set<W>
  readonly confirmed: Set<W>
  readonly retiring: Set<W>
  primary: W | undefined
  since: number
}

/** The links of one node. */
export class Links<W extends LinkWire> {
  readonly #self: PeerId
  readonly #times: LinkTimes
  readonly #entries = new Map<PeerId, Entry<W>>()
  readonly #waiting = new Map<PeerId, Set<Waiter<W>>>()
  readonly #events = new Broadcast<LinkEvent>((missed) => ({ type: 'down', peer: '', reason: `${missed} events were missed: see links()` }), 4096)

  constructor(self: PeerId, times: Partial<LinkTimes> = {}) {
    this.#self = self
    this.#times = { ...defaultTimes, ...times }
  }

  /** Takes in a new connection to a trusted peer. It becomes (part of) the link when the far end answers a ping, or uses it. */
  add(wire: W): void {
    const entry = this.#entries.get(wire.peer) ?? { wires: new Set(), confirmed: new Set(), retiring: new Set(), primary: undefined, since: 0 }
    this.#entries.set(wire.peer, entry)
    entry.wires.add(wire)
    this.#prove(wire).catch(() => {})
  }

  /** The far end has shown that it accepts this connection. */
  confirm(wire: W): void {
    const entry = this.#entries.get(wire.peer)
    if (!entry?.wires.has(wire) || entry.confirmed.has(wire)) return
    entry.confirmed.add(wire)
    if (entry.primary === undefined) {
      entry.primary = wire
      entry.since = monotonic()
      this.#events.emit({ type: 'up', peer: wire.peer })
    } else {
      this.#move(entry)
    }
    for (const waiter of this.#waiting.get(wire.peer) ?? []) if (suits(wire, waiter.direct)) waiter.resolve(wire)
    this.#retireOthers(entry)
  }

  /** A connection is closed. */
  remove(wire: W): void {
    const entry = this.#entries.get(wire.peer)
    if (!entry?.wires.delete(wire)) return
    entry.confirmed.delete(wire)
    entry.retiring.delete(wire)
    if (entry.wires.size === 0) this.#entries.delete(wire.peer)
    if (entry.primary === undefined || entry.confirmed.size > 0) {
      if (entry.primary === wire) this.#move(entry)
      return
    }
    entry.primary = undefined
    this.#events.emit({ type: 'down', peer: wire.peer, reason: wire.reason ?? 'the connection was lost' })
  }

  /** The connection that new streams take. */
  primary(peer: PeerId): W | undefined {
    const wire = this.#entries.get(peer)?.primary
    return wire?.open ? wire : undefined
  }

  /** All connections to a peer, confirmed or not. */
  of(peer: PeerId): W[] {
    return [...(this.#entries.get(peer)?.wires ?? [])]
  }

  /** All connections. */
  all(): W[] {
    return [...this.#entries.values()].flatMap(({ wires }) => [...wires])
  }

  list(): LinkInfo[] {
    return [...this.#entries.values()].flatMap(({ primary, since }) => {
      if (!primary) return []
      const { peer, address, outbound, encryption, rtt, via } = primary
      const known = { ...(rtt !== undefined && { rtt }), ...(via.length > 0 && { relayed: true as const, via }) }
      return [{ peer, address, direction: outbound ? ('outbound' as const) : ('inbound' as const), since, encryption, ...known }]
    })
  }

  events(signal?: AbortSignal): AsyncIterableIterator<LinkEvent> {
    return this.#events.listen(signal)
  }

  /** Resolves when a link to the peer is up, now or later; `direct`: one that leads through nobody else. Rejects with the signal's reason. */
  async up(peer: PeerId, signal: AbortSignal, direct = false): Promise<W> {
    const wire = this.primary(peer)
    if (wire && suits(wire, direct)) return wire
    const waiting = this.#waiting.get(peer) ?? new Set()
    const { promise, resolve } = Promise.withResolvers<W>()
    const waiter = { direct, resolve }
    this.#waiting.set(peer, waiting.add(waiter))
    try {
      return await abortable(promise, signal)
    } finally {
      waiting.delete(waiter)
      if (waiting.size === 0 && this.#waiting.get(peer) === waiting) this.#waiting.delete(peer)
    }
  }

  close(): void {
    this.#events.close()
  }

  /** Pings until an answer comes. A far end that does not (yet) trust this node refuses; pairing may be under way, so it gets some time. */
  async #prove(wire: W): Promise<void> {
    const end = monotonic() + this.#times.confirm
    while (wire.open && monotonic() < end) {
      try {
        await wire.ping(end - monotonic())
        return this.confirm(wire)
      } catch {
        await delay(retryPause, undefined, { unref: true })
      }
      if (this.#entries.get(wire.peer)?.confirmed.has(wire)) return
    }
    if (wire.open) wire.abort('the peer did not accept the connection')
  }

  #choose(entry: Entry<W>): W | undefined {
    const lower = (wire: W): boolean => wire.outbound === this.#self < wire.peer
    const direct = (wire: W): boolean => wire.via.length === 0
    return [...entry.confirmed].sort((a, b) => Number(direct(b)) - Number(direct(a)) || Number(lower(b)) - Number(lower(a)) || b.since - a.since)[0]
  }

  /** Takes the best connection; says so when the way is another kind now. */
  #move(entry: Entry<W>): void {
    const before = entry.primary
    const after = this.#choose(entry)
    entry.primary = after
    if (before && after && before.via.length > 0 !== after.via.length > 0) this.#events.emit({ type: 'moved', peer: after.peer })
  }

  #retireOthers(entry: Entry<W>): void {
    const keep = entry.primary
    if (!keep) return
    for (const wire of entry.confirmed) {
      if (wire === keep || entry.retiring.has(wire)) continue
      entry.retiring.add(wire)
      this.#retire(entry, keep, wire).catch(() => {})
    }
  }

  /** Closes `extra` once `keep` has answered; when `keep` turns out dead, it goes and `extra` stays. */
  async #retire(entry: Entry<W>, keep: W, extra: W): Promise<void> {
    try {
      await keep.ping(this.#times.probe)
    } catch {
      entry.retiring.delete(extra)
      return keep.abort('it did not answer beside a newer connection')
    }
    await delay(this.#times.retire, undefined, { unref: true })
    entry.retiring.delete(extra)
    if (entry.confirmed.size > 1 && entry.primary !== extra && entry.primary?.open) await extra.close('one connection a peer is enough')
  }
}

function suits(wire: LinkWire, direct: boolean): boolean {
  return !direct || wire.via.length === 0
}
