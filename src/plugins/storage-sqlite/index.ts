/** Fills the slot `storage` with an SQLite file; off by default. The keystore with identity and trust stays where it is. */

import { mkdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { claimFile } from '../../backends/file-claim.js'
import { TableStorage } from '../../backends/table-storage.js'
import { definePlugin, type Plugin } from '../../plugin.js'
import { type StorageSqliteConfig, storageSqliteSchema } from './config.js'
import { DatabaseThread } from './database-thread.js'

/** Makes the plugin. */
export function storageSqlite(): Plugin<StorageSqliteConfig> {
  return definePlugin<StorageSqliteConfig>({
    name: 'storage-sqlite',
    info: { description: 'Keeps the data of plugins and of the daemon in an SQLite file.' },
    config: storageSqliteSchema,
    provides: ['storage'],
    async start(ctx) {
      const wanted = resolve(ctx.dataDir, ctx.config.file ?? 'storage.db')
      await mkdir(dirname(wanted), { recursive: true, mode: 0o700 })
      // one name for one file, whatever links lead there
      const file = join(await realpath(dirname(wanted)), basename(wanted))
      const giveBack = await claimFile(`${file}.owner`)
      const thread = new DatabaseThread(file, ctx.log)
      const storage = new TableStorage(thread)
      const close = async (): Promise<void> => {
        await storage.close()
        await thread.close()
        await giveBack()
      }
      // a stop that comes meanwhile ends the thread at once; then nothing below can be done any more
      const stopped = (): void => void thread.close()
      ctx.signal.addEventListener('abort', stopped, { once: true })
      try {
        await thread.open()
        ctx.signal.removeEventListener('abort', stopped)
        // the last to end: until then other plugins write
        ctx.run('database', async ({ signal }) => {
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
