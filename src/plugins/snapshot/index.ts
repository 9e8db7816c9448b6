/** `GET /STREAM/PATH.jpg`: the newest key frame as a JPEG, decoded by the ffmpeg program. */

import { ShoalError } from '../../errors.js'
import { definePlugin, type PluginContext } from '../../plugin.js'
import { sendBody, sendError } from '../../viewing/answer.js'
import { type SnapshotConfig, snapshotConfig } from './config.js'
import { Snapshots, widthIn } from './snapshots.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const snapshot = definePlugin<SnapshotConfig>({
  name: 'snapshot',
  info: { description: 'The newest key frame of any stream as a JPEG at /PATH.jpg, by the ffmpeg program.' },
  config: snapshotConfig,
  start(ctx: PluginContext<SnapshotConfig>) {
    const snapshots = new Snapshots(ctx)
    ctx.http.media('jpg', {
      async http(path, exchange) {
        try {
          sendBody(exchange, 'image/jpeg', await snapshots.of(path, widthIn(exchange.query)))
        } catch (error) {
          if (!exchange.signal.aborted) sendError(exchange, ShoalError.from(error))
        }
      },
    })
  },
})
