/**
 * RTSP 1.0: encoders and cameras publish to `rtsp://host/PATH`, players play from it, and `rtsp://` URLs are pulled from
 * and pushed to. RTP travels on the same connection or over UDP.
 */

import { definePlugin, type PluginContext } from '../../plugin.js'
import { type RtspConfig, rtspConfig } from './config.js'
import { pull } from './pull.js'
import { push } from './push.js'
import { RtspServer } from './server.js'
import { Sources } from './sources.js'

export type { RtspConfig } from './config.js'

/** Makes the plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const rtsp = definePlugin<RtspConfig>({
  name: 'rtsp',
  info: { description: 'RTSP: publish, play, pull and push, over TCP and UDP.' },
  config: rtspConfig,
  async start(ctx: PluginContext<RtspConfig>) {
    const sources = new Sources()
    for (const protocol of ['rtsp', 'rtsps']) {
      ctx.puller({ protocol, pull: (job) => pull(job, undefined, sources) })
      ctx.pusher({ protocol, push: (job) => push(job) })
    }
    const server = new RtspServer(ctx, sources)
    await server.start()
    ctx.http.route({ method: 'GET', path: '/info', summary: 'Where the RTSP server listens, and how many clients it has', handler: () => server.info() })
    ctx.http.route({ method: 'GET', path: '/sources', summary: 'How well the packets of RTSP publishers and pulls come', handler: () => sources.list() })
  },
})
