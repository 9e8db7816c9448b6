/** Fills the slot `logger` with a file that rolls; off by default. Route: `/log-file/status`. */

import { resolve } from 'node:path'
import { definePlugin, type Plugin } from '../../plugin.js'
import { type LogFileConfig, logFileSchema } from './config.js'
import { jsonLine } from './json-line.js'
import type { RollingFile } from './rolling-file.js'

/** Answer of `GET /log-file/status`. */
export interface LogFileStatus {
  readonly file: string
  /** Lines that are not in the file, and never will be. */
  readonly dropped: number
  /** Times the file was put aside since the start. */
  readonly rotations: number
  /** Bytes that wait for the disk. */
  readonly waiting: number
}

/** ms between warnings that lines are dropped. */
const quiet = 10_000

/** Makes the plugin. */
export function logFile(): Plugin<LogFileConfig> {
  return definePlugin<LogFileConfig>({
    name: 'log-file',
    info: { description: 'Writes the log into a file that rolls by size and age.' },
    config: logFileSchema,
    provides: ['logger'],
    async start(ctx) {
      // a node without it does not load the library
      const { RollingFile: Rolling } = await import('./rolling-file.js')
      const { maxSize, ...rest } = ctx.config
      const file = resolve(ctx.dataDir, ctx.config.file ?? 'shoal.log')
      let saidAt = Number.NEGATIVE_INFINITY
      const rolling: RollingFile = new Rolling({
        ...rest,
        file,
        maxSize: maxSize * 1_000_000,
        onTrouble: (reason) => {
          if (performance.now() - saidAt < quiet) return
          saidAt = performance.now()
          // other sinks, and shoal log tail, have it in any case
          ctx.log.warn('the log file does not take lines', { file, reason, dropped: rolling.dropped })
        },
      })
      try {
        // throws when a stop came meanwhile
        ctx.run('file', async ({ signal }) => {
          await new Promise<void>((ended) => (signal.aborted ? ended() : signal.addEventListener('abort', () => ended(), { once: true })))
          await rolling.close()
        })
      } catch (error) {
        await rolling.close()
        throw error
      }
      ctx.provide('logger', { write: (line) => rolling.write(jsonLine(line)), flush: () => rolling.flush() })
      const status = (): LogFileStatus => ({ file, dropped: rolling.dropped, rotations: rolling.rotations, waiting: rolling.waiting })
      ctx.http.route({ method: 'GET', path: '/status', summary: 'The log file, and what it did not take', handler: status })
    },
  })
}
