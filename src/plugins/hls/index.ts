/**
 * HLS and Low-Latency HLS: every stream at `/STREAM/PATH.m3u8`, in fragmented MP4 or MPEG-TS, from memory. Playlists of
 * other servers, `http(s)://….m3u8`, are pulled from.
 */

import { definePlugin, type PluginContext } from '../../plugin.js'
import { type HlsConfig, hlsConfig } from './config.js'
import { isPlaylist, pull } from './pull/pull.js'
import { HlsServer } from './server.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const hls = definePlugin<HlsConfig>({
  name: 'hls',
  info: { description: 'HLS and Low-Latency HLS: play any stream at /PATH.m3u8, for old players at /PATH.m3u8?format=ts; pull any playlist.' },
  config: hlsConfig,
  start(ctx: PluginContext<HlsConfig>) {
    for (const protocol of ['http', 'https']) {
      ctx.puller({ protocol, supports: (url) => url.protocol === `${protocol}:` && isPlaylist(url), pull: (job) => pull(job) })
    }
    const server = new HlsServer(ctx)
    ctx.http.media('m3u8', { http: (path, exchange) => server.playlist(path, exchange) })
    ctx.http.media('m4s', { http: (path, exchange) => server.segment(path, 'fmp4', exchange) })
    ctx.http.media('mpegts', { http: (path, exchange) => server.segment(path, 'ts', exchange) })
    ctx.http.route({ method: 'GET', path: '/streams', summary: 'The streams whose segments are made now', handler: () => server.info() })
  },
})
