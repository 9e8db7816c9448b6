/** The two secrets that the configuration may hold, each as a value or as a file. */

import { resolve } from 'node:path'
import { isShoalError, type ShoalError } from '../../errors.js'
import type { Config } from '../config/config.js'
import { configInvalid } from '../config/problem.js'
import { minClusterSecret } from '../keystore/cluster-secret.js'
import { readPrivate } from '../util/private-files.js'

/** Bytes read of a file: its first line counts. */
const maxFile = 4096

/** What was found. */
export interface ConfigSecrets {
  readonly clusterSecret?: string
  /** 32 bytes. */
  readonly networkKey?: Uint8Array
  /** All texts that must not be seen anywhere. */
  readonly hidden: readonly string[]
}

/** Reads them. Rejects with `ERR_CONFIG_INVALID`, `ERR_MODE_UNSAFE`. No message holds a secret. */
export async function readSecrets({ cluster, swarm }: Pick<Config, 'cluster' | 'swarm'>): Promise<ConfigSecrets> {
  const secret = cluster.secret ?? (await firstLine('cluster.secretFile', cluster.secretFile))
  const key = swarm.networkKey ?? (await firstLine('swarm.networkKeyFile', swarm.networkKeyFile))
  if (secret !== undefined && [...secret].length < minClusterSecret) throw wrong('cluster.secretFile', `must hold at least ${minClusterSecret} characters`)
  if (key !== undefined && !/^[0-9a-f]{64}$/i.test(key)) throw wrong('swarm.networkKeyFile', 'must hold 64 hexadecimal digits')
  return {
    ...(secret !== undefined && { clusterSecret: secret }),
    ...(key !== undefined && { networkKey: new Uint8Array(Buffer.from(key, 'hex')) }),
    hidden: [secret, key].filter((text) => text !== undefined),
  }
}

async function firstLine(path: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    const bytes = await readPrivate(resolve(file), maxFile)
    return Buffer.from(bytes).toString('utf8').split(/\r?\n/, 1)[0]?.trim()
  } catch (error) {
    if (isShoalError(error)) throw error
    throw wrong(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function wrong(path: string, message: string): ShoalError {
  return configInvalid([{ path, message }])
}
