/** Offers outputs of every stream: pulls that begin with their first reader. */

import { isShoalError } from '../../errors.js'
import type { PluginContext } from '../../plugin.js'
import type { Pull } from '../../stream.js'
import type { TranscodeConfig } from './config.js'
import { outputPath, outputUrl, parseOutput, versionOf } from './output.js'

/** Streams whose outputs are offered. */
const maxSources = 200

/** ms that a program goes on after the last reader. */
const idleDelay = 5000

/** The outputs that are offered now. */
export class Offers {
  readonly #ctx: PluginContext<TranscodeConfig>
  readonly #offered = new Map<string, readonly Pull[]>()

  constructor(ctx: PluginContext<TranscodeConfig>) {
    this.#ctx = ctx
  }

  /** Follows the streams until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const events = this.#ctx.streams.events({ signal })
    await this.#compare()
    for await (const { type } of events) if (type === 'published' || type === 'unpublished' || type === 'lagged') await this.#compare()
  }

  /** Offers what is new, and takes back what has lost its source. */
  async #compare(): Promise<void> {
    const sources = new Set(this.#ctx.streams.list().flatMap(({ path }) => (path.includes('~') ? [] : [path])))
    for (const [source, pulls] of this.#offered) {
      if (sources.has(source)) continue
      this.#offered.delete(source)
      await Promise.all(pulls.map((pull) => pull.close()))
    }
    for (const source of sources) if (!this.#offered.has(source) && this.#offered.size < maxSources) this.#offered.set(source, this.#offer(source))
  }

  #offer(source: string): readonly Pull[] {
    return this.#ctx.config.outputs.flatMap((preset) => {
      try {
        const [url, path] = [outputUrl(source, preset), outputPath(source, preset)]
        const version = versionOf(source, parseOutput(new URL(url), this.#ctx.config).options)
        // a path has one publisher in a cluster: what a peer makes already is taken from there
        const options = { onDemand: true, idleDelay, options: { standby: url } }
        return [this.#ctx.streams.pull(new URL(`shoal:///${path}`).href, path, { ...options, ...(version && { versionOf: version }) })]
      } catch (error) {
        if (!isShoalError(error)) throw error
        this.#ctx.log.debug('an output is not offered', { source, preset, reason: error.message })
        return []
      }
    })
  }
}
