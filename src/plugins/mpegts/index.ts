/**
 * MPEG-TS: every stream at `/STREAM/PATH.ts` over HTTP; `http(s)://….ts` and `udp://` are pulled from, `udp://` is pushed to.
 */

import { TsDemuxer } from '../../media/mpegts/demuxer.js'
import { definePlugin, type PluginContext } from '../../plugin.js'
import { pullHttp } from '../../receiving/pull-http.js'
import { type ViewerConfig, viewerConfig } from '../../viewing/config.js'
import { LiveServer } from '../../viewing/live-server.js'
import { TsFormat } from '../../viewing/ts-format.js'
import { pullUdp } from './udp-pull.js'
import { pushUdp } from './udp-push.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const mpegts = definePlugin<ViewerConfig>({
  name: 'mpegts',
  info: { description: 'MPEG-TS: play any stream at /PATH.ts; pull over HTTP and UDP, push over UDP.' },
  config: viewerConfig,
  start(ctx: PluginContext<ViewerConfig>) {
    const format = new TsFormat()
    const server = new LiveServer({ name: 'mpegts', config: ctx.config, log: ctx.log, streams: ctx.streams }, format)
    for (const protocol of ['http', 'https']) {
      const supports = (url: URL): boolean => url.protocol === `${protocol}:` && /\.(ts|mpegts)$/i.test(url.pathname)
      ctx.puller({ protocol, supports, pull: (job) => pullHttp(job, new TsDemuxer()) })
    }
    ctx.puller({ protocol: 'udp', pull: (job) => pullUdp(job) })
    ctx.pusher({ protocol: 'udp', push: (job) => pushUdp(job, format) })
    ctx.http.media('ts', { http: (path, exchange) => server.http(path, exchange) })
    ctx.http.route({ method: 'GET', path: '/viewers', summary: 'The viewers of MPEG-TS, and counts since the start', handler: () => server.info() })
  },
})
