/** What is decided about a peer, and how the rows and tombstones of the book look to the ledger. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { PeerRow, TrustSource } from './peer-row.js'
import type { Tombstone } from './tombstone.js'
import { maxVersion, nextVersion } from './trust-claim.js'
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

/** A peer to trust. */
export interface NewPeer {
  readonly id: PeerId
  /** What it calls itself; made fit and unique. */
  readonly name: string
  readonly addresses: readonly string[]
  readonly trustedBy: Exclude<TrustSource, 'introduction'>
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

/** What this node confirms of a standing. */
export interface Confirmation {
  /** The standing has at least this version. */
  readonly version: number
  /** This node publishes it as its own claim. */
  readonly vouched: boolean
}

/** One confirmation of two: both hold. */
export function joinConfirmations({ version = 0, vouched = false }: Partial<Confirmation>, earlier?: Confirmation): Confirmation {
  return { version: Math.max(version, earlier?.version ?? 0), vouched: vouched || earlier?.vouched === true }
}

/** Throws `ERR_PEER_FORGOTTEN` where pairing does not lift what stands. `bySecret`: nobody but a secret in the configuration decided it. */
export function checkLiftable(id: PeerId, standing: Standing | undefined, bySecret: boolean): void {
  if (standing?.kind !== 'forgotten') return
  if (bySecret) throw new ShoalError('ERR_PEER_FORGOTTEN', `${id} was forgotten, and the cluster secret does not lift that.`)
  if (standing.here || standing.version < maxVersion) return
  throw new ShoalError('ERR_PEER_FORGOTTEN', `${id} was forgotten for good: a member has used up the versions of decisions about it.`, {
    hint: 'Give that node a new identity, and pair with it.',
  })
}
