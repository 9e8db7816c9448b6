/** What a node makes of the wish for a tunnel. Pure. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { maxRelays, type TunnelOpen } from './tunnel-codec.js'

/** What the judge must know. */
export interface RequestFacts {
  readonly self: PeerId
  /** The peer that the link below authenticated. */
  readonly from: PeerId
  isTrusted(peer: PeerId): boolean
  /** Does this node pass on for others? */
  readonly relay: boolean
}

/**
 * Checks a wish. True: this node is its destination. False: it is to be passed on. Throws `ERR_PROTOCOL` for one that no honest
 * node sends, `ERR_FORBIDDEN` for a party that is not trusted here or where nothing is relayed, `ERR_NO_ROUTE` when it went in
 * a circle or too far.
 */
export function judgeOpen(open: TunnelOpen, { self, from, isTrusted, relay }: RequestFacts): boolean {
  const { destination, route, hops } = open
  const arrived = destination === self
  if (route.at(-1) !== from) throw new ShoalError('ERR_PROTOCOL', 'The route of a tunnel does not end with the peer that sent it.')
  if (new Set(route).size !== route.length) throw new ShoalError('ERR_PROTOCOL', 'The route of a tunnel names a peer twice.')
  if (route.includes(destination)) throw new ShoalError('ERR_PROTOCOL', 'A tunnel leads to one of those it passed.')
  // the source is not a relay, and there was one fewer allowed at each
  if (route.length - 1 + hops > maxRelays) throw new ShoalError('ERR_PROTOCOL', 'A tunnel may go further than is allowed.')
  if (arrived && route.length < 2) throw new ShoalError('ERR_PROTOCOL', 'A tunnel to a direct peer makes no sense.')
  if (route.includes(self)) throw new ShoalError('ERR_NO_ROUTE', 'The tunnel went in a circle.')
  const strange = [...route, ...(arrived ? [] : [destination])].find((peer) => !isTrusted(peer))
  if (strange !== undefined) throw new ShoalError('ERR_FORBIDDEN', `${strange}, a party of the tunnel, is not trusted here.`)
  if (arrived) return true
  if (!relay) throw new ShoalError('ERR_FORBIDDEN', 'This node passes nothing on for others.')
  if (hops < 1) throw new ShoalError('ERR_NO_ROUTE', 'The tunnel has passed as many relays as it may.')
  return false
}

/** Checks the relays that an answer names; `next` is the peer that sent it. Throws `ERR_PROTOCOL`, `ERR_FORBIDDEN`. */
export function judgeRelays(relays: readonly PeerId[], facts: { self: PeerId; next: PeerId; destination: PeerId; isTrusted(peer: PeerId): boolean }): void {
  const parties = [facts.self, ...relays, facts.destination]
  if (relays[0] !== facts.next || new Set(parties).size !== parties.length) throw new ShoalError('ERR_PROTOCOL', 'The relays of a tunnel make no way.')
  const strange = relays.find((peer) => !facts.isTrusted(peer))
  if (strange !== undefined) throw new ShoalError('ERR_FORBIDDEN', `${strange}, a relay of the tunnel, is not trusted here.`)
}
