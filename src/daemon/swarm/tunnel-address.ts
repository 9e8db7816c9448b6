/** Addresses of connections through others: `/p2p/RELAY/p2p-circuit/p2p/PEER`, with a pair of parts for each relay. */

import { multiaddr } from '@multiformats/multiaddr'
import type { PeerId } from '../../plugin.js'

const circuit = '/p2p-circuit'

/** The address of a peer through relays, the nearest first. */
export function tunnelAddress(relays: readonly PeerId[], peer: PeerId): string {
  return [...relays, peer].map((id) => `/p2p/${id}`).join(circuit)
}

/** The relays of such an address, the nearest first; none for any other address. */
export function relaysOf(address: string): PeerId[] {
  if (!address.includes(circuit)) return []
  const peers = multiaddr(address)
    .getComponents()
    .flatMap(({ name, value }) => (name === 'p2p' && value !== undefined ? [value] : []))
  return peers.slice(0, -1)
}
