/** The cluster as one node sees it: records of all members kept alike, and what follows from them. */

import { verify } from 'node:crypto'
import type { Logger, PeerId } from '../../plugin.js'
import type { KeyValue } from '../../services.js'
import { Gossip, type MemberEvent } from '../cluster/gossip.js'
import { readMember } from '../cluster/member-body.js'
import type { Member } from '../cluster/membership.js'
import { memberSlot } from '../cluster/record.js'
import type { RecordChange } from '../cluster/record-state.js'
import type { Identity } from '../keystore/identity.js'
import type { PeerBook } from '../keystore/peer-book.js'
import { publicKeyObject, publicKeyOf } from '../keystore/peer-id.js'
import { plausible } from '../swarm/addresses.js'
import type { Network } from './network.js'
import type { TrustRecords } from './trust.js'

/** Name space of the records in the store. */
export const clusterNamespace = 'daemon/cluster'

const trustPrefix = 'trust/'

/** What it needs. */
export interface ClusterOptions {
  readonly identity: Identity
  readonly book: PeerBook
  readonly network: Network
  readonly store: KeyValue
  readonly name: string
  /** `shoal/0.1.0`. */
  readonly agent: string
  readonly log: Logger
}

/** Membership and records. */
export class Cluster {
  readonly gossip: Gossip
  readonly #options: ClusterOptions
  readonly #ending = new AbortController()
  #following: Promise<unknown> | undefined
  #unwatch: (() => void) | undefined

  private constructor(options: ClusterOptions, gossip: Gossip) {
    this.#options = options
    this.gossip = gossip
  }

  /** Counts a start and loads what was kept. Rejects with the codes of the store. */
  static async open(options: ClusterOptions): Promise<Cluster> {
    const { identity, book, network, store, name, agent, log } = options
    const gossip = await Gossip.open({
      self: identity.id,
      control: network.control,
      log,
      sign: (bytes) => identity.sign(bytes),
      verify: verifyLater,
      store,
      trusted: () => book.list().map(({ id }) => id),
      describe: () => ({ name, agent, addresses: network.node.addresses, features: [] }),
      isDirect: (peer) => isDirect(network, peer),
      violated: (peer, error) => network.strikes.add(peer, error),
    })
    return new Cluster(options, gossip)
  }

  /** Begins to tell and to listen; after the network. */
  start(): void {
    const { signal } = this.#ending
    const events = this.#options.book.events({ signal })
    const links = this.#options.network.node.events(signal)
    this.#agree()
    this.#unwatch = this.gossip.watch({ changed: (change) => this.#keepAddresses(change) })
    this.gossip.start()
    this.#following = Promise.all([this.#followBook(events), this.#followLinks(links)])
  }

  /** A member that can be reached: how far it is, and through whom. */
  member(peer: PeerId): Member | undefined {
    return this.gossip.membership.members.get(peer)
  }

  /** The direct peer through which the shortest way to a member leads that touches none of `except`. */
  nextHop(destination: PeerId, except?: ReadonlySet<PeerId>): PeerId | undefined {
    return this.gossip.nextHop(destination, except)
  }

  /** Members that come into reach and go, and a copied identity. */
  events(signal?: AbortSignal): AsyncIterableIterator<MemberEvent> {
    return this.gossip.events(signal)
  }

  /** What members say about trust. */
  trustRecords(): TrustRecords {
    const { gossip } = this
    const { log } = this.#options
    return {
      publish: (subject, body) =>
        void gossip.publish(trustPrefix + subject, body).catch((err: unknown) => log.error('a trust record was not published', { subject, err })),
      list: () => gossip.records(trustPrefix).map(({ author, slot, body }) => ({ author, subject: slot.slice(trustPrefix.length), body })),
      changes: (signal) => trustChanges(gossip, signal),
    }
  }

  /** Tells members that this node leaves, and ends. */
  async close(): Promise<void> {
    if (this.#following) await this.gossip.leave()
    this.#unwatch?.()
    this.#ending.abort()
    await this.#following
    await this.gossip.close()
  }

  /** Where a member says it can be reached: somebody else may have seen it move first. */
  #keepAddresses({ author, slot, record }: RecordChange): void {
    const { book, identity, log } = this.#options
    const told = slot === memberSlot && author !== identity.id ? (readMember(record)?.addresses ?? []) : []
    // who tells may be far away: its loopback address is not ours
    const addresses = plausible(told, '')
    if (addresses.length > 0) void book.setAddresses(author, addresses).catch((err: unknown) => log.warn('addresses could not be saved', { peer: author, err }))
  }

  /** Whom the book trusts, whatever was missed. */
  #agree(): void {
    const { book } = this.#options
    const trusted = new Set(book.list().map(({ id }) => id))
    for (const peer of this.gossip.state.trusted) if (!trusted.has(peer)) this.gossip.distrust(peer)
    for (const peer of trusted) this.gossip.trust(peer)
  }

  async #followBook(events: ReturnType<PeerBook['events']>): Promise<void> {
    for await (const { type } of events) if (type === 'trusted' || type === 'forgotten' || type === 'lagged') this.#agree()
  }

  /** A link through others may become a direct one while its channel stays. */
  async #followLinks(links: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of links) this.gossip.refresh()
  }
}

async function* trustChanges(
  gossip: Gossip,
  signal: AbortSignal,
): ReturnType<TrustRecords['changes']> extends AsyncIterable<infer T> ? AsyncGenerator<T, void, undefined> : never {
  for await (const news of gossip.changes(trustPrefix, signal)) {
    if (news.type === 'lagged') yield undefined
    else if (news.body) yield { author: news.author, subject: news.slot.slice(trustPrefix.length), body: news.body }
  }
}

/** Is there a link that leads through nobody else? */
function isDirect({ node }: Network, peer: PeerId): boolean {
  return node.links().some((link) => link.peer === peer && !('relayed' in link && link.relayed))
}

/** Checks on another thread: the loop has media to serve. */
function verifyLater(author: PeerId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = publicKeyOf(author)
  if (!key || signature.length !== 64) return Promise.resolve(false)
  return new Promise((resolve) => verify(null, bytes, publicKeyObject(key), signature, (error, good) => resolve(!error && good)))
}
