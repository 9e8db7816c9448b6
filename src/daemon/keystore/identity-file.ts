/**
 * The text of `identity.key`, version 1:
 *
 *     shoal identity 1
 *     peer 12D3KooW…
 *     seal none                                        or: seal scrypt-32768-8-1+aes-256-gcm SALT NONCE
 *     key BASE64URL                                    the seed, or the seed encrypted followed by the tag
 *     sha256 HEX                                       of everything above
 *
 * The checksum comes first when reading: any other complaint would guess at a damaged file.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'

/** What the file says, still sealed if it is. */
export interface IdentityRecord {
  readonly peer: PeerId
  /** 32 bytes, or 48 when sealed. */
  readonly key: Uint8Array
  readonly seal?: { readonly salt: Uint8Array; readonly nonce: Uint8Array }
}

/** Longest file there is, in bytes. */
export const maxIdentityFile = 1024

const cost = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 } as const
const sealName = 'scrypt-32768-8-1+aes-256-gcm'
const layout = /^shoal identity 1\npeer (12D3KooW\w{44})\nseal (none|scrypt-32768-8-1\+aes-256-gcm ([\w-]{22}) ([\w-]{16}))\nkey ([\w-]{43}|[\w-]{64})\n$/

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex')
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** `ERR_IDENTITY_DAMAGED`, with the reason. */
export function identityDamaged(why: string, cause?: unknown): ShoalError {
  return new ShoalError('ERR_IDENTITY_DAMAGED', `The identity file is damaged: ${why}. It is never replaced by a new one.`, { cause })
}

/** The file of a record. */
export function encodeIdentity(record: IdentityRecord): Uint8Array {
  const seal = record.seal ? `${sealName} ${base64url(record.seal.salt)} ${base64url(record.seal.nonce)}` : 'none'
  const text = `shoal identity 1\npeer ${record.peer}\nseal ${seal}\nkey ${base64url(record.key)}\n`
  return Buffer.from(`${text}sha256 ${sha256(text)}\n`, 'latin1')
}

/** Reads a file's bytes. Throws `ERR_IDENTITY_DAMAGED`, or `ERR_SCHEMA_NEWER` for an intact file of a later version. */
export function decodeIdentity(bytes: Uint8Array): IdentityRecord {
  if (bytes.length === 0) throw identityDamaged('it is empty')
  if (bytes.length > maxIdentityFile) throw identityDamaged('it is too long')
  const text = Buffer.from(bytes).toString('latin1')
  const end = /^sha256 ([0-9a-f]{64})\n$/.exec(text.slice(-72))
  if (!end) throw identityDamaged('it ends too early or has no checksum')
  const content = text.slice(0, -72)
  if (end[1] !== sha256(content)) throw identityDamaged('its checksum does not fit')
  const version = /^shoal identity (\d{1,6})\n/.exec(content)?.[1]
  if (version !== undefined && Number(version) > 1) throw new ShoalError('ERR_SCHEMA_NEWER', `The identity file has format ${version}; this Shoal knows 1.`)
  return parseFields(content)
}

function parseFields(content: string): IdentityRecord {
  const [, peer, , salt, nonce, key] = layout.exec(content) ?? []
  if (peer === undefined || key === undefined) throw identityDamaged('its fields are not those of an identity')
  const record = { peer, key: decode(key) }
  if (record.key.length !== (salt === undefined ? 32 : 48)) throw identityDamaged('its key has the wrong length')
  if (salt === undefined || nonce === undefined) return record
  return { ...record, seal: { salt: decode(salt), nonce: decode(nonce) } }
}

const decode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'))

/** Encrypts a seed of 32 bytes under a passphrase: scrypt (RFC 7914), then AES-256-GCM bound to the peer id. */
export async function sealSeed(peer: PeerId, seed: Uint8Array, passphrase: string): Promise<IdentityRecord> {
  const salt = randomBytes(16)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, salt), nonce).setAAD(Buffer.from(peer))
  const key = Buffer.concat([cipher.update(seed), cipher.final(), cipher.getAuthTag()])
  return { peer, key, seal: { salt, nonce } }
}

/** The seed of a record. Throws `ERR_PASSPHRASE_REQUIRED`, `ERR_PASSPHRASE_WRONG`. */
export async function openSeal(record: IdentityRecord, passphrase: string | undefined): Promise<Uint8Array> {
  if (!record.seal) return record.key
  if (passphrase === undefined || passphrase === '') throw new ShoalError('ERR_PASSPHRASE_REQUIRED')
  const decipher = createDecipheriv('aes-256-gcm', await derive(passphrase, record.seal.salt), record.seal.nonce).setAAD(Buffer.from(record.peer))
  decipher.setAuthTag(record.key.subarray(32))
  try {
    return new Uint8Array(Buffer.concat([decipher.update(record.key.subarray(0, 32)), decipher.final()]))
  } catch (cause) {
    throw new ShoalError('ERR_PASSPHRASE_WRONG', undefined, { cause })
  }
}

/** Normalised, because two keyboards may write the same letter in two ways. */
function derive(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
