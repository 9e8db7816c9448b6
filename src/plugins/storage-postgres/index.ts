/** Fills the slot `storage` with PostgreSQL; off by default. The keystore with identity and trust stays where it is. */

import { reasonOf } from '../../backends/backend-error.js'
import { TableStorage } from '../../backends/table-storage.js'
import { isShoalError } from '../../errors.js'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin.js'
import { type StoragePostgresConfig, storagePostgresSchema } from './config.js'
import { poolOptions, serverName } from './pool-options.js'
import { PostgresTable } from './postgres-table.js'

/** ms in which a server that starts together with the daemon may come up, and between tries. */
const patience = { all: 6000, pause: 300 }

/** Makes the plugin. */
export function storagePostgres(): Plugin<StoragePostgresConfig> {
  return definePlugin<StoragePostgresConfig>({
    name: 'storage-postgres',
    info: { description: 'Keeps the data of plugins and of the daemon in PostgreSQL.' },
    config: storagePostgresSchema,
    provides: ['storage'],
    async start(ctx) {
      // a node without it does not load the library
      const { default: pg } = await import('pg')
      const server = serverName(ctx.config.url)
      const pool = new pg.Pool(await poolOptions(ctx.config))
      // a connection that nobody uses was lost; the next call makes a new one
      pool.on('error', (error) => ctx.log.warn('a connection to PostgreSQL is lost', { server, reason: reasonOf(error) }))
      const table = new PostgresTable({ pool, table: ctx.config.table, owner: ctx.node.id, server })
      const storage = new TableStorage(table)
      const close = async (): Promise<void> => {
        await storage.close()
        await pool.end()
      }
      try {
        await prepare(table, ctx)
        // throws when a stop came meanwhile
        ctx.run('connections', async ({ signal }) => {
          await new Promise<void>((ended) => (signal.aborted ? ended() : signal.addEventListener('abort', () => ended(), { once: true })))
          await close()
        })
      } catch (error) {
        await close()
        throw error
      }
      ctx.provide('storage', storage)
    },
  })
}

/** Tries again while the server is not there yet. */
async function prepare(table: PostgresTable, ctx: PluginContext<StoragePostgresConfig>): Promise<void> {
  const end = performance.now() + patience.all
  for (;;) {
    try {
      return await table.prepare()
    } catch (error) {
      if (!isShoalError(error, 'ERR_BACKEND_UNREACHABLE') || performance.now() > end || ctx.signal.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, patience.pause))
    }
  }
}
