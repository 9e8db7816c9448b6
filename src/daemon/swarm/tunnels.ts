/** Connections through other members: opened, accepted, and passed on for others. */

import type { Connection, Stream, Upgrader } from '@libp2p/interface'
import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { Throttle } from '../util/rate.js'
import { deadline } from '../util/wait.js'
import { tunnelConnection } from './libp2p-tunnel.js'
import { tunnelAddress } from './tunnel-address.js'
import { maxRelays, type TunnelOpen } from './tunnel-codec.js'
import type { Tap } from './tunnel-pipe.js'
import { type RelayLimits, TunnelRelay } from './tunnel-relay.js'
import { judgeOpen } from './tunnel-request.js'
import { TunnelTalk } from './tunnel-talk.js'
import { firstWay, type WayPorts } from './tunnel-way.js'

/** The protocol. */
export const tunnelProtocol = '/shoal/tunnel/1.0.0'

/** Streams of it that one link may have open towards us: those of its own and those it passes on. */
export const maxTunnelStreams = 64

/** ms for the wish of a stream that is open. */
const requestTimeout = 10_000

/** ms to answer or refuse. */
const answerTimeout = 5000

/** ms for the members on the way to say yes; each of them has less. */
const wayTimeout = 2000 + 2000 * (maxRelays + 1)

const none: ReadonlySet<PeerId> = new Set()

/** The direct peer through which a member is to be reached, none of `except`; undefined when there is none. */
export type Routes = (destination: PeerId, except: ReadonlySet<PeerId>) => PeerId | undefined

/** What they work with. */
export interface TunnelOptions {
  readonly self: PeerId
  readonly upgrader: Pick<Upgrader, 'upgradeInbound' | 'upgradeOutbound'>
  /** Does this node pass on for others? */
  readonly relay: boolean
  readonly limits: RelayLimits
  isTrusted(peer: PeerId): boolean
  /** Peers with a direct link. */
  directPeers(): Iterable<PeerId>
  /** Opens {@link tunnelProtocol} over a direct link. Rejects with `ERR_PEER_UNREACHABLE`. */
  openStream(next: PeerId, signal: AbortSignal): Promise<Stream>
  /** Sees and may alter what is passed on; for tests. */
  readonly tap?: Tap
  readonly log: Logger
}

/** The tunnels of one node. */
export class Tunnels {
  readonly #options: TunnelOptions
  readonly #ports: WayPorts
  readonly #relay: TunnelRelay
  readonly #ending = new AbortController()
  readonly #refusals = new Throttle(10_000)
  #routes: Routes | undefined

  constructor(options: TunnelOptions) {
    this.#options = options
    const { self, isTrusted, limits, tap } = options
    this.#ports = {
      self,
      isTrusted,
      nextHop: (destination, except) => this.#nextHop(destination, except),
      talkTo: async (next, signal) => new TunnelTalk(await options.openStream(next, signal)),
    }
    this.#relay = new TunnelRelay({ ...this.#ports, limits, ...(tap && { tap }) })
  }

  /** Tunnels passed on for others now. */
  get passing(): number {
    return this.#relay.size
  }

  /** Who leads where. Without it each direct peer is tried. */
  setRoutes(routes: Routes): void {
    this.#routes = routes
  }

  /** Is there somebody to try? */
  reachable(peer: PeerId): boolean {
    const next = this.#routes ? this.#routes(peer, none) : this.#firstHop(peer, none)
    return next !== undefined && next !== peer
  }

  /** Makes a connection to a trusted peer through others. Rejects with `ERR_NO_ROUTE`, `ERR_PEER_UNREACHABLE`, or what refused it. */
  async dial(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    const { self, upgrader } = this.#options
    const limit = deadline(wayTimeout, 'ERR_TIMEOUT', 'No member on the way answered in time.', signal)
    try {
      const ports = { ...this.#ports, nextHop: (destination: PeerId, except: ReadonlySet<PeerId>) => this.#firstHop(destination, except) }
      const { talk, relays } = await firstWay(ports, { destination: peer, hops: maxRelays, route: [self] }, limit.signal)
      const wire = tunnelConnection(talk.release(), tunnelAddress(relays, peer))
      try {
        return await upgrader.upgradeOutbound(wire, { signal: limit.signal, skipProtection: true })
      } catch (error) {
        wire.abort(ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
        throw error
      }
    } catch (error) {
      throw ShoalError.from(error, 'ERR_PEER_UNREACHABLE')
    } finally {
      limit.done()
    }
  }

  /** Takes a stream of the protocol that came over the direct link of `from`. Call it in the turn in which libp2p hands it over. */
  async accept(stream: Stream, from: PeerId): Promise<void> {
    const talk = new TunnelTalk(stream)
    const limit = deadline(requestTimeout, 'ERR_TIMEOUT', 'The wish of a tunnel did not come.', this.#ending.signal)
    let open: TunnelOpen | undefined
    try {
      open = await talk.request(limit.signal)
      if (this.#ending.signal.aborted) throw new ShoalError('ERR_STOPPING')
      const { self, isTrusted, relay } = this.#options
      if (judgeOpen(open, { self, from, isTrusted, relay })) await this.#arrive(talk, open)
      else await this.#relay.pass(talk, open, from)
    } catch (error) {
      await this.#refuse(talk, open, from, ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
    } finally {
      limit.done()
    }
  }

  /** Ends what is passed on to, from and through a peer. */
  cut(peer: PeerId): void {
    this.#relay.cut(peer)
  }

  /** Ends what is passed on for a peer that is not trusted any more. */
  recheck(): void {
    this.#relay.recheck()
  }

  /** Passes nothing on from now on, and takes no new connections. */
  close(): void {
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    this.#relay.close()
  }

  async #arrive(talk: TunnelTalk, { route }: TunnelOpen): Promise<void> {
    const [nearest = '', ...others] = [...route].reverse()
    const relays = [nearest, ...others.slice(0, -1)]
    await talk.answer({ type: 'accept', relays: [] }, AbortSignal.timeout(answerTimeout))
    const wire = tunnelConnection(talk.release(), tunnelAddress(relays, route[0] ?? ''))
    try {
      await this.#options.upgrader.upgradeInbound(wire, { signal: this.#ending.signal, skipProtection: true })
    } catch (error) {
      wire.abort(ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
      this.#options.log.debug('a connection through others was not made', { route, err: error })
    }
  }

  async #refuse(talk: TunnelTalk, open: TunnelOpen | undefined, from: PeerId, error: ShoalError): Promise<void> {
    const parties = open && { source: open.route[0], destination: open.destination }
    this.#refusals.run((heldBack) => this.#options.log.debug('tunnel refused', { peer: from, ...parties, code: error.code, reason: error.message, heldBack }))
    await talk.refuse(error, AbortSignal.timeout(answerTimeout))
  }

  /** The first step of a tunnel of ours. Who is not known to lead anywhere is tried where nobody knows of ways. */
  #firstHop(destination: PeerId, except: ReadonlySet<PeerId>): PeerId | undefined {
    if (this.#routes) return this.#direct(this.#routes, destination, except)
    return [...this.#options.directPeers()].find((peer) => peer !== destination && !except.has(peer))
  }

  #nextHop(destination: PeerId, except: ReadonlySet<PeerId>): PeerId | undefined {
    const direct = new Set(this.#options.directPeers())
    if (direct.has(destination)) return except.has(destination) ? undefined : destination
    return this.#routes && this.#direct(this.#routes, destination, except)
  }

  /** What the routes say, as far as there is a link to it. */
  #direct(routes: Routes, destination: PeerId, except: ReadonlySet<PeerId>): PeerId | undefined {
    const direct = new Set(this.#options.directPeers())
    const barred = new Set([...except, this.#options.self])
    for (;;) {
      const next = routes(destination, barred)
      if (next === undefined || next === destination || barred.has(next)) return undefined
      if (direct.has(next)) return next
      barred.add(next)
    }
  }
}
