/** All ways in which this node comes to trust another: tickets, short codes, the cluster secret. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { AnyPairing } from '../keystore/any-pairing.js'
import type { ClusterSecret } from '../keystore/cluster-secret.js'
import { AskerPairing } from '../keystore/code-pairing.js'
import { Invites } from '../keystore/invites.js'
import { PairRequests } from '../keystore/pair-requests.js'
import { type OpenWindow, PairWindow } from '../keystore/pair-window.js'
import type { PeerBook } from '../keystore/peer-book.js'
import { decodeTicket, JoinerPairing, minutesLate } from '../keystore/trust.js'
import type { Candidate } from '../swarm/candidates.js'
import type { Discovery } from '../swarm/discovery.js'
import type { Node } from '../swarm/node.js'
import { acceptPairing, join, type Paired, type PairingOptions } from '../swarm/pairing.js'
import { SecretPairing } from './secret-pairing.js'

/** What a desk is made of. */
export interface DeskOptions {
  readonly self: PeerId
  readonly name: string
  readonly book: PeerBook
  readonly secret?: ClusterSecret
  readonly log: Logger
}

/** The network as the desk uses it. */
export interface DeskNetwork {
  readonly node: Node
  readonly discovery?: Discovery
  /** Somebody new is trusted. */
  onTrusted(): void
}

/** A code that this node shows to the person who asked. */
export interface ShownCode {
  readonly peer: PeerId
  readonly name: string
  readonly code: string
}

const howPaired = { ticket: 'a peer was paired by ticket', code: 'a peer was paired by code', secret: 'a peer was paired by the cluster secret' } as const

/** The desk. */
export class PairingDesk {
  readonly invites: Invites
  readonly window = new PairWindow()
  readonly requests = new PairRequests()
  readonly secret: ClusterSecret | undefined
  readonly #options: DeskOptions
  readonly #log: Logger
  #network: DeskNetwork | undefined
  #suitors: SecretPairing | undefined
  readonly #undo: (() => void)[] = []

  constructor(options: DeskOptions) {
    this.#options = options
    this.#log = options.log
    this.invites = new Invites({ inviter: options.self })
    this.secret = options.secret
  }

  /** May a stranger of that id come in to pair? Asked for each connection. */
  mayPair(peer: PeerId): boolean {
    if (this.#options.book.isBlocked(peer)) return false
    if (this.invites.open > 0 || this.window.current) return true
    return this.secret?.takes(peer) === true && this.#network?.discovery?.isMember(peer) === true
  }

  /** Serves pairing from now on. */
  start(network: DeskNetwork): void {
    this.#network = network
    const { book } = this.#options
    const ways = { invites: this.invites, window: this.window, ...(this.secret && { secret: this.secret }), isTrusted: (peer: PeerId) => book.isTrusted(peer) }
    this.#undo.push(
      acceptPairing(this.#pairing((parties) => new AnyPairing(ways, parties))),
      // in the turn in which it is decided: its link may stay for a moment, and it must not come back by what it used before
      book.watch((peer, standing) => standing?.kind === 'forgotten' && this.#revoke(peer)),
    )
    if (this.secret && network.discovery) this.#suitors = this.#secretPairing(this.secret, network.discovery)
    this.#suitors?.start()
  }

  /** Serves and begins no more. */
  async stop(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo()
    await this.#suitors?.stop()
  }

  /** Makes a ticket with the addresses on which this node can be reached now. */
  issue(ttl: number | undefined): ReturnType<Invites['issue']> & { readonly addresses: readonly string[] } {
    const addresses = this.#running().node.addresses.slice(0, 8)
    return { ...this.invites.issue({ addresses, ...(ttl !== undefined && { ttl }) }), addresses }
  }

  /** Uses a ticket. */
  async join(ticketText: string, signal: AbortSignal): Promise<Paired> {
    const ticket = decodeTicket(ticketText)
    if (ticket.inviter === this.#options.self)
      throw new ShoalError('ERR_PAIRING_FAILED', 'The ticket was made by this very node.', { hint: 'Use it on another node.' })
    this.#refuseBlocked(ticket.inviter)
    const options = this.#pairing((parties) => new JoinerPairing(ticket, parties))
    try {
      return await join({ ...options, inviter: ticket.inviter, addresses: ticket.addresses, signal })
    } catch (error) {
      const late = isShoalError(error, 'ERR_TICKET_REFUSED', 'ERR_PEER_UNREACHABLE', 'ERR_PAIRING_FAILED', 'ERR_TIMEOUT') ? minutesLate(ticket) : 0
      throw late > 0 ? new ShoalError('ERR_TICKET_EXPIRED', `The ticket expired ${late} minutes ago by this node's clock.`, { cause: error }) : error
    }
  }

  /** Takes requests to pair for `time` ms. */
  open(time: number | undefined): OpenWindow {
    const window = this.window.open(time)
    this.#log.info('requests to pair are taken', { until: new Date(window.until).toISOString() })
    this.#network?.discovery?.announce()
    return window
  }

  /** Takes no more requests. */
  close(): void {
    this.window.close()
    this.#network?.discovery?.announce()
  }

  /** Asks a node that was discovered, and calls `onCode` when there is a code to compare. Rejects as `join` of swarm/pairing does. */
  async ask(text: string, onCode: (shown: ShownCode) => void, signal: AbortSignal): Promise<Paired> {
    const { peer, addresses } = this.#target(text)
    this.#refuseBlocked(peer)
    const options = this.#pairing((parties) => new AskerPairing(parties), onCode)
    return await join({ ...options, inviter: peer, addresses, closed: new ShoalError('ERR_PAIRING_CLOSED'), signal })
  }

  /** Nothing that the peer began or ended may let it in again. */
  forget(peer: PeerId): void {
    this.#revoke(peer)
    if (this.requests.list().some((request) => request.peer === peer)) this.requests.reject(peer)
  }

  /** Nodes on this network that have another cluster secret. */
  otherClusters(): readonly Candidate[] {
    return this.#suitors?.strangers() ?? []
  }

  #revoke(peer: PeerId): void {
    for (const { id, usedBy } of this.invites.list()) if (usedBy === peer) this.invites.revoke(id)
    this.window.forget(peer)
  }

  #refuseBlocked(peer: PeerId): void {
    if (this.#options.book.isBlocked(peer))
      throw new ShoalError('ERR_PEER_BLOCKED', `${peer} is blocked here.`, { hint: `Lift it: shoal peers unblock ${peer}` })
  }

  #running(): DeskNetwork {
    if (!this.#network) throw new ShoalError('ERR_NOT_READY')
    return this.#network
  }

  #secretPairing(secret: ClusterSecret, discovery: Discovery): SecretPairing {
    const { self, book } = this.#options
    return new SecretPairing({
      self,
      secret,
      isTrusted: (peer) => book.isTrusted(peer),
      candidates: () => discovery.candidates(),
      isMember: (peer) => discovery.isMember(peer),
      join: (peer, addresses, signal) => {
        const keys = secret.joinKeys(self)
        const options = this.#pairing((parties) => new JoinerPairing({ inviter: peer, keys }, parties))
        const closed = new ShoalError(
          'ERR_SECRET_REFUSED',
          'The other node does not let this one in by the secret: it has not heard of it yet, or it forgot it.',
        )
        return join({ ...options, inviter: peer, addresses, closed, signal })
      },
      log: this.#log,
    })
  }

  /** A node by name, by id or by the beginning of its id: one that was discovered, or a trusted one that may have forgotten this one. */
  #target(text: string): { readonly peer: PeerId; readonly addresses: readonly string[] } {
    const { discovery } = this.#running()
    const { book, self } = this.#options
    const wanted = text.normalize('NFC').trim()
    const named = (name: string | undefined): boolean => name?.normalize('NFKC').toLowerCase() === wanted.normalize('NFKC').toLowerCase()
    const all = (discovery?.candidates() ?? []).filter(({ peer }) => peer !== self)
    const found = all.filter(({ peer, name }) => peer === wanted || (wanted.length >= 8 && peer.startsWith(wanted)) || (named(name) && !book.isTrusted(peer)))
    const [one] = found
    if (one && found.length === 1) return one
    if (found.length > 1) {
      throw new ShoalError('ERR_PEER_AMBIGUOUS', `${found.length} nodes on this network match ${wanted.slice(0, 100)}.`, {
        hint: 'Give the id that the screen of the other node shows: shoal status.',
      })
    }
    const known = book.list().find(({ id, name }) => id === wanted || named(name))
    if (known) return { peer: known.id, addresses: known.addresses }
    const hint = discovery ? 'See shoal peers discovered.' : 'Discovery is off (swarm.discovery). Use a ticket: shoal invite.'
    throw new ShoalError('ERR_PEER_UNKNOWN', `No node called ${JSON.stringify(wanted.slice(0, 100))} was seen on this network.`, { hint })
  }

  #pairing(machine: PairingOptions['pairing'], onCode?: (shown: ShownCode) => void): PairingOptions {
    const { node } = this.#running()
    return {
      node,
      record: () => ({ name: this.#options.name, addresses: node.addresses }),
      pairing: machine,
      onPaired: (paired) => this.#trust(paired),
      compare: (code) => {
        const comparison = this.requests.add(code)
        const { peer, name } = code
        if (!code.asked) this.#options.book.announce('asks', peer, name)
        this.#log.info(code.asked ? 'compare the code with the node that was asked' : 'a node asks to pair: compare the code on both screens', { ...code })
        onCode?.({ peer, name, code: code.code })
        return comparison
      },
      log: this.#log,
    }
  }

  async #trust({ peer, name, addresses, code, by }: Paired): Promise<void> {
    const row = await this.#options.book.trust({ id: peer, name, addresses, trustedBy: by })
    this.#log.info(by === 'ticket' ? `${howPaired[by]}: compare the code on both screens: ${code}` : howPaired[by], { peer, name: row.name, code })
    const { node, onTrusted } = this.#running()
    node.recheck()
    onTrusted()
  }
}
