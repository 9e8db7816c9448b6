/** The pages for people: `/watch/` shows and plays the streams of this node, `/watch/publish` sends camera and microphone. */

import { definePlugin, type PluginContext } from '../../plugin.js'
import { servePages } from './pages.js'
import { StreamList } from './stream-list.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const watch = definePlugin({
  name: 'watch',
  info: { description: 'Web pages: watch the streams of this node at /watch/, publish from a browser at /watch/publish.' },
  start(ctx: PluginContext) {
    servePages(ctx.http)
    const list = new StreamList(ctx)
    ctx.http.raw('GET', '/streams', (exchange) => list.serve(exchange), { public: true })
  },
})
