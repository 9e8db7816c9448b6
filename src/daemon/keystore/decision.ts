/** What is decided about a peer, and how the rows and tombstones of the book look to the ledger. */

import type { PeerId } from '../../plugin.js'
import type { PeerRow } from './peer-row.js'
import type { Tombstone } from './tombstone.js'
import { nextVersion } from './trust-claim.js'
import type { Standing } from './trust-ledger.js'

/** How a peer is to be forgotten. */
export interface ForgetDecision {
  /** Here alone: nobody is told, and no introduction lifts it. */
  readonly here: boolean
  /** The version of the record on which this is done; absent = a new decision of this node. */
  readonly version?: number
  /** The member who made that record. */
  readonly source?: PeerId
}

/** A peer to trust on a member's word. */
export interface IntroducedPeer {
  readonly id: PeerId
  readonly name: string
  readonly addresses: readonly string[]
  readonly version: number
  readonly introducedBy: PeerId
  readonly vouched: boolean
}

/** The standing of a trusted peer. */
export function rowStanding({ version, vouched, introducedBy }: PeerRow): Standing {
  return { kind: 'trusted', version, here: false, vouched, ...(introducedBy !== undefined && { source: introducedBy }) }
}

/** The standing of a forgotten peer. */
export function tombstoneStanding({ version, here, vouched, source }: Omit<Tombstone, 'signature'>): Standing {
  return { kind: 'forgotten', version, here, vouched, ...(source !== undefined && { source }) }
}

/** The standing that a decision makes; `known` is the highest version in use. */
export function decidedStanding({ here, version, source }: ForgetDecision, known: number): Standing {
  return { kind: 'forgotten', version: version ?? (here ? known : nextVersion(known)), here, vouched: !here, ...(source !== undefined && { source }) }
}
