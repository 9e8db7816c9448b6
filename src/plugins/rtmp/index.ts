/**
 * RTMP and Enhanced RTMP: encoders publish to `rtmp://host/app/name`, players play from it, and `rtmp://` URLs are
 * pulled from and pushed to. The stream path is `app/name`.
 */

import { definePlugin, type PluginContext } from '../../plugin.js'
import { type RtmpConfig, rtmpConfig } from './config.js'
import { pull } from './pull.js'
import { push } from './push.js'
import { RtmpServer } from './server.js'

export type { RtmpConfig } from './config.js'
export type { RtmpInfo } from './server.js'

/** Makes the plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const rtmp = definePlugin<RtmpConfig>({
  name: 'rtmp',
  info: { description: 'RTMP and Enhanced RTMP: publish, play, pull and push.' },
  config: rtmpConfig,
  async start(ctx: PluginContext<RtmpConfig>) {
    ctx.puller({ protocol: 'rtmp', pull: (job) => pull(job) })
    ctx.pusher({ protocol: 'rtmp', push: (job) => push(job) })
    const server = new RtmpServer(ctx)
    await server.start()
    ctx.http.route({ method: 'GET', path: '/info', summary: 'Where the RTMP server listens, and how many clients it has', handler: () => server.info() })
  },
})
