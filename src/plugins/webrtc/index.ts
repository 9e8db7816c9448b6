/**
 * WebRTC: browsers view any stream by WHEP at `/PATH/whep`, with the least delay there is, and publish by WHIP at `/PATH/whip`. Streams of other
 * servers are pulled by `whep://` and pushed to by `whip://`.
 */

import { definePlugin, type PluginContext } from '../../plugin.js'
import type { Frame } from '../../stream.js'
import { schemes } from './address.js'
import { sdpType } from './answer.js'
import { type WebRtcConfig, webRtcConfig } from './config.js'
import { LibraryLoader } from './library.js'
import { pull } from './pull.js'
import { push } from './push.js'
import { WebRtcServer } from './server.js'
import { type FramePackets, SharedPackets } from './shared-packets.js'

export type { WebRtcConfig } from './config.js'

/** The plugin. It keeps nothing outside its context but the native library, which the process has once. */
export const webrtc = definePlugin<WebRtcConfig>({
  name: 'webrtc',
  info: { description: 'WebRTC: view by WHEP at /PATH/whep, publish by WHIP at /PATH/whip; pull whep://, push whip://.' },
  config: webRtcConfig,
  async start(ctx: PluginContext<WebRtcConfig>) {
    const packets = new SharedPackets(new WeakMap<Frame, FramePackets>())
    const parts = { library: new LibraryLoader(), packets, stunServers: ctx.config.stunServers }
    for (const protocol of schemes.pull) ctx.puller({ protocol, pull: (job) => pull(job, parts) })
    for (const protocol of schemes.push) ctx.pusher({ protocol, push: (job) => push(job, parts) })
    const server = await WebRtcServer.start(ctx, parts)
    ctx.http.session('whep', {
      action: 'stream.read',
      accepts: sdpType,
      open: (path, exchange) => server.view(path, exchange),
      change: (path, id, exchange) => server.change(path, id, exchange),
      close: (path, id, exchange) => server.close(path, id, exchange),
    })
    ctx.http.session('whip', {
      action: 'stream.publish',
      accepts: sdpType,
      open: (path, exchange) => server.publish(path, exchange),
      change: (path, id, exchange) => server.change(path, id, exchange),
      close: (path, id, exchange) => server.close(path, id, exchange),
    })
    ctx.run('permissions', ({ signal }) => server.watchPermissions(signal))
    ctx.http.route({ method: 'GET', path: '/info', summary: 'Where WebRTC takes media, and how many clients it has', handler: () => server.info() })
    ctx.http.route({ method: 'GET', path: '/sessions', summary: 'The WebRTC clients, with what they got or sent', handler: () => server.sessions() })
  },
})
