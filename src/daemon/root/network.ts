/** The network of one node, put together: links, control channel, discovery, redialling and pairing. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { ClusterSecret } from '../keystore/cluster-secret.js'
import type { Identity } from '../keystore/identity.js'
import type { Invites } from '../keystore/invites.js'
import type { PeerBook } from '../keystore/peer-book.js'
import { Control, createHello } from '../swarm/control.js'
import { Discovery } from '../swarm/discovery.js'
import { createNode, type Node } from '../swarm/node.js'
import type { NodeHooks } from '../swarm/node-options.js'
import { controlBucket } from '../swarm/quotas.js'
import { Strikes } from '../swarm/strikes.js'
import { Supervisor } from '../swarm/supervisor.js'
import type { Routes } from '../swarm/tunnels.js'
import { TokenBucket } from '../util/rate.js'
import { delay } from '../util/wait.js'
import { PairingDesk } from './pairing-desk.js'

/** Strangers a second, and at once, of which listeners are told: anybody can invent them. `Discovery.candidates` has them all. */
const strangersTold = { rate: 10, burst: 100 }

/** ms between the last word to peers and the cut. */
const lastWord = 1000

/** What a network is made of. */
export interface NetworkOptions {
  readonly identity: Identity
  readonly book: PeerBook
  readonly name: string
  readonly agent: string
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly discovery: boolean
  /** Does this node pass connections on for other members? */
  readonly relay: boolean
  /** For tests. */
  readonly hooks?: NodeHooks
  /** Nodes with the same one pair by themselves. */
  readonly clusterSecret?: string
  /** 32 bytes; nodes without it do not even see who is here. */
  readonly networkKey?: Uint8Array
  readonly maxPayload: number
  /** Control messages a second that one peer may send. */
  readonly controlRate: number
  log(module: string): Logger
}

/** Links and trust of one node. */
export class Network {
  readonly node: Node
  readonly control: Control
  readonly strikes: Strikes
  readonly supervisor: Supervisor
  readonly discovery: Discovery | undefined
  readonly pairing: PairingDesk
  readonly #options: NetworkOptions
  readonly #log: Logger
  readonly #ending = new AbortController()
  readonly #watching: Promise<void>[] = []

  private constructor(options: NetworkOptions, node: Node, pairing: PairingDesk) {
    this.#options = options
    this.#log = options.log('swarm')
    this.node = node
    this.pairing = pairing
    this.strikes = new Strikes({ log: this.#log, refuse: (peer, reason) => void this.node.cut(peer, reason) })
    const hello = createHello({ name: options.name, agent: options.agent, kinds: [], maxPayload: options.maxPayload })
    this.control = new Control({ swarm: node, log: options.log('control'), hello, strikes: this.strikes, timing: { rate: controlBucket(options.controlRate) } })
    this.discovery = options.discovery ? this.#makeDiscovery() : undefined
    this.supervisor = new Supervisor({
      node,
      reach: node,
      ...(this.discovery && { discovery: this.discovery }),
      desired: () => this.#desired(),
      onAddresses: (peer, addresses) => this.#keepAddresses(peer, addresses),
      log: options.log('supervisor'),
    })
  }

  /** Builds it; nothing listens yet. */
  static async create(options: NetworkOptions): Promise<Network> {
    const { identity, book, name, clusterSecret, networkKey, relay, hooks } = options
    const takes = (peer: PeerId): boolean => !book.isForgotten(peer) && !book.isBlocked(peer)
    const secret = clusterSecret === undefined ? undefined : await ClusterSecret.derive(clusterSecret, { takes })
    const pairing = new PairingDesk({ self: identity.id, name, book, ...(secret && { secret }), log: options.log('pairing') })
    // the node is there before those who count what its peers do wrong
    let network: Network | undefined
    const node = await createNode({
      privateKeyRaw: identity.privateKeyRaw(),
      listen: options.listen,
      announce: options.announce,
      isTrusted: (peer) => book.isTrusted(peer),
      pairingOpen: (peer) => pairing.mayPair(peer),
      refuses: (peer) => network?.strikes.refused(peer) ?? false,
      ...(networkKey && { networkKey }),
      relay,
      ...(hooks && { hooks }),
      onAddresses: (peer, addresses) => void book.setAddresses(peer, addresses).catch(() => {}),
      log: options.log('swarm'),
    })
    network = new Network(options, node, pairing)
    return network
  }

  /** Who leads to members without a direct link. `changed`: something else may lead somewhere now. */
  setRoutes(routes: Routes, changed: (signal: AbortSignal) => AsyncIterable<unknown>): void {
    this.node.setRoutes(routes)
    this.#watching.push(this.#watchRoutes(changed(this.#ending.signal)))
  }

  /** Listens, announces itself and begins to dial. */
  async start(): Promise<void> {
    this.#watching.push(this.#watchLinks())
    this.control.start()
    await this.node.start()
    const { node, discovery } = this
    this.pairing.start({ node, ...(discovery && { discovery }), onTrusted: () => this.supervisor.refresh() })
    this.supervisor.start()
    if (!this.discovery) return
    this.#watching.push(this.#watchDiscovery(this.discovery))
    this.discovery.start()
  }

  /** Makes and takes no new links; those that are up stay. */
  async quiesce(): Promise<void> {
    this.supervisor.stop()
    await this.pairing.stop()
    this.node.quiesce()
    await this.discovery?.stop()
  }

  /** Makes and takes no new links, and a moment later cuts those that are up: the last word must get out. The daemon runs on. */
  async withdraw(): Promise<void> {
    await this.quiesce()
    await delay(lastWord, this.#ending.signal).catch(() => {})
    await Promise.all(this.node.links().map(({ peer }) => this.node.cut(peer, 'withdrawn')))
  }

  async stop(): Promise<void> {
    await this.quiesce()
    await this.control.close()
    await this.node.stop()
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    await Promise.all(this.#watching)
  }

  /** Does this node pass connections on for others? */
  get relays(): boolean {
    return this.#options.relay
  }

  /** Is a network key set? */
  get keyed(): boolean {
    return this.#options.networkKey !== undefined
  }

  /** The tickets that are out. */
  get invites(): Invites {
    return this.pairing.invites
  }

  #makeDiscovery(): Discovery {
    const { identity, book, name } = this.#options
    const { secret } = this.pairing
    return new Discovery({
      id: identity.id,
      name: () => name,
      listening: () => this.node.listening,
      isKnown: (peer) => book.isTrusted(peer),
      ...(secret && { memberTag: secret.tagOf(identity.id), isMember: (peer: PeerId, tag: string) => secret.isMember(peer, tag) }),
      open: () => this.pairing.window.current !== undefined,
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

  async #watchRoutes(changes: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of changes) this.supervisor.refresh()
  }

  async #watchLinks(): Promise<void> {
    const { book } = this.#options
    for await (const { type, peer, reason } of this.node.events(this.#ending.signal)) {
      const name = book.get(peer)?.name ?? peer
      const via = this.node
        .links()
        .find((link) => link.peer === peer)
        ?.via?.map((relay) => book.get(relay)?.name ?? relay)
      const facts = { peer, name, ...(via && { via }), ...(reason && { reason }) }
      if (type === 'moved') {
        this.#log.info(via ? 'the link to a peer leads through others now' : 'the link to a peer is direct now', facts)
        continue
      }
      book.announce(type === 'up' ? 'connected' : 'disconnected', peer)
      book.touch(peer, { flush: type === 'down' })
      this.#log.info(type === 'up' ? 'peer connected' : 'peer disconnected', facts)
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
