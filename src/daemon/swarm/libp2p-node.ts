/** {@link Node} over a libp2p node: every stream is checked against the trusted list, every peer has one link. */

import type { Connection, Libp2p, Stream, Upgrader } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { deadline, monotonic } from '../util/wait.js'
import { type Address, isLoopback, plausible, readAddresses } from './addresses.js'
import { dialMessage, startError } from './libp2p-error.js'
import type { Link } from './link.js'
import { Links } from './links.js'
import type { Node, NodeLimits, NodeOptions, StrangerDoor, StrangerStream } from './node-options.js'
import { openLink } from './open-link.js'
import type { Strangers } from './strangers.js'
import type { LinkEvent, LinkInfo, LinkStream, OpenOptions, ProtocolOptions } from './swarm.js'
import { maxTunnelStreams, type Routes, Tunnels, tunnelProtocol } from './tunnels.js'
import { Wire } from './wire.js'

/** Longest pause between two looks at all connections, ms. */
const longestBeat = 1000

/** A beat that comes this much later (ms) means that this process was stalled, and its silence is not the peers'. */
const stallLimit = 1500

/** ms to learn where a peer listens. */
const learnTimeout = 10_000

/** ms for a whole dial, unless its caller is quicker. */
const dialTimeout = 30_000

/** What the node is built from. */
export interface NodeParts {
  readonly libp2p: Libp2p
  readonly strangers: Strangers
  readonly limits: NodeLimits
  /** Where a peer listens, asked over a connection that is up. */
  identify(connection: Connection): Promise<readonly string[]>
  readonly refused: Node['refused']
  readonly upgrader: Upgrader
  close(): void
}

type Handler = (stream: LinkStream, address: string) => void | Promise<void>

/** The one implementation of {@link Node}. */
export class Libp2pNode implements Node {
  readonly id: PeerId
  readonly door: StrangerDoor
  readonly refused: Node['refused']
  readonly #options: NodeOptions
  readonly #parts: NodeParts
  readonly #libp2p: Libp2p
  readonly #log: Logger
  readonly #links: Links<Wire>
  readonly #tunnels: Tunnels
  readonly #wires = new Map<string, Wire>()
  #timer: NodeJS.Timeout | undefined
  #lastBeat = 0
  readonly #beatInterval: number

  constructor(options: NodeOptions, parts: NodeParts) {
    this.#options = options
    this.#parts = parts
    this.#libp2p = parts.libp2p
    this.#log = options.log
    this.#beatInterval = Math.min(longestBeat, parts.limits.heartbeat.interval / 2)
    this.refused = parts.refused
    this.id = parts.libp2p.peerId.toString()
    this.#links = new Links(this.id, parts.limits.link)
    this.#tunnels = this.#makeTunnels()
    this.#libp2p.addEventListener('connection:open', (event) => this.#opened(event.detail))
    this.#libp2p.addEventListener('connection:close', (event) => this.#closed(event.detail))
    this.door = { handle: this.#handleStrangers.bind(this), open: this.#openStranger.bind(this), stay: (peer, ms) => parts.strangers.stay(peer, ms) }
  }

  get addresses(): readonly string[] {
    const all = this.#listening()
    const outside = all.filter(({ host }) => !isLoopback(host))
    return (outside.length > 0 ? outside : all).map(({ text }) => `${text}/p2p/${this.id}`)
  }

  get listening(): readonly string[] {
    return this.#listening().map(({ text }) => text)
  }

  get connections(): number {
    return this.#wires.size
  }

  get passing(): number {
    return this.#tunnels.passing
  }

  async start(): Promise<void> {
    try {
      await this.#serveTunnels()
      await this.#libp2p.start()
    } catch (error) {
      this.#parts.close()
      throw startError(error)
    }
    this.#lastBeat = monotonic()
    this.#timer = setInterval(() => this.#beat(), this.#beatInterval)
    this.#log.info('swarm listens', { id: this.id, addresses: this.addresses })
  }

  quiesce(): void {
    this.#parts.close()
  }

  setRoutes(routes: Routes): void {
    this.#tunnels.setRoutes(routes)
  }

  async stop(): Promise<void> {
    this.quiesce()
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = undefined
    this.#tunnels.close()
    await Promise.all([...this.#wires.values()].map((wire) => wire.close('this node stops')))
    await this.#libp2p.stop()
    this.#parts.strangers.clear()
    this.#links.close()
  }

  handle(protocol: string, options: ProtocolOptions, handler: Handler): () => void {
    return this.#serve(protocol, options, handler, (wire) => this.#admit(wire))
  }

  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<LinkStream> {
    if (!this.#options.isTrusted(peer)) throw new ShoalError('ERR_PEER_UNKNOWN', `${peer} is not trusted.`)
    const { beside } = options
    const wire = (beside && this.#links.of(peer).find((one) => one.open && one.carries(beside))) ?? this.#links.primary(peer)
    if (!wire) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no link to ${peer}.`)
    try {
      return await openLink(wire, protocol, options)
    } catch (error) {
      // the other of two connections took over meanwhile
      const next = this.#links.primary(peer)
      if (next && next !== wire && !options.signal?.aborted) return openLink(next, protocol, options)
      throw error
    }
  }

  links(): readonly LinkInfo[] {
    return this.#links.list()
  }

  linked(peer: PeerId): boolean {
    return this.#links.primary(peer) !== undefined
  }

  events(signal?: AbortSignal): AsyncIterableIterator<LinkEvent> {
    return this.#links.events(signal)
  }

  async cut(peer: PeerId, reason: string): Promise<void> {
    const wires = [...this.#wires.values()].filter((wire) => wire.peer === peer || wire.via.includes(peer))
    this.#tunnels.cut(peer)
    // libp2p keeps tags in its peer store and reconnects for them: this first, then the connections
    await this.#forget(peer)
    await Promise.all(wires.map((wire) => wire.close(reason)))
  }

  async dial(peer: PeerId, addresses: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
    if (!this.#options.isTrusted(peer)) throw new ShoalError('ERR_PEER_UNKNOWN', `${peer} is not trusted; nothing else is dialled.`)
    const limit = deadline(dialTimeout, 'ERR_PEER_UNREACHABLE', `Dialling took longer than ${dialTimeout} ms.`, signal)
    const over = new AbortController()
    const either = AbortSignal.any([limit.signal, over.signal])
    try {
      // the peer may dial this node meanwhile: the first link wins, and the dial ends
      const up = this.#links.up(peer, either, true)
      const direct = this.linked(peer) && !this.relayed(peer)
      const refused = direct ? up : this.#connect(peer, addresses, either).then((connection) => this.#refused(connection))
      refused.catch(() => {})
      const wire = await Promise.race([up, refused])
      return wire.outbound ? wire.address : undefined
    } finally {
      over.abort()
      limit.done()
    }
  }

  async dialThrough(peer: PeerId, signal?: AbortSignal): Promise<void> {
    if (!this.#options.isTrusted(peer)) throw new ShoalError('ERR_PEER_UNKNOWN', `${peer} is not trusted; nothing else is dialled.`)
    if (this.linked(peer)) return
    const limit = deadline(dialTimeout, 'ERR_PEER_UNREACHABLE', `Dialling took longer than ${dialTimeout} ms.`, signal)
    try {
      const connection = await this.#tunnels.dial(peer, limit.signal)
      await Promise.race([this.#links.up(peer, limit.signal), this.#refused(connection)])
    } finally {
      limit.done()
    }
  }

  reachable(peer: PeerId): boolean {
    return this.#tunnels.reachable(peer)
  }

  relayed(peer: PeerId): boolean {
    return this.#links.primary(peer)?.relayed ?? false
  }

  recheck(): void {
    this.#tunnels.recheck()
    for (const wire of this.#wires.values()) {
      if (!wire.via.every((relay) => this.#options.isTrusted(relay))) wire.abort('a member it led through is not trusted any more')
      else if (this.#options.isTrusted(wire.peer)) this.#welcomeUnlessJoining(wire)
      else if (this.#links.of(wire.peer).includes(wire)) wire.abort('the peer is not trusted any more')
    }
  }

  #makeTunnels(): Tunnels {
    const { relay = true, hooks, log } = this.#options
    const { upgrader, limits } = this.#parts
    return new Tunnels({
      self: this.id,
      upgrader,
      relay,
      limits: limits.relay,
      isTrusted: (peer) => this.#options.isTrusted(peer),
      directPeers: () => this.#links.list().flatMap((link) => (link.relayed ? [] : [link.peer])),
      openStream: (next, signal) => this.#openTunnel(next, signal),
      ...(hooks?.tap && { tap: hooks.tap }),
      log,
    })
  }

  /** A tunnel leads over direct links only: there are none within tunnels. */
  async #openTunnel(next: PeerId, signal: AbortSignal): Promise<Stream> {
    const wire = this.#links.primary(next)
    if (!wire || wire.relayed) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no direct link to ${next}.`)
    return wire.raw.newStream(tunnelProtocol, { signal, maxOutboundStreams: this.#parts.limits.maxStreams })
  }

  async #serveTunnels(): Promise<void> {
    const accept = (stream: Stream, connection: Connection): void => {
      const wire = this.#wires.get(connection.id)
      if (wire && !wire.relayed && this.#admit(wire)) {
        this.#tunnels.accept(stream, wire.peer).catch((error: unknown) => stream.abort(ShoalError.from(error)))
      } else {
        this.#refuse(stream, wire)
      }
    }
    const options = { maxInboundStreams: maxTunnelStreams, maxOutboundStreams: this.#parts.limits.maxStreams }
    await this.#libp2p.handle(tunnelProtocol, accept, options)
  }

  async #forget(peer: PeerId): Promise<void> {
    try {
      await this.#libp2p.peerStore.delete(peerIdFromString(peer))
    } catch {
      // no peer id, or not in the peer store
    }
  }

  #listening(): Address[] {
    return readAddresses(this.#libp2p.getMultiaddrs().map((address) => address.toString()))
  }

  #handleStrangers(protocol: string, options: ProtocolOptions, handler: Handler): () => void {
    return this.#serve(protocol, options, handler, (wire) => {
      this.#parts.strangers.busy(wire.peer)
      return !wire.relayed
    })
  }

  async #openStranger(
    peer: PeerId,
    addresses: readonly string[],
    protocol: string,
    options: ProtocolOptions & { readonly signal: AbortSignal },
  ): Promise<StrangerStream> {
    const done = this.#parts.strangers.join(peer)
    const leave = (): void => {
      done()
      this.recheck()
      const guests = [...this.#wires.values()].filter((wire) => wire.peer === peer && !this.#options.isTrusted(peer))
      for (const wire of guests) wire.abort('pairing is over')
    }
    try {
      const connection = await this.#connect(peer, addresses, options.signal)
      const wire = this.#wires.get(connection.id)
      if (!wire) throw new ShoalError('ERR_PEER_UNREACHABLE', 'The peer closed the connection: it may have no invite out.')
      return { stream: await openLink(wire, protocol, options), address: wire.address, leave }
    } catch (error) {
      leave()
      throw error
    }
  }

  async #connect(peer: PeerId, addresses: readonly string[], signal: AbortSignal): Promise<Connection> {
    const usable = readAddresses(addresses).filter((address) => (address.peer ?? peer) === peer)
    if (usable.length === 0) throw new ShoalError('ERR_PEER_UNREACHABLE', `No address of ${peer} is known.`)
    if (this.#options.hooks?.mayDial?.(peer) === false) throw new ShoalError('ERR_PEER_UNREACHABLE', `${peer} cannot be dialled in this test.`)
    // libp2p would take a connection through others for an answer
    const force = this.#links.of(peer).some((wire) => wire.relayed)
    try {
      const targets = usable.map(({ text }) => multiaddr(`${text}/p2p/${peer}`))
      return await this.#libp2p.dial(targets, { signal, force })
    } catch (error) {
      if (signal.aborted) throw ShoalError.from(signal.reason, 'ERR_PEER_UNREACHABLE')
      throw new ShoalError('ERR_PEER_UNREACHABLE', `${peer} cannot be reached: ${dialMessage(error, this.#options.networkKey !== undefined)}`, { cause: error })
    }
  }

  /** Rejects when a connection closes and leaves no other to the peer. */
  #refused(connection: Connection): Promise<never> {
    return new Promise((_, reject) => {
      const check = (): void => {
        const peer = connection.remotePeer.toString()
        if (this.#links.of(peer).some((wire) => wire.open && !wire.relayed)) return
        reject(
          new ShoalError('ERR_PEER_UNREACHABLE', 'The peer closed the connection before it answered; it may not trust this node (any more).', {
            data: { refused: true },
          }),
        )
      }
      connection.addEventListener('close', () => setImmediate(check), { once: true })
      if (connection.status !== 'open') check()
    })
  }

  #serve(protocol: string, { maxFrame, maxInbound }: ProtocolOptions, handler: Handler, admits: (wire: Wire) => boolean): () => void {
    const accept = (stream: Stream, connection: Connection): void => {
      const wire = this.#wires.get(connection.id)
      if (!wire || !admits(wire)) {
        this.#refuse(stream, wire)
        if (wire && !this.#parts.strangers.joining(wire.peer)) wire.abort('a stranger may only pair')
        return
      }
      const link = wire.attach(stream, protocol, maxFrame)
      Promise.resolve()
        .then(() => handler(link, wire.address))
        .catch((error: unknown) => this.#handlerFailed(link, error))
    }
    const options = { maxInboundStreams: maxInbound, maxOutboundStreams: this.#parts.limits.maxStreams }
    this.#libp2p.handle(protocol, accept, options).catch((error: unknown) => this.#log.error('protocol not served', { protocol, err: error }))
    return () => {
      this.#libp2p.unhandle(protocol).catch(() => {})
    }
  }

  #handlerFailed(link: Link, error: unknown): void {
    if (!link.signal.aborted) this.#log.warn('stream handler failed', { peer: link.peer, protocol: link.protocol, err: error })
    link.abort(ShoalError.from(error))
  }

  /** Asked before a byte of a stream is read. A stream from the far end also proves that it accepts the connection. */
  #admit(wire: Wire): boolean {
    if (!this.#options.isTrusted(wire.peer)) return false
    this.#welcome(wire)
    this.#links.confirm(wire)
    return true
  }

  #refuse(stream: Stream, wire: Wire | undefined): void {
    stream.abort(new ShoalError('ERR_FORBIDDEN', 'The peer is not trusted.'))
    if (wire) this.#log.trace('stream of a stranger refused', { peer: wire.peer, protocol: stream.protocol })
  }

  /** For libp2p's own protocols: may this connection use them? */
  readonly admits = (stream: Stream, connection: Connection): boolean => {
    const wire = this.#wires.get(connection.id)
    if (wire && this.#options.isTrusted(wire.peer)) return true
    this.#refuse(stream, wire)
    return false
  }

  #opened(connection: Connection): void {
    const wire = new Wire(connection)
    this.#wires.set(connection.id, wire)
    if (connection.status !== 'open') this.#closed(connection)
    else if (wire.relayed && !this.#mayStay(wire)) wire.abort('nobody pairs through others')
    else if (this.#options.isTrusted(wire.peer) && !this.#parts.strangers.joining(wire.peer)) this.#welcome(wire)
    else this.#seat(wire)
  }

  /** A connection through others is for peers that are trusted, as its relays are, and that this node does not pair with just now. */
  #mayStay(wire: Wire): boolean {
    return [wire.peer, ...wire.via].every((peer) => this.#options.isTrusted(peer)) && !this.#parts.strangers.joining(wire.peer)
  }

  #seat(wire: Wire): void {
    const { strangers } = this.#parts
    if (wire.outbound && strangers.joining(wire.peer)) strangers.admit(wire.peer)
    if (!strangers.seat(wire.peer, wire)) wire.abort('the peer is not trusted')
    else if (wire.outbound) strangers.busy(wire.peer)
  }

  /** A peer that this node trusts and pairs with again may have forgotten it: until that is over, it is asked for nothing else. */
  #welcomeUnlessJoining(wire: Wire): void {
    if (!this.#parts.strangers.joining(wire.peer)) this.#welcome(wire)
  }

  /** Makes a connection (part of) the link; does nothing when it is. */
  #welcome(wire: Wire): void {
    this.#parts.strangers.leave(wire.peer, wire)
    if (this.#links.of(wire.peer).includes(wire)) return
    this.#links.add(wire)
    this.#learn(wire)
  }

  #learn(wire: Wire): void {
    const { onAddresses } = this.#options
    if (!onAddresses) return
    this.#links
      .up(wire.peer, AbortSignal.timeout(learnTimeout))
      .then(() => this.#parts.identify(wire.raw))
      .then((addresses) => {
        const good = plausible(addresses, wire.address)
        // through others, loopback addresses are not its own, and nothing may be left
        if (good.length > 0 || !wire.relayed) onAddresses(wire.peer, good)
      })
      .catch((error: unknown) => this.#log.trace('identify failed', { peer: wire.peer, err: error }))
  }

  #closed(connection: Connection): void {
    const wire = this.#wires.get(connection.id)
    if (!wire) return
    this.#wires.delete(connection.id)
    // libp2p notes every peer that opened a stream, and never lets go of strangers
    if (!this.#options.isTrusted(wire.peer)) this.#forget(wire.peer).catch(() => {})
    this.#parts.strangers.leave(wire.peer, wire)
    this.#links.remove(wire)
  }

  #beat(): void {
    const late = monotonic() - this.#lastBeat - this.#beatInterval
    this.#lastBeat = monotonic()
    this.recheck()
    const { heartbeat, maxStreams } = this.#parts.limits
    for (const wire of this.#links.all()) wire.beat(heartbeat, late > stallLimit ? late : 0)
    for (const wire of this.#wires.values()) if (wire.streams > 2 * maxStreams) wire.abort('it opened too many streams')
  }
}
