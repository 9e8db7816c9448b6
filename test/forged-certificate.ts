/** Certificates as an attacker could make them: every part by choice, and still with a valid signature of their own. */

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { TlsCertificate } from '../src/daemon/swarm/tls-certificate.js'
import { der, element, field, oid } from '../src/daemon/swarm/tls-der.js'

/** Keys that a certificate of TLS 1.3 may have: how one is made, the algorithm of its signatures, and their hash. */
const kinds = {
  p256: { make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, algorithm: [oid('1.2.840.10045.4.3.2')], hash: 'sha256' },
  p384: { make: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, algorithm: [oid('1.2.840.10045.4.3.3')], hash: 'sha384' },
  rsa: {
    make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    algorithm: [oid('1.2.840.113549.1.1.11'), element(0x05)],
    hash: 'sha256',
  },
  ed25519: { make: () => generateKeyPairSync('ed25519').privateKey, algorithm: [oid('1.3.101.112')], hash: undefined },
} as const

/** What is forged; the rest is as it should be, but that nobody vouches for the key. */
export interface Forgery {
  /** Bodies of the extensions, made from the certificate's public key. Default: none. */
  extensions?(publicKey: Buffer): readonly Buffer[]
  /** As in the certificate: YYMMDDHHMMSSZ. */
  readonly from?: string
  readonly to?: string
  /** What the certificate's key is. Default: p256, as ours is. */
  readonly kind?: keyof typeof kinds
  /** Signs with another key than the certificate's. */
  readonly foreign?: boolean
}

/** The extension of libp2p with this body. */
export function vouching(body: Buffer, ...critical: readonly boolean[]): Buffer {
  const flags = critical.map((value) => element(der.boolean, Buffer.of(value ? 0xff : 0)))
  return element(der.sequence, oid('1.3.6.1.4.1.53594.1.1'), ...flags, element(der.octets, body))
}

/** Identity and signature as the extension holds them. */
export function pair(identity: Uint8Array, signature: Uint8Array): Buffer {
  return element(der.sequence, element(der.octets, identity), element(der.octets, signature))
}

/** What an identity signs to vouch for a key. */
export function handshake(publicKey: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('libp2p-tls-handshake:'), publicKey])
}

/** Makes a key and a certificate for it. */
export function forge({ extensions, from = '200101000000Z', to = '491231235959Z', foreign = false, kind = 'p256' }: Forgery = {}): TlsCertificate {
  const { make, algorithm: parts, hash } = kinds[kind]
  const privateKey = make()
  const publicKey = spki(privateKey)
  const algorithm = element(der.sequence, ...parts)
  const list = extensions?.(publicKey) ?? []
  const body = element(
    der.sequence,
    element(field(0), element(der.integer, Buffer.of(2))),
    element(der.integer, Buffer.of(1)),
    algorithm,
    element(der.sequence),
    element(der.sequence, element(der.utcTime, Buffer.from(from)), element(der.utcTime, Buffer.from(to))),
    element(der.sequence),
    publicKey,
    ...(list.length > 0 ? [element(field(3), element(der.sequence, ...list))] : []),
  )
  const own = sign(hash, body, foreign ? make() : privateKey)
  const whole = element(der.sequence, body, algorithm, element(der.bits, Buffer.of(0), own))
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`, key }
}

function spki(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
}
