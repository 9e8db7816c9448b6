/** A trusted peer as the keystore keeps it, and its record: JSON under the peer id, either a row or a tombstone. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { isPeerId } from './peer-id.js'
import { type Tombstone, tombstoneFromJson, tombstoneToJson } from './tombstone.js'

/** How a peer came to be trusted. */
export type TrustSource = 'ticket' | 'code' | 'secret' | 'introduction'

const sources: readonly unknown[] = ['ticket', 'code', 'secret', 'introduction'] satisfies TrustSource[]

/** A trusted peer. Times are wall clock, ms since 1970. */
export interface PeerRow {
  readonly id: PeerId
  /** Unique among the trusted. */
  readonly name: string
  /** Multiaddrs where it was seen, newest first; at most 16. */
  readonly addresses: readonly string[]
  readonly trustedSince: number
  readonly lastSeen: number
  readonly trustedBy: TrustSource
  /** Counter of this node's decisions; see {@link Tombstone.sequence}. */
  readonly sequence: number
  /** Counts the decisions about this peer over all members; see {@link Tombstone.version}. */
  readonly version: number
  /** Published as this node's own introduction. */
  readonly vouched: boolean
  /** The member who introduced it, where it came so. */
  readonly introducedBy?: PeerId
}

/** What stands under a peer id. */
export type PeerRecord = { readonly row: PeerRow } | { readonly tombstone: Tombstone }

/** Addresses kept of one peer. */
export const maxAddresses = 16

/** `newest` before `known`, each once, what looks like no multiaddr left out, the oldest dropped. */
export function mergeAddresses(newest: readonly string[], known: readonly string[]): readonly string[] {
  const fit = [...newest, ...known].filter((address) => /^\/[\x21-\x7e]{1,254}$/.test(address))
  return [...new Set(fit)].slice(0, maxAddresses)
}

/** The bytes of a record. */
export function encodePeerRecord(record: PeerRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify('row' in record ? { row: record.row } : { tombstone: tombstoneToJson(record.tombstone) }))
}

/** Reads the record under `id`. Throws `ERR_STORE_DAMAGED`. */
export function decodePeerRecord(id: string, bytes: Uint8Array): PeerRecord {
  const json = parse(id, bytes)
  if (isFields(json['tombstone'])) {
    const tombstone = tombstoneFromJson(json['tombstone'])
    if (tombstone.id === id) return { tombstone }
  }
  const row = isFields(json['row']) ? { ...beforeVersions(json['row']), ...json['row'] } : {}
  if (isRow(row) && row.id === id) return { row }
  throw new ShoalError('ERR_STORE_DAMAGED', `The record of the peer ${id} is malformed.`)
}

function parse(id: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isFields(json) ? json : {}
  } catch (cause) {
    throw new ShoalError('ERR_STORE_DAMAGED', `The record of the peer ${id} is no JSON.`, { cause })
  }
}

/** Rows written before members introduced each other lack these. A peer that was paired with is vouched for. */
function beforeVersions({ trustedBy }: Record<string, unknown>): { version: number; vouched: boolean } {
  return { version: 0, vouched: trustedBy !== 'introduction' }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRow(fields: object): fields is PeerRow {
  const { id, name, addresses, trustedSince, lastSeen, trustedBy, sequence, version, vouched, introducedBy } = fields as Record<string, unknown>
  const texts = typeof id === 'string' && isPeerId(id) && typeof name === 'string' && sources.includes(trustedBy)
  const numbers = [trustedSince, lastSeen, sequence, version].every((value) => Number.isSafeInteger(value))
  const sound = typeof vouched === 'boolean' && (introducedBy === undefined || typeof introducedBy === 'string')
  return texts && numbers && sound && Array.isArray(addresses) && addresses.every((address) => typeof address === 'string')
}
