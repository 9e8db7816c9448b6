/**
 * SRT with MPEG-TS inside: encoders publish to and players read from `srt://host:8890?streamid=…`, and `srt://` URLs are
 * pulled from and pushed to. The protocol itself is that of the system's libsrt, loaded when it is needed first.
 */

import { definePlugin, type PluginContext } from '../../plugin.js'
import { TsFormat } from '../../viewing/ts-format.js'
import { type SrtConfig, srtConfig } from './config.js'
import { Connections } from './connections.js'
import { LazyEngine } from './lazy-engine.js'
import { pull } from './pull.js'
import { push } from './push.js'
import { SrtServer } from './server.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const srt = definePlugin<SrtConfig>({
  name: 'srt',
  info: { description: 'SRT: publish, play, pull and push, with stream ids and passphrase. Needs libsrt.' },
  config: srtConfig,
  async start(ctx: PluginContext<SrtConfig>) {
    const { library, latency, listen } = ctx.config
    const engine = new LazyEngine(library)
    const format = new TsFormat()
    const connections = new Connections()
    ctx.run('engine', async ({ signal }) => {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      await engine.close()
    })
    ctx.puller({ protocol: 'srt', pull: (job) => pull(job, { engine, latency, connections }) })
    ctx.pusher({ protocol: 'srt', push: (job) => push(job, { engine, format, latency, connections }) })
    const server = new SrtServer(ctx, format, connections)
    ctx.http.route({ method: 'GET', path: '/info', summary: 'Where SRT listens, and how many callers it has', handler: () => server.info() })
    ctx.http.route({ method: 'GET', path: '/connections', summary: 'How well the packets of each SRT connection go', handler: () => connections.list() })
    if (listen) await server.start(engine)
  },
})
