/**
 * Certificates of libp2p's TLS handshake: self-signed, with an extension in which the identity key vouches for the key of the
 * certificate. Nothing else in a certificate says who a peer is: no name, no issuer, no date.
 */

import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type X509Certificate } from 'node:crypto'
import { der, element, elements, field, oid } from './tls-der.js'

/** The extension of libp2p, and what stands in front of the key that the identity signs. */
const extension = '1.3.6.1.4.1.53594.1.1'
const prefix = Buffer.from('libp2p-tls-handshake:')

const ecdsaSha256 = '1.2.840.10045.4.3.2'
const commonName = '2.5.4.3'

/** Bytes of the longest certificate that is looked at: the longest honest one, with RSA keys of 8192 bits, has about 4 KiB. */
const maxLength = 16 * 1024

/** ms by which clocks may differ. Our own certificates are valid at any time, so this is for other makes. */
const clockTolerance = 24 * 60 * 60_000

/** A certificate with its key, both as PEM. */
export interface TlsCertificate {
  readonly cert: string
  readonly key: string
}

/** Who vouches for a certificate. */
export interface Voucher {
  /** The identity's public key, as libp2p's protobuf. */
  readonly publicKey: Uint8Array
  /** Signs with the identity. */
  sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array
}

/** What a certificate claims: check that `signature` is one of `publicKey` over `signed`. */
export interface Claim {
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
  readonly signed: Uint8Array
}

/** Makes a key (P-256, which every make of libp2p takes) and a certificate for it. */
export async function makeCertificate(voucher: Voucher): Promise<TlsCertificate> {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const signature = await voucher.sign(Buffer.concat([prefix, pair.publicKey]))
  const keys = element(der.sequence, element(der.octets, voucher.publicKey), element(der.octets, signature))
  const body = certificateBody(pair.publicKey, element(der.sequence, oid(extension), element(der.octets, keys)))
  const own = sign('sha256', body, createPrivateKey(pair.privateKey))
  const whole = element(der.sequence, body, algorithm(), element(der.bits, Buffer.of(0), own))
  return { cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`, key: pair.privateKey }
}

/** Valid from 1970 to 9999: machines with wrong clocks still know each other's keys. */
function certificateBody(publicKey: Uint8Array, vouching: Uint8Array): Buffer {
  const serial = randomBytes(16)
  // positive, and of full length
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const name = element(der.sequence, element(der.set, element(der.sequence, oid(commonName), element(der.text, Buffer.from('libp2p')))))
  const validity = element(der.sequence, element(der.utcTime, Buffer.from('700101000000Z')), element(der.time, Buffer.from('99991231235959Z')))
  return element(
    der.sequence,
    element(field(0), element(der.integer, Buffer.of(2))),
    element(der.integer, serial),
    algorithm(),
    name,
    validity,
    name,
    publicKey,
    element(field(3), element(der.sequence, vouching)),
  )
}

function algorithm(): Buffer {
  return element(der.sequence, oid(ecdsaSha256))
}

/**
 * Reads a certificate with which TLS has authenticated the far end. Throws an Error that says what is wrong with it: its dates,
 * its own signature, an extension that must be understood and is not, or libp2p's, which is missing or malformed.
 */
export function readCertificate(certificate: X509Certificate, now = Date.now()): Claim {
  const { raw, publicKey } = certificate
  if (raw.length > maxLength) throw new Error('the certificate is too long')
  // written so that a date that cannot be read is a wrong one
  if (!(Date.parse(certificate.validFrom) - clockTolerance <= now)) throw new Error('the certificate is not valid yet')
  if (!(Date.parse(certificate.validTo) + clockTolerance >= now)) throw new Error('the certificate has expired')
  if (!certificate.verify(publicKey)) throw new Error('the certificate is not signed by its own key')
  const [identity, signature, ...more] = elements(vouching(raw)).map(({ tag, body }) => (tag === der.octets ? body : undefined))
  if (!identity || !signature || more.length > 0) throw new Error('the extension of libp2p is malformed')
  // the key as OpenSSL read it, which is the one that TLS has proven
  return { publicKey: identity, signature, signed: Buffer.concat([prefix, publicKey.export({ type: 'spki', format: 'der' })]) }
}

/** What stands in libp2p's extension. */
function vouching(certificate: Buffer): Buffer {
  const wanted = elements(oid(extension))[0]?.body
  let found: Buffer | undefined
  for (const { id, critical, value } of extensions(certificate)) {
    if (wanted?.equals(id)) {
      if (found) throw new Error('the certificate has the extension of libp2p twice')
      found = sequence(value)
    } else if (critical) throw new Error('the certificate has an extension that is critical and not known')
  }
  if (!found) throw new Error('the certificate has no extension of libp2p')
  return found
}

function extensions(certificate: Buffer): { readonly id: Buffer; readonly critical: boolean; readonly value: Buffer }[] {
  const [body] = elements(sequence(certificate))
  const list = elements(body?.body ?? Buffer.alloc(0)).find(({ tag }) => tag === field(3))
  if (!list) return []
  return elements(sequence(list.body)).map(({ body: inner }) => {
    const parts = elements(inner)
    const [id, value] = [parts[0], parts.at(-1)]
    if (parts.length > 3 || id?.tag !== der.oid || value?.tag !== der.octets) throw new Error('an extension is malformed')
    return { id: id.body, critical: parts.length === 3 && parts[1]?.body[0] !== 0, value: value.body }
  })
}

/** The body of the one sequence that `bytes` is. */
function sequence(bytes: Buffer): Buffer {
  const [only, ...more] = elements(bytes)
  if (only?.tag !== der.sequence || more.length > 0) throw new Error('a sequence is malformed')
  return only.body
}
