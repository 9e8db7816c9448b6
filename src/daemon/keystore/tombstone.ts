/** A tombstone stands in the place of a forgotten peer. It is signed, so that it can be shown to others and trusted after a restart. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { Identity } from './identity.js'
import { isPeerId, signedBy } from './peer-id.js'

/** "`by` forgot `id`." */
export interface Tombstone {
  readonly id: PeerId
  /** Display name it had. */
  readonly name: string
  /** Wall clock, ms since 1970; for people. */
  readonly time: number
  /** Counter of `by`: which of its decisions about a peer is the newer one. */
  readonly sequence: number
  readonly by: PeerId
  /** Counts the decisions about this peer over all members: an introduction of this version or a lower one does not lift it. 0 = made before there were versions. */
  readonly version: number
  /** This node's own affair: no introduction lifts it, and nobody is told. */
  readonly here: boolean
  /** Published as this node's own claim. */
  readonly vouched: boolean
  /** The member whose word this node took; absent = its own decision. */
  readonly source?: PeerId
  /** Ed25519 of `by` over the other fields, 64 bytes. */
  readonly signature: Uint8Array
}

/** What is signed: the domain, then each field with its length in front, so that no two tombstones have the same bytes. */
function signedBytes({ id, name, time, sequence, by, version, here }: Omit<Tombstone, 'signature'>): Uint8Array {
  return framed(['shoal-tombstone-v2', id, name, String(time), String(sequence), by, String(version), here ? 'here' : 'cluster'])
}

/** What was signed before there were versions. */
function oldSignedBytes({ id, name, time, sequence, by }: Tombstone): Uint8Array {
  return framed(['shoal-tombstone-v1', id, name, String(time), String(sequence), by])
}

function framed(texts: readonly string[]): Uint8Array {
  const parts = texts.map((text) => Buffer.from(text))
  const lengths = parts.map((part) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    return length
  })
  return new Uint8Array(Buffer.concat(parts.flatMap((part, at) => [lengths[at] as Buffer, part])))
}

/** Signs a tombstone as this node. */
export async function signTombstone(fields: Omit<Tombstone, 'signature' | 'by'>, identity: Identity): Promise<Tombstone> {
  const unsigned = { ...fields, by: identity.id }
  return { ...unsigned, signature: await identity.sign(signedBytes(unsigned)) }
}

/** Did the node it names sign it? */
export function verifyTombstone(tombstone: Tombstone): boolean {
  const { by, signature, version, here } = tombstone
  return signedBy(by, signedBytes(tombstone), signature) || (version === 0 && here && signedBy(by, oldSignedBytes(tombstone), signature))
}

/** A tombstone as JSON fields. */
export function tombstoneToJson(tombstone: Tombstone): Record<string, unknown> {
  return { ...tombstone, signature: Buffer.from(tombstone.signature).toString('base64url') }
}

/** Reads what {@link tombstoneToJson} wrote. Throws `ERR_STORE_DAMAGED` when a field or the signature is wrong. */
export function tombstoneFromJson(json: Record<string, unknown>): Tombstone {
  const { id, name, time, sequence, by, signature, version = 0, here = true, vouched = false, source } = json
  const texts = typeof id === 'string' && isPeerId(id) && typeof name === 'string' && typeof by === 'string' && typeof signature === 'string'
  const numbers = isCount(time) && isCount(sequence) && isCount(version)
  if (texts && numbers && typeof here === 'boolean' && typeof vouched === 'boolean' && (source === undefined || typeof source === 'string')) {
    const bytes = new Uint8Array(Buffer.from(signature, 'base64url'))
    const tombstone = { id, name, time, sequence, by, version, here, vouched, ...(source !== undefined && { source }), signature: bytes }
    if (verifyTombstone(tombstone)) return tombstone
  }
  throw new ShoalError('ERR_STORE_DAMAGED', `The tombstone of ${typeof id === 'string' ? id : 'a peer'} is not sound: its fields or its signature are wrong.`)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}
