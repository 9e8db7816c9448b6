/**
 * Hashes of passwords, in the form `$scrypt$ln=15,r=8,p=1$SALT$HASH` (PHC string format, base64 without padding). Source: RFC 7914.
 */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** A hash taken apart. */
export interface PasswordHash {
  /** Binary logarithm of the cost. */
  readonly ln: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** What new hashes cost: 32 MiB of memory, and on a common machine a tenth of a second. */
const usual = { ln: 15, r: 8, p: 1 } as const
/** Memory that a hash in a file may ask for, in bytes. */
const maxMemory = 128 * 1024 * 1024
/** Times the work of a usual hash that one in a file may ask for. */
const maxWork = 16
/** Characters; a longer password is wrong without being looked at. */
const maxPassword = 1024

/** Hashes a password, with a salt of its own. */
export async function hashPassword(password: string, cost: { readonly ln: number; readonly r: number; readonly p: number } = usual): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password, { ...cost, salt, hash: Buffer.alloc(32) })
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${plain(salt)}$${plain(hash)}`
}

/** Reads a hash; `undefined` when it is none, or would cost too much. */
export function parseHash(text: string): PasswordHash | undefined {
  const parts = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/.exec(text)
  if (!parts) return undefined
  const [, ln, r, p, salt = '', hash = ''] = parts
  const parsed = { ln: Number(ln), r: Number(r), p: Number(p), salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') }
  const { ln: log, r: block, p: lanes } = parsed
  if (log < 1 || block < 1 || lanes < 1 || 128 * block * 2 ** log > maxMemory) return undefined
  return costOf(parsed) > maxWork * costOf({ ...usual }) ? undefined : parsed
}

/** Work of checking a password against it, to compare with others. */
export function costOf({ ln, r, p }: { readonly ln: number; readonly r: number; readonly p: number }): number {
  return 2 ** ln * r * p
}

/** Is it the password? Takes the same time for every answer. */
export async function isPassword(password: string, known: PasswordHash): Promise<boolean> {
  const short = password.length <= maxPassword
  const hash = await derive(short ? password : '', known)
  return timingSafeEqual(hash, known.hash) && short
}

function derive(password: string, { ln, r, p, salt, hash }: PasswordHash): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem: maxMemory * 2 }
    // one form of what looks the same: keyboards differ
    scrypt(password.normalize('NFC'), salt, hash.length, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

function plain(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
