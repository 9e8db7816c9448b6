/** From the configuration to what a pool of connections is made with. */

import { access, constants } from 'node:fs/promises'
import type { PoolConfig } from 'pg'
import { reasonOf } from '../../backends/backend-error.js'
import { readPassword } from '../../backends/password.js'
import { ShoalError } from '../../errors.js'
import type { StoragePostgresConfig } from './config.js'

/** Modes of TLS: what the library makes of each. It never goes on in clear where TLS was asked for, and so has no `allow` and no `prefer`. */
const modes: Readonly<Record<string, string>> = {
  disable: 'disable',
  'no-verify': 'no-verify',
  // a certificate that is not checked against the name is anybody's
  require: 'verify-full',
  'verify-ca': 'verify-full',
  'verify-full': 'verify-full',
}

/** Makes the options. Rejects with `ERR_PLUGIN_CONFIG` for a URL, a mode of TLS or a file of certificates that is none. */
export async function poolOptions(config: StoragePostgresConfig): Promise<PoolConfig> {
  const { connections, timeout } = config
  const address = await secured(addressOf(config.url))
  const password = await readPassword(config)
  // over a local socket the URL has no host, and so no place for it but the query
  if (password !== undefined && address.host === '') address.searchParams.set('password', password)
  else if (password !== undefined) address.password = encodeURIComponent(password)
  return {
    connectionString: address.href,
    max: connections,
    statement_timeout: timeout,
    // the server may be gone without a word
    query_timeout: timeout + 1000,
    connectionTimeoutMillis: Math.min(timeout, 5000),
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'shoal',
  }
}

/** The server without user and password, for messages. Throws `ERR_PLUGIN_CONFIG`. */
export function serverName(url: string): string {
  const { host, pathname, searchParams } = addressOf(url)
  return `PostgreSQL at ${host || (searchParams.get('host') ?? 'the local socket')}${pathname}`
}

function addressOf(url: string): URL {
  if (!URL.canParse(url)) throw new ShoalError('ERR_PLUGIN_CONFIG', 'url is not postgres://USER@HOST:PORT/DATABASE.')
  return new URL(url)
}

async function secured(address: URL): Promise<URL> {
  const { searchParams } = address
  const mode = searchParams.get('sslmode')
  if (mode !== null) {
    const meant = Object.hasOwn(modes, mode) ? modes[mode] : undefined
    if (meant === undefined) {
      throw new ShoalError('ERR_PLUGIN_CONFIG', `url has the sslmode ${JSON.stringify(mode.slice(0, 40))}, which there is not.`, {
        hint: `There are ${Object.keys(modes).join(', ')}.`,
      })
    }
    searchParams.set('sslmode', meant)
  }
  for (const key of ['sslrootcert', 'sslcert', 'sslkey']) {
    const file = searchParams.get(key)
    if (file === null) continue
    await access(file, constants.R_OK).catch((error: unknown) => {
      throw new ShoalError('ERR_PLUGIN_CONFIG', `The file of ${key} in url cannot be read: ${reasonOf(error)}`, { cause: error })
    })
  }
  return address
}
