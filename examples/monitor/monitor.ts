/**
 * A plugin that reads: it counts the frames of one stream, and shows the count at GET /ts-monitor/count.
 *
 *     plugins:
 *       ts-monitor: { use: ./monitor.js, path: live/cam }
 */

import type { Plugin, PluginContext } from 'shoal'

/** Which stream. */
export interface MonitorConfig {
  readonly path: string
}

/** Makes the plugin. */
export default function monitor(): Plugin<MonitorConfig> {
  return {
    name: 'ts-monitor',
    info: { version: '1.0.0', description: 'Counts the frames of a stream.' },
    config: { type: 'object', properties: { path: { type: 'string', default: 'live/cam' } }, additionalProperties: false },
    start(ctx) {
      const seen = { frames: 0, bytes: 0 }
      ctx.http.route({ method: 'GET', path: '/count', summary: 'Frames and bytes seen so far.', handler: () => seen })
      // a stream that ends, or never comes, ends the task; it is begun anew
      ctx.run('watch', ({ signal }) => watch(ctx, seen, signal), { restart: 'always', backoff: { min: 100, max: 2000 } })
    },
  }
}

async function watch(ctx: PluginContext<MonitorConfig>, seen: { frames: number; bytes: number }, signal: AbortSignal): Promise<void> {
  await using subscription = await ctx.streams.subscribe(ctx.config.path, { wait: 10_000, signal })
  for await (const batch of subscription) {
    seen.frames += batch.length
    for (const frame of batch) seen.bytes += frame.data.length
  }
}
