/**
 * Streams in other codecs and sizes, made by the program ffmpeg when somebody reads them: `PATH~opus`, `PATH~360p`. What is
 * offered is a matter of the configuration, because a reader makes a program run.
 */

import { ShoalError } from '../../errors.js'
import { definePlugin, type PluginContext } from '../../plugin.js'
import { type TranscodeConfig, transcodeConfig } from './config.js'
import { Offers } from './offers.js'
import { parseOutput } from './output.js'
import { Transcoder } from './transcoder.js'

/** The plugin. It keeps nothing outside its context, so that several daemons live in one process. */
export const transcode = definePlugin<TranscodeConfig>({
  name: 'transcode',
  info: { description: 'Streams in other codecs and sizes on demand, at PATH~PRESET. Needs ffmpeg.' },
  config: transcodeConfig,
  start(ctx: PluginContext<TranscodeConfig>) {
    checkOutputs(ctx.config)
    const transcoder = new Transcoder(ctx)
    ctx.puller({ protocol: 'transcode', pull: (job) => transcoder.pull(job) })
    ctx.http.route({ method: 'GET', path: '/info', summary: 'The outputs that are made now', handler: () => ({ running: transcoder.running }) })
    if (ctx.config.outputs.length > 0) ctx.run('offers', ({ signal }) => new Offers(ctx).follow(signal), { restart: 'on-failure' })
  },
})

/** Throws `ERR_PLUGIN_CONFIG` for an output without a preset. */
function checkOutputs(config: TranscodeConfig): void {
  for (const preset of config.outputs) {
    try {
      parseOutput(new URL(`transcode:///x?to=${preset}`), config)
    } catch (cause) {
      throw new ShoalError('ERR_PLUGIN_CONFIG', `plugins.transcode.outputs: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }
}
