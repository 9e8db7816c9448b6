/**
 * A door for browsers and scripts: JSON messages over WebSocket, on a port of its own. Fills the slot `endpoint`; off by default.
 * docs/slots.md describes the messages.
 */

import { definePlugin, type Plugin } from '../../plugin.js'
import { type WebSocketConfig, webSocketSchema } from './config.js'

/** Makes the plugin. */
export function endpointWebSocket(): Plugin<WebSocketConfig> {
  return definePlugin<WebSocketConfig>({
    name: 'endpoint-websocket',
    info: { description: 'Lets browsers and scripts log in and exchange payloads, as JSON over WebSocket.' },
    config: webSocketSchema,
    provides: ['endpoint'],
    async start(ctx) {
      // a node without it does not load the library
      const { WebSocketEndpoint } = await import('./server.js')
      const endpoint = new WebSocketEndpoint(ctx.config, ctx.log)
      ctx.provide('endpoint', endpoint)
      ctx.http.route({ method: 'GET', path: '/status', summary: 'Where it listens, and who is there', handler: () => endpoint.status() })
    },
  })
}
