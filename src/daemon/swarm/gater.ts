/** Who may connect: libp2p asks at each step of a connection, and the trusted list decides. */

import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import type { Logger, PeerId } from '../../plugin.js'
import { Throttle } from '../util/rate.js'
import { isDialable, parseAddress } from './addresses.js'
import { PendingConnections, type PendingLimits } from './pending.js'
import type { Strangers } from './strangers.js'
import { relaysOf } from './tunnel-address.js'

/** What the gater asks. All answers are live. */
export interface GaterOptions {
  isTrusted(peer: PeerId): boolean
  /** May this stranger come in to pair? */
  pairingOpen(peer: PeerId): boolean
  /** Is this trusted peer refused for a while, because it broke a protocol again and again? */
  refuses(peer: PeerId): boolean
  readonly strangers: Strangers
  readonly pending: PendingLimits
  /** Has this node a network key, so that a failed handshake may mean that the other has not? */
  readonly keyed: boolean
  /** True when no new connection is taken or made. */
  closed(): boolean
  readonly log: Logger
}

/** How often something was refused. */
export interface GaterCounts {
  /** Connections of strangers that were not to pair, or were more than the limit. */
  strangers: number
  /** Dials to peers that are neither trusted nor being joined. */
  dials: number
  /** Inbound connections that ended within their handshake: scanners, wrong protocols, another network key. */
  handshakes: number
  /** Connections of trusted peers that are refused for a while. */
  struck: number
}

/** The gater for libp2p, and what it counted. */
export function createGater(options: GaterOptions): { gater: ConnectionGater; counts: GaterCounts } {
  const { isTrusted, strangers, log } = options
  const counts: GaterCounts = { strangers: 0, dials: 0, handshakes: 0, struck: 0 }
  const throttle = new Throttle(10_000)
  const unkeyed = new Throttle(60_000)
  const pending = new PendingConnections(options.pending, (host) => {
    counts.handshakes++
    if (options.keyed)
      unkeyed.run((heldBack) => log.warn('a host got no further than the handshake: it may have no network key, or another', { host, heldBack }))
  })
  const mayDial = (peer: PeerId): boolean => !options.closed() && (isTrusted(peer) || strangers.joining(peer))

  const denyDial = (peer: { toString(): string }): boolean => {
    if (mayDial(peer.toString())) return false
    counts.dials++
    return true
  }
  const denyInbound = (id: { toString(): string }, connection: MultiaddrConnection): boolean => {
    pending.done(connection)
    const peer = id.toString()
    if (options.closed()) return true
    if (options.refuses(peer)) {
      counts.struck++
      return true
    }
    const host = parseAddress(connection.remoteAddr.toString())?.host
    // nobody pairs through a member: whoever comes in that way is trusted, or is nobody
    const relayed = relaysOf(connection.remoteAddr.toString()).length > 0
    if (isTrusted(peer) || (!relayed && options.pairingOpen(peer) && strangers.admit(peer, host))) return false
    counts.strangers++
    throttle.run((heldBack) => log.info('stranger refused', { peer, address: connection.remoteAddr.toString(), heldBack }))
    return true
  }

  const gater: ConnectionGater = {
    denyDialPeer: denyDial,
    denyDialMultiaddr: (address) => {
      const parsed = parseAddress(address.toString())
      return !parsed || !isDialable(parsed)
    },
    denyInboundConnection: (connection) => {
      if (options.closed()) return true
      pending.add(connection)
      return false
    },
    denyInboundEncryptedConnection: denyInbound,
    denyOutboundConnection: denyDial,
    denyOutboundEncryptedConnection: denyDial,
    // libp2p's own address book stays empty: it never decides whom we dial, and where
    filterMultiaddrForPeer: () => false,
  }
  return { gater, counts }
}
