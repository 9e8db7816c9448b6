/** Which plugins a node has: the built-in ones, those the configuration adds, and those a program hands over. */

import { join } from 'node:path'
import type { Logger, Plugin } from '../../plugin.js'
import { type BuiltIn, builtIns } from '../../plugins/index.js'
import { type Config, type KnownPlugins, ownConfig } from '../config/config.js'
import type { LoadedPlugin } from '../host/hosted.js'
import { resolvePlugin } from '../host/resolve.js'
import type { Paths } from '../paths.js'
import { portableFolder } from './portable-folder.js'

/** The plugins that are there without being imported. */
export class PluginSet {
  readonly #builtIns: readonly BuiltIn[]
  readonly #given: readonly Plugin[]

  /** `configDir`: folder of `shoal.yaml`, where built-in plugins look for files beside it. */
  constructor(given: readonly Plugin[] = [], configDir?: string) {
    this.#builtIns = builtIns(configDir)
    this.#given = given
  }

  /** Their names and schemas, for the configuration. */
  get known(): KnownPlugins {
    const all = [...this.#builtIns.map(({ plugin }) => plugin), ...this.#given]
    const offByDefault = this.#builtIns.filter(({ enabled }) => !enabled).map(({ plugin }) => plugin.name)
    return { pluginSchemas: Object.fromEntries(all.map((plugin) => [plugin.name, plugin.config])), offByDefault }
  }

  /** Every plugin in the order of registration; what cannot be imported comes with its reason. */
  async load(config: Config, paths: Paths, log: Logger): Promise<LoadedPlugin[]> {
    const there = [...this.#builtIns.map(({ plugin }) => plugin), ...this.#given]
    const added = Object.keys(config.plugins).filter((name) => !there.some((plugin) => plugin.name === name))
    const entries = [...there.map(({ name }) => name), ...added].map((name) => {
      const { enabled, required, use, ...rest } = config.plugins[name] ?? { enabled: true, required: false }
      return { name, enabled, required, config: ownConfig(rest), ...(use !== undefined && { use }) }
    })
    const options = { builtIns: there, configDir: paths.configDir, packageDirs: [paths.plugins, join(paths.plugins, 'node_modules')] }
    return await Promise.all(entries.map(async (entry) => (await portableFolder(entry, paths.configDir, log)) ?? (await resolvePlugin(entry, options))))
  }
}
