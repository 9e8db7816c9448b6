/** The storages over SQLite and PostgreSQL, against the real thing. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reasonOf } from '../../src/backends/backend-error.js'
import { TableStorage } from '../../src/backends/table-storage.js'
import { poolOptions } from '../../src/plugins/storage-postgres/pool-options.js'
import { PostgresTable } from '../../src/plugins/storage-postgres/postgres-table.js'
import { DatabaseThread } from '../../src/plugins/storage-sqlite/database-thread.js'
import { memoryLog, storageCompliance } from '../../src/testing/index.js'
import { describeWith, itWith } from '../needs.js'
import { type PostgresServer, startPostgres } from '../servers/postgres.js'

const api = { describe, expect, it }

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-sqlite-'))
  const thread = new DatabaseThread(join(folder, 'storage.db'), memoryLog())
  let made = 0

  beforeAll(() => thread.open())
  afterAll(async () => {
    await thread.close()
    rmSync(folder, { recursive: true, force: true })
  })

  // one thread for all: each test has name spaces of its own
  storageCompliance(api, 'storage-sqlite', () => {
    const storage = new TableStorage(thread)
    const own = `t${++made}`
    return { storage: { open: (name) => storage.open(`${own}/${name}`) } }
  })
})

describeWith(['postgres'], 'PostgreSQL', () => {
  let server: PostgresServer
  let pool: pg.Pool
  let made = 0

  beforeAll(async () => {
    server = await startPostgres()
    pool = new pg.Pool({ connectionString: server.url, max: 4 })
    // the server may end before the connections have
    pool.on('error', () => {})
  })
  afterAll(async () => {
    await pool?.end()
    await server?.stop()
  })

  storageCompliance(api, 'storage-postgres', async () => {
    const table = new PostgresTable({ pool, table: 'entries', owner: `node-${++made}`, server: 'PostgreSQL' })
    await table.prepare()
    return { storage: new TableStorage(table) }
  })

  /** What a connection by the plugin's options comes to. */
  const encrypted = async (query: string): Promise<boolean | string> => {
    const link = new pg.Client(await poolOptions({ url: `${server.url}?${query}`, table: 'entries', connections: 1, timeout: 10_000 }))
    link.on('error', () => {})
    try {
      await link.connect()
      const { rows } = await link.query<{ ssl: boolean }>('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      return rows[0]?.ssl === true
    } catch (error) {
      return reasonOf(error)
    } finally {
      await link.end().catch(() => {})
    }
  }

  itWith(['openssl'], 'is reached with TLS as sslmode says, and in clear only where nothing else was asked for', async () => {
    const root = `sslrootcert=${server.certificate}`
    expect(await encrypted('')).toBe(false)
    expect(await encrypted('sslmode=disable')).toBe(false)
    expect(await encrypted('sslmode=no-verify')).toBe(true)
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      expect(await encrypted(`sslmode=${mode}&${root}`)).toBe(true)
      expect(await encrypted(`sslmode=${mode}`)).toMatch(/self-signed/)
    }
  })

  it.each(['sslmode=prefer', 'sslmode=allow', 'sslmode=', 'sslmode=__proto__', 'sslmode=verify-full&sslrootcert=/nowhere/root.pem'])(
    'refuses to be reached with %s',
    async (query) => {
      await expect(encrypted(query)).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG' })
    },
  )
})
