/** Who may connect: libp2p asks at each step of a connection, and the trusted list decides. */

import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import type { Logger, PeerId } from '../../plugin.js'
import { Throttle } from '../util/rate.js'
import { isDialable, parseAddress } from './addresses.js'
import { PendingConnections, type PendingLimits } from './pending.js'
import type { Strangers } from './strangers.js'

/** What the gater asks. All answers are live. */
export interface GaterOptions {
  isTrusted(peer: PeerId): boolean
  /** Is an invite out? */
  pairingOpen(): boolean
  readonly strangers: Strangers
  readonly pending: PendingLimits
  /** True when no new connection is taken or made. */
  closed(): boolean
  readonly log: Logger
}

/** How often something was refused. */
export interface GaterCounts {
  /** Connections of strangers while no invite was out, or more than the limit. */
  strangers: number
  /** Dials to peers that are neither trusted nor being joined. */
  dials: number
}

/** The gater for libp2p, and what it counted. */
export function createGater(options: GaterOptions): { gater: ConnectionGater; counts: GaterCounts } {
  const { isTrusted, strangers, log } = options
  const counts: GaterCounts = { strangers: 0, dials: 0 }
  const throttle = new Throttle(10_000)
  const pending = new PendingConnections(options.pending)
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
    if (isTrusted(peer) || (options.pairingOpen() && strangers.admit(peer))) return false
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
