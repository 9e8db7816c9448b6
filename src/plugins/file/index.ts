/** Files as streams: `file:///folder/clip.flv` is played in real time and looped; `file:sample` is the bundled clip. */

import { definePlugin, type PluginContext } from '../../plugin.js'
import { type FileConfig, fileConfig } from './config.js'
import { pullFile } from './pull.js'

export type { FileConfig } from './config.js'
export { samplePath, sampleUrl } from './location.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const file = definePlugin<FileConfig>({
  name: 'file',
  info: { description: 'Plays FLV files as live streams, looped.' },
  config: fileConfig,
  start(ctx: PluginContext<FileConfig>) {
    const roots = [ctx.dataDir, ...ctx.config.roots]
    ctx.puller({ protocol: 'file', pull: (job) => pullFile(job, roots) })
  },
})
