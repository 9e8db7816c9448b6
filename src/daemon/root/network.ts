/** The network of one node, put together: links, control channel, discovery, redialling and pairing. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { Identity } from '../keystore/identity.js'
import { Invites } from '../keystore/invites.js'
import type { PeerBook } from '../keystore/peer-book.js'
import { decodeTicket, InviterPairing, JoinerPairing, minutesLate } from '../keystore/trust.js'
import { Control, createHello } from '../swarm/control.js'
import { Discovery } from '../swarm/discovery.js'
import { createNode, type Node } from '../swarm/node.js'
import { acceptPairing, join, type Paired, type PairingOptions } from '../swarm/pairing.js'
import { Strikes } from '../swarm/strikes.js'
import { Supervisor } from '../swarm/supervisor.js'
import { TokenBucket } from '../util/rate.js'

/** Strangers a second, and at once, of which listeners are told: anybody can invent them. `Discovery.candidates` has them all. */
const strangersTold = { rate: 10, burst: 100 }

/** What a network is made of. */
export interface NetworkOptions {
  readonly identity: Identity
  readonly book: PeerBook
  readonly name: string
  readonly agent: string
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly discovery: boolean
  readonly maxPayload: number
  log(module: string): Logger
}

/** Links and trust of one node. */
export class Network {
  readonly node: Node
  readonly control: Control
  readonly strikes: Strikes
  readonly supervisor: Supervisor
  readonly discovery: Discovery | undefined
  readonly invites: Invites
  readonly #options: NetworkOptions
  readonly #log: Logger
  readonly #ending = new AbortController()
  readonly #watching: Promise<void>[] = []
  #undoPairing: (() => void) | undefined

  private constructor(options: NetworkOptions, node: Node, invites: Invites) {
    this.#options = options
    this.#log = options.log('swarm')
    this.node = node
    this.invites = invites
    this.strikes = new Strikes({ log: this.#log, refuse: (peer, reason) => void this.node.cut(peer, reason) })
    const hello = createHello({ name: options.name, agent: options.agent, kinds: [], maxPayload: options.maxPayload })
    this.control = new Control({ swarm: node, log: options.log('control'), hello, strikes: this.strikes })
    this.discovery = options.discovery ? this.#makeDiscovery() : undefined
    this.supervisor = new Supervisor({
      node,
      ...(this.discovery && { discovery: this.discovery }),
      desired: () => this.#desired(),
      onAddresses: (peer, addresses) => this.#keepAddresses(peer, addresses),
      log: options.log('supervisor'),
    })
  }

  /** Builds it; nothing listens yet. */
  static async create(options: NetworkOptions): Promise<Network> {
    const { identity, book } = options
    const invites = new Invites({ inviter: identity.id })
    const node = await createNode({
      privateKeyRaw: identity.privateKeyRaw(),
      listen: options.listen,
      announce: options.announce,
      isTrusted: (peer) => book.isTrusted(peer),
      pairingOpen: () => invites.open > 0,
      onAddresses: (peer, addresses) => void book.setAddresses(peer, addresses).catch(() => {}),
      log: options.log('swarm'),
    })
    return new Network(options, node, invites)
  }

  /** Listens, announces itself and begins to dial. */
  async start(): Promise<void> {
    this.#watching.push(this.#watchLinks())
    this.control.start()
    await this.node.start()
    this.#undoPairing = acceptPairing(this.#pairing((parties) => new InviterPairing(this.invites, parties), 'invited'))
    this.supervisor.start()
    if (!this.discovery) return
    this.#watching.push(this.#watchDiscovery(this.discovery))
    this.discovery.start()
  }

  /** Makes and takes no new links; those that are up stay. */
  async quiesce(): Promise<void> {
    this.supervisor.stop()
    this.#undoPairing?.()
    this.node.quiesce()
    await this.discovery?.stop()
  }

  async stop(): Promise<void> {
    await this.quiesce()
    await this.control.close()
    await this.node.stop()
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    await Promise.all(this.#watching)
  }

  /** Makes a ticket with the addresses on which this node can be reached now. */
  issue(ttl: number | undefined): ReturnType<Invites['issue']> & { readonly addresses: readonly string[] } {
    const addresses = this.node.addresses.slice(0, 8)
    return { ...this.invites.issue({ addresses, ...(ttl !== undefined && { ttl }) }), addresses }
  }

  /** Uses a ticket. */
  async join(ticketText: string, signal: AbortSignal): Promise<Paired> {
    const ticket = decodeTicket(ticketText)
    if (ticket.inviter === this.node.id)
      throw new ShoalError('ERR_PAIRING_FAILED', 'The ticket was made by this very node.', { hint: 'Use it on another node.' })
    const options = this.#pairing((parties) => new JoinerPairing(ticket, parties), 'joined')
    try {
      return await join({ ...options, inviter: ticket.inviter, addresses: ticket.addresses, signal })
    } catch (error) {
      const late = isShoalError(error, 'ERR_TICKET_REFUSED', 'ERR_PEER_UNREACHABLE', 'ERR_PAIRING_FAILED', 'ERR_TIMEOUT') ? minutesLate(ticket) : 0
      throw late > 0 ? new ShoalError('ERR_TICKET_EXPIRED', `The ticket expired ${late} minutes ago by this node's clock.`, { cause: error }) : error
    }
  }

  #makeDiscovery(): Discovery {
    const { identity, book, name } = this.#options
    return new Discovery({
      id: identity.id,
      name: () => name,
      listening: () => this.node.listening,
      isKnown: (peer) => book.isTrusted(peer),
      log: this.#options.log('discovery'),
    })
  }

  #desired(): { peer: PeerId; addresses: readonly string[] }[] {
    const wanted = this.#options.book.list().filter(({ id }) => !this.strikes.refused(id))
    return wanted.map(({ id, addresses }) => ({ peer: id, addresses }))
  }

  #keepAddresses(peer: PeerId, addresses: readonly string[]): void {
    this.#options.book.setAddresses(peer, addresses).catch((err: unknown) => this.#log.warn('addresses could not be saved', { peer, err }))
  }

  #pairing(machine: PairingOptions['pairing'], how: 'invited' | 'joined'): PairingOptions {
    return {
      node: this.node,
      record: () => ({ name: this.#options.name, addresses: this.node.addresses }),
      pairing: machine,
      onPaired: (paired) => this.#trust(paired, how),
      log: this.#options.log('pairing'),
    }
  }

  async #trust({ peer, name, addresses, code }: Paired, how: 'invited' | 'joined'): Promise<void> {
    const row = await this.#options.book.trust({ id: peer, name, addresses, trustedBy: 'ticket' })
    this.#log.info(`${how === 'invited' ? 'a peer joined with a ticket' : 'joined a peer with its ticket'}: compare the code on both screens: ${code}`, {
      peer,
      name: row.name,
      code,
    })
    this.node.recheck()
    this.supervisor.refresh()
  }

  async #watchLinks(): Promise<void> {
    const { book } = this.#options
    for await (const { type, peer, reason } of this.node.events(this.#ending.signal)) {
      book.announce(type === 'up' ? 'connected' : 'disconnected', peer)
      book.touch(peer, { flush: type === 'down' })
      this.#log.info(type === 'up' ? 'peer connected' : 'peer disconnected', { peer, name: book.get(peer)?.name ?? peer, ...(reason && { reason }) })
    }
  }

  async #watchDiscovery(discovery: Discovery): Promise<void> {
    const { book } = this.#options
    const told = new TokenBucket(strangersTold)
    for await (const event of discovery.events(this.#ending.signal)) {
      if (event.type !== 'seen' || book.isTrusted(event.peer) || !told.take()) continue
      book.announce('seen', event.peer, discovery.candidate(event.peer)?.name ?? event.peer)
    }
  }
}
