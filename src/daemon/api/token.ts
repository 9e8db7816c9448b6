/** The bearer token of the API: 256 random bits in a file that only the owner may read. */

import { randomBytes } from 'node:crypto'
import { rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ShoalError } from '../../errors.js'
import { createPrivate, ensureOwnFolder, errnoOf, readPrivate, shellQuoted, syncFolder, writeTemporary } from '../util/private-files.js'

const maxLength = 128
const pattern = /^[A-Za-z0-9_-]{43}$/

/** A token that can be replaced while the daemon runs. */
export class TokenFile {
  readonly path: string
  #token: string

  private constructor(path: string, token: string) {
    this.path = path
    this.#token = token
  }

  /** Reads the token, or makes one where there is none. Throws `ERR_MODE_UNSAFE` when others could read it, `ERR_START_FAILED` when it is damaged. */
  static async open(path: string): Promise<TokenFile> {
    await ensureOwnFolder(dirname(path))
    try {
      await createPrivate(path, encode(newToken()))
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
    return new TokenFile(path, await readToken(path))
  }

  /** The token that counts now. */
  get token(): string {
    return this.#token
  }

  /** Replaces the token; the new one is on the disk and counts when this resolves. */
  async rotate(): Promise<string> {
    const token = newToken()
    const temporary = await writeTemporary(this.path, encode(token))
    try {
      await rename(temporary, this.path)
    } catch (error) {
      await unlink(temporary).catch(() => {})
      throw new ShoalError('ERR_INTERNAL', `The token in ${this.path} could not be replaced.`, { cause: error })
    }
    await syncFolder(dirname(this.path))
    this.#token = token
    return token
  }
}

/** Reads a token; for the command line too. Throws `ERR_MODE_UNSAFE`, `ERR_NOT_INITIALIZED`, `ERR_START_FAILED`. */
export async function readToken(path: string): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = await readPrivate(path, maxLength)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new ShoalError('ERR_NOT_INITIALIZED', `There is no token in ${path}.`, { hint: 'Run shoal start.', cause: error })
    throw error
  }
  const token = Buffer.from(bytes).toString('utf8').trim()
  if (pattern.test(token)) return token
  throw new ShoalError('ERR_START_FAILED', `The token in ${path} is damaged.`, { hint: `Remove it, a new one is made: rm ${shellQuoted(path)}` })
}

function newToken(): string {
  return randomBytes(32).toString('base64url')
}

function encode(token: string): Uint8Array {
  return new TextEncoder().encode(`${token}\n`)
}
