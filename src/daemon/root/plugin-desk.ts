/** The plugins of a running daemon, for everybody who looks at them or switches them: the API and the plugin store. */

import { isDeepStrictEqual } from 'node:util'
import { isErrorCode, ShoalError } from '../../errors.js'
import type { Logger, Plugin } from '../../plugin.js'
import type { PluginsPort, PluginView, SwitchOptions } from '../api/port.js'
import { type LoadedConfig, ownConfig } from '../config/config.js'
import type { Host } from '../host/host.js'
import type { LoadedPlugin, PluginInfo } from '../host/hosted.js'
import { severalSlots } from '../host/services.js'
import { resolveConfig } from '../host/validate.js'
import type { Paths } from '../paths.js'
import type { PluginSet } from './plugin-set.js'

/** Switching plugins while the daemon runs. Changes are made one after the other; others' plugins go on untouched. */
export interface PluginControl extends PluginsPort {
  /** Is there a plugin of that name, or of the folder `HOME/plugins/NAME`? */
  has(name: string): boolean
  /**
   * Finds the plugin in `HOME/plugins/NAME` anew and starts it, in place of the one that is there under the name. Resolves
   * when it runs, or is disabled by the configuration. Rejects with the reason when it does not start; it is `failed` then.
   */
  load(name: string): Promise<PluginView>
  /**
   * Stops it and forgets it: it is in no list any more, and what was set of it while the daemon ran is taken back. Rejects
   * with `ERR_PLUGIN_UNKNOWN`, and with `ERR_USAGE` for a built-in one.
   */
  unload(name: string): Promise<void>
}

/** What it speaks to. */
export interface PluginDeskOptions {
  readonly host: Host
  readonly set: PluginSet
  readonly config: LoadedConfig
  readonly paths: Paths
  readonly log: Logger
}

/** See {@link PluginControl}. */
export class PluginDesk implements PluginControl {
  readonly #options: PluginDeskOptions

  constructor(options: PluginDeskOptions) {
    this.#options = options
    for (const info of options.host.list()) this.#learn(info)
  }

  list(): readonly PluginView[] {
    return this.#options.host.list().map((info) => this.#view(info))
  }

  info(name: string): PluginView {
    return this.#view(this.#options.host.info(name))
  }

  async usage(name: string): Promise<{ readonly cpu: number; readonly memory: number } | undefined> {
    return await this.#options.host.entry(name).process?.usage()
  }

  has(name: string): boolean {
    const section = this.#options.set.sectionOf(name)
    return this.#options.host.list().some((plugin) => plugin.section === section || plugin.name === name)
  }

  async enable(name: string, { temporary = false }: SwitchOptions = {}): Promise<PluginView> {
    const { host } = this.#options
    const section = this.#sectionOf(name)
    if (!temporary) await this.#keep(section, true)
    if (!this.has(name)) return this.#outcome(await host.add(await this.#reload(section)))
    if (host.info(name).state === 'running') return this.info(name)
    const info = await host.enable(name, { ...(await this.#reload(section, true)), enabled: true })
    if (!temporary) await this.#refuseConflict(info)
    return this.#outcome(info)
  }

  async disable(name: string, { temporary = false }: SwitchOptions = {}): Promise<PluginView> {
    const { section } = this.#options.host.info(name)
    if (!temporary) await this.#keep(section, false)
    const reason = temporary ? 'It is disabled until the next start of the daemon.' : 'It is disabled in the configuration.'
    return this.#view(await this.#options.host.disable(name, reason))
  }

  async restart(name: string): Promise<PluginView> {
    const { host } = this.#options
    const entry = await this.#reload(this.#sectionOf(name))
    return this.#outcome(await (this.has(name) ? host.restart(name, entry) : host.add(entry)))
  }

  async load(name: string): Promise<PluginView> {
    const { set, config, paths, host } = this.#options
    await set.scan(paths.plugins)
    const section = set.sectionOf(name)
    config.learn(section, undefined)
    return this.#outcome(await host.add(await this.#reload(section)))
  }

  async unload(name: string): Promise<void> {
    const { set, config, host } = this.#options
    const section = set.sectionOf(name)
    if (set.isBuiltIn(section)) throw new ShoalError('ERR_USAGE', `The plugin ${section} is built in; it can be disabled.`)
    await host.remove(section)
    // a section without its plugin would keep the daemon from starting
    const key = `plugins.${section}`
    if (config.config.plugins[section] && config.get(key).sources.some(({ layer }) => layer === 'runtime')) await config.setRuntime(key, undefined)
    config.forget(section)
  }

  waiting(key: string): string | undefined {
    const [top, section = '', own = ''] = key.split('.')
    const now = this.#options.config.config.plugins[section]
    if (top !== 'plugins' || !now) return undefined
    const plugin = this.list().find((one) => one.section === section)
    if (!plugin) return now.enabled && now.use !== undefined ? section : undefined
    if (now.enabled !== (plugin.state === 'running') || (now.enabled && own === 'use')) return plugin.name
    return plugin.needsRestart.some((changed) => changed === own || changed.startsWith(`${own}.`) || own === '') ? plugin.name : undefined
  }

  /** Also of one that the configuration names since the daemon runs. Throws `ERR_PLUGIN_UNKNOWN`. */
  #sectionOf(name: string): string {
    const { host, config } = this.#options
    return !this.has(name) && config.config.plugins[name]?.use !== undefined ? name : host.info(name).section
  }

  /** Loads it as the configuration says now; with `enabled`, also where that says that it is not to run. */
  async #reload(section: string, enabled?: true): Promise<LoadedPlugin> {
    const { set, config, paths, log, host } = this.#options
    const importing = (name: string, code: string): void => host.imports(name, code)
    return await set.reload(section, { config: config.config, paths, log, importing }, enabled)
  }

  /** The configuration checks the section of a plugin from now on, where it did not before. */
  #learn({ name, section }: PluginInfo): void {
    const { host, set, config } = this.#options
    const { plugin, enabled } = host.entry(name)
    if (set.isBuiltIn(section) || enabled === false || !plugin?.config) return
    config.learn(section, plugin.config)
  }

  /** As few changes as do: one that was made before may be all that stands in the way. */
  async #keep(section: string, enabled: boolean): Promise<void> {
    const { config } = this.#options
    const key = `plugins.${section}.enabled`
    if (config.config.plugins[section]?.enabled === enabled) return
    await config.setRuntime(key, undefined)
    if (config.config.plugins[section]?.enabled !== enabled) await config.setRuntime(key, enabled)
  }

  /** Two of one slot would keep the daemon from starting the next time: then it is not kept that the second is enabled. */
  async #refuseConflict({ name, section, state, provides, lastError }: PluginInfo): Promise<void> {
    if (state === 'running') return
    const single = provides.filter((slot) => !severalSlots.includes(slot))
    const { host, config } = this.#options
    const others = host.list().filter((one) => one.name !== name && (config.config.plugins[one.section]?.enabled ?? one.state !== 'disabled'))
    const other = others.find((one) => one.provides.some((slot) => single.includes(slot)))
    if (!other && lastError?.code !== 'ERR_SLOT_CONFLICT') return
    await this.#keep(section, false)
    if (!other) return
    const slot = other.provides.find((one) => single.includes(one))
    throw new ShoalError('ERR_SLOT_CONFLICT', `Both ${other.name} and ${name} fill the service slot ${slot}, which takes one; ${name} stays disabled.`, {
      hint: `Disable the other first: shoal plugins disable ${other.name}`,
      data: { slot, plugins: [other.name, name] },
    })
  }

  /** Of a plugin that could not be started, the error. */
  #outcome(info: PluginInfo): PluginView {
    const { name, state, lastError, reason } = info
    if (state === 'failed' || lastError?.where === 'load') {
      const code = lastError && isErrorCode(lastError.code) ? lastError.code : 'ERR_PLUGIN_FAILED'
      throw new ShoalError(code, reason ?? `The plugin ${name} could not be started.`, { data: { plugin: name } })
    }
    if (state === 'running') this.#learn(info)
    return this.#view(info)
  }

  #view(info: PluginInfo): PluginView {
    return { ...info, needsRestart: info.state === 'running' ? this.#changed(info) : [] }
  }

  /** Keys of its section that are not what it was started with. */
  #changed({ name, section }: PluginInfo): readonly string[] {
    const { host, config } = this.#options
    const now = config.config.plugins[section]
    const { plugin, config: before } = host.entry(name)
    return now ? changedKeys(filled(plugin, before), filled(plugin, ownConfig(now))) : []
  }
}

/** With defaults, which the configuration fills in only where it knows the schema. */
function filled(plugin: Plugin | undefined, given: unknown): Readonly<Record<string, unknown>> {
  try {
    return Object(plugin ? resolveConfig(plugin, given) : given)
  } catch {
    return Object(given)
  }
}

/** Dotted names of what differs. */
function changedKeys(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => {
    const [one, other] = [before[key], after[key]]
    if (isDeepStrictEqual(one, other)) return []
    if (!isSection(one) || !isSection(other)) return [key]
    return changedKeys(one, other).map((below) => `${key}.${below}`)
  })
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
