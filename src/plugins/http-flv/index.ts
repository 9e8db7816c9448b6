/** HTTP-FLV: every stream at `/STREAM/PATH.flv`, over HTTP and WebSocket. */

import { definePlugin, type PluginContext } from '../../plugin.js'
import { type HttpFlvConfig, httpFlvConfig } from './config.js'
import { HttpFlvServer } from './server.js'

export type { HttpFlvConfig } from './config.js'
export type { HttpFlvInfo } from './server.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const httpFlv = definePlugin<HttpFlvConfig>({
  name: 'http-flv',
  info: { description: 'HTTP-FLV and WebSocket-FLV: play any stream at /PATH.flv.' },
  config: httpFlvConfig,
  start(ctx: PluginContext<HttpFlvConfig>) {
    const server = new HttpFlvServer(ctx)
    ctx.http.media('flv', {
      http: (path, exchange) => server.http(path, exchange),
      websocket: (path, exchange) => server.websocket(path, exchange),
    })
    ctx.http.route({ method: 'GET', path: '/viewers', summary: 'The viewers of HTTP-FLV, and counts since the start', handler: () => server.info() })
  },
})
