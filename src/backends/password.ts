/** The password of a server, from the configuration or from a file. */

import { resolve } from 'node:path'
import { readPrivate } from '../daemon/util/private-files.js'
import { isShoalError, ShoalError } from '../errors.js'

/** Bytes read of a file: its first line counts. */
const maxFile = 4096

/** Where it may stand. */
export interface PasswordConfig {
  readonly password?: string
  /** File of mode 0600 whose first line is the password. */
  readonly passwordFile?: string
}

/** Reads it; `password` counts before the file. Rejects with `ERR_PLUGIN_CONFIG`, `ERR_MODE_UNSAFE`. */
export async function readPassword({ password, passwordFile }: PasswordConfig): Promise<string | undefined> {
  if (password !== undefined || passwordFile === undefined) return password
  try {
    const bytes = await readPrivate(resolve(passwordFile), maxFile)
    return Buffer.from(bytes).toString('utf8').split(/\r?\n/, 1)[0]
  } catch (error) {
    if (isShoalError(error)) throw error
    throw new ShoalError('ERR_PLUGIN_CONFIG', `passwordFile cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
