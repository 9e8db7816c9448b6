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
  /** Ed25519 of `by` over the other fields, 64 bytes. */
  readonly signature: Uint8Array
}

/** What is signed: the domain, then each field with its length in front, so that no two tombstones have the same bytes. */
function signedBytes(tombstone: Omit<Tombstone, 'signature'>): Uint8Array {
  const { id, name, time, sequence, by } = tombstone
  const parts = ['shoal-tombstone-v1', id, name, String(time), String(sequence), by].map((text) => Buffer.from(text))
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
  return signedBy(tombstone.by, signedBytes(tombstone), tombstone.signature)
}

/** A tombstone as JSON fields. */
export function tombstoneToJson(tombstone: Tombstone): Record<string, unknown> {
  return { ...tombstone, signature: Buffer.from(tombstone.signature).toString('base64url') }
}

/** Reads what {@link tombstoneToJson} wrote. Throws `ERR_STORE_DAMAGED` when a field or the signature is wrong. */
export function tombstoneFromJson(json: Record<string, unknown>): Tombstone {
  const { id, name, time, sequence, by, signature } = json
  const sound = typeof id === 'string' && isPeerId(id) && typeof name === 'string' && typeof by === 'string' && typeof signature === 'string'
  if (sound && Number.isSafeInteger(time) && Number.isSafeInteger(sequence)) {
    const bytes = new Uint8Array(Buffer.from(signature, 'base64url'))
    const tombstone = { id, name, time: time as number, sequence: sequence as number, by, signature: bytes }
    if (verifyTombstone(tombstone)) return tombstone
  }
  throw new ShoalError('ERR_STORE_DAMAGED', `The tombstone of ${typeof id === 'string' ? id : 'a peer'} is not sound: its fields or its signature are wrong.`)
}
