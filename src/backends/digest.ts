/** Digest authentication (RFC 7616, with RFC 2069 for old clients): what is kept of a password, and whether an answer proves it. */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { DigestAlgorithm, DigestResponse } from '../services.js'

/** What Shoal's doors call themselves to clients: part of what is hashed. */
export const digestRealm = 'shoal'

const hashes: Readonly<Record<DigestAlgorithm, { readonly name: string; readonly length: number }>> = {
  MD5: { name: 'md5', length: 32 },
  'SHA-256': { name: 'sha256', length: 64 },
}

/** The algorithms, the strongest first. */
export const digestAlgorithms: readonly DigestAlgorithm[] = ['SHA-256', 'MD5']

/** H(user:realm:password), hexadecimal: who has it can log in by Digest as if it were the password. */
export function digestSecret(algorithm: DigestAlgorithm, user: string, password: string): string {
  return hash(algorithm, `${user.normalize('NFC')}:${digestRealm}:${password.normalize('NFC')}`)
}

/** Is it such a secret? */
export function isDigestSecret(algorithm: DigestAlgorithm, text: string): boolean {
  return text.length === hashes[algorithm].length && /^[0-9a-f]+$/.test(text)
}

/** Does the answer prove that its client knows the password behind `secret`? Takes the same time for every answer. */
export function provesDigest(secret: string, answer: DigestResponse): boolean {
  const { algorithm, method, uri, nonce, count, cnonce, response } = answer
  const asked = count === undefined ? nonce : `${nonce}:${count}:${cnonce ?? ''}:auth`
  const right = hash(algorithm, `${secret}:${asked}:${hash(algorithm, `${method}:${uri}`)}`)
  const fixed = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(fixed(right), fixed(response.toLowerCase()))
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(hashes[algorithm].name).update(text).digest('hex')
}
