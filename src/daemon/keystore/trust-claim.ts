/** What members tell each other about a peer: it was introduced, or it was forgotten. The body of a signed record `trust/PEER`. */

import type { PeerId } from '../../plugin.js'

/** "Since this version the peer is trusted", or "forgotten". */
export interface TrustClaim {
  readonly kind: 'introduced' | 'forgotten'
  /** Counts the decisions about one peer over all members; a forget wins over introductions up to its own version. */
  readonly version: number
  /** Display name it had where the claim was made; empty = not told. */
  readonly name: string
  /** Multiaddrs where it was seen, newest first. */
  readonly addresses: readonly string[]
}

/** A claim, who made it and about whom. */
export interface TrustRecord {
  /** The member who signed it. */
  readonly author: PeerId
  readonly subject: PeerId
  readonly claim: TrustClaim
}

/** Highest version that is taken from another node: each decision of a person adds one. */
export const maxVersion = 2 ** 31

/** The version of a new decision, above all that are known. Where members have used them up it is the last one, at which a forget still wins. */
export function nextVersion(known: number): number {
  return Math.min(maxVersion, known + 1)
}

/** Limits of the fields. Lengths are characters. */
export const claimLimits = { name: 255, addresses: 16, address: 255, bytes: 8192 } as const

/** Which of two claims about a peer counts: the higher rank. At the same version the forget does. */
export function claimRank({ kind, version }: { readonly kind: string; readonly version: number }): number {
  return version * 2 + (kind === 'forgotten' ? 1 : 0)
}

/** The bytes of a claim. */
export function encodeClaim({ kind, version, name, addresses }: TrustClaim): Uint8Array {
  const short = addresses.filter((address) => address.length <= claimLimits.address).slice(0, claimLimits.addresses)
  return new TextEncoder().encode(JSON.stringify({ kind, version, name: name.slice(0, claimLimits.name), addresses: short }))
}

/** Reads a claim that another node made; undefined when it is malformed or beyond the limits. */
export function decodeClaim(bytes: Uint8Array): TrustClaim | undefined {
  if (bytes.length > claimLimits.bytes) return undefined
  const { kind, version, name, addresses } = parse(bytes)
  if (kind !== 'introduced' && kind !== 'forgotten') return undefined
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 0 || version > maxVersion) return undefined
  if (typeof name !== 'string' || name.length > claimLimits.name) return undefined
  if (!Array.isArray(addresses) || addresses.length > claimLimits.addresses) return undefined
  const texts = addresses.filter((address): address is string => typeof address === 'string' && address.length <= claimLimits.address)
  return texts.length === addresses.length ? { kind, version, name, addresses: texts } : undefined
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return typeof json === 'object' && json !== null ? { ...json } : {}
  } catch {
    return {}
  }
}
