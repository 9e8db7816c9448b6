/**
 * Fragmented MP4: every stream at `/STREAM/PATH.mp4`, over HTTP and for Media Source Extensions over WebSocket,
 * and its newest picture. `http(s)://….mp4`, where it is fragmented, is pulled from.
 */

import { Mp4Demuxer } from '../../media/mp4/demuxer.js'
import { definePlugin, type PluginContext } from '../../plugin.js'
import { pullHttp } from '../../receiving/pull-http.js'
import { type ViewerConfig, viewerConfig } from '../../viewing/config.js'
import { LiveServer } from '../../viewing/live-server.js'
import { Mp4Format } from './mp4-format.js'
import { sendSnapshot } from './snapshot.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const fmp4 = definePlugin<ViewerConfig>({
  name: 'fmp4',
  info: { description: 'Fragmented MP4 over HTTP and WebSocket: play any stream at /PATH.mp4; its newest picture is /PATH.mp4?snapshot; pull it over HTTP.' },
  config: viewerConfig,
  start(ctx: PluginContext<ViewerConfig>) {
    const format = new Mp4Format()
    const server = new LiveServer({ name: 'fmp4', config: ctx.config, log: ctx.log, streams: ctx.streams }, format)
    for (const protocol of ['http', 'https']) {
      const supports = (url: URL): boolean => url.protocol === `${protocol}:` && /\.(mp4|m4v|m4a|cmfv|cmfa)$/i.test(url.pathname)
      ctx.puller({ protocol, supports, pull: (job) => pullHttp(job, new Mp4Demuxer()) })
    }
    ctx.http.media('mp4', {
      http: (path, exchange) =>
        exchange.query.has('snapshot')
          ? server.answer(path, exchange, () => sendSnapshot(path, exchange, { streams: ctx.streams, wait: ctx.config.wait, format }))
          : server.http(path, exchange),
      websocket: (path, exchange) => server.websocket(path, exchange),
    })
    ctx.http.route({ method: 'GET', path: '/viewers', summary: 'The viewers of fragmented MP4, and counts since the start', handler: () => server.info() })
  },
})
