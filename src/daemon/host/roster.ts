/** The plugins a host knows, in the order of registration, also those that cannot run. */

import { ShoalError } from '../../errors.js'
import type { Logger, Plugin } from '../../plugin.js'
import { Hosted, type LoadedPlugin } from './hosted.js'
import type { HostLimits } from './limits.js'
import { startOrder } from './order.js'
import { checkPlugin, resolveConfig } from './validate.js'

/** A plugin that can be started, with its checked configuration. */
export interface Runnable {
  readonly hosted: Hosted
  readonly plugin: Plugin
  readonly config: unknown
}

/** States in which a plugin's name is taken. */
const taking: readonly string[] = ['created', 'starting', 'running']

/** Who is there. */
export class Roster {
  readonly #log: (module: string) => Logger
  readonly #hostLog: Logger
  readonly #limits: HostLimits
  #all: Hosted[] = []
  readonly #runnable = new Map<Hosted, Runnable>()
  #ranks = 0

  constructor(options: { readonly log: (module: string) => Logger; readonly hostLog: Logger; readonly limits: HostLimits }) {
    this.#log = options.log
    this.#hostLog = options.hostLog
    this.#limits = options.limits
  }

  /** In the order of registration. */
  get all(): readonly Hosted[] {
    return this.#all
  }

  /**
   * Files an entry, in place of `old` where that is given, which must have ended. One that cannot be used is filed with
   * its reason: `disabled` by the configuration or for what is wrong in it, otherwise `failed`.
   */
  admit(entry: LoadedPlugin, old?: Hosted): Hosted {
    if (entry.enabled === false) {
      const hosted = this.#file(entry, old)
      hosted.end('disabled', 'It is disabled in the configuration.')
      return hosted
    }
    try {
      const { plugin } = entry
      if (entry.error) throw entry.error
      checkPlugin(plugin)
      this.#requireFreeName(entry, plugin, old)
      const config = resolveConfig(plugin, entry.config)
      const hosted = this.#file(entry, old, plugin)
      this.#runnable.set(hosted, { hosted, plugin, config })
      return hosted
    } catch (error) {
      const hosted = this.#file(entry, old)
      this.refuse(hosted, error)
      return hosted
    }
  }

  /** It cannot be used after all. */
  refuse(hosted: Hosted, error: unknown): void {
    this.#runnable.delete(hosted)
    const fault = hosted.note('load', { kind: 'threw', error })
    hosted.end(fault.code === 'ERR_PLUGIN_CONFIG' ? 'disabled' : 'failed', fault.message)
    this.#hostLog.error('plugin cannot be used', { plugin: hosted.name, source: hosted.entry.source, reason: fault.message, code: fault.code })
  }

  /** Forgets one. */
  remove(hosted: Hosted): void {
    this.#all = this.#all.filter((one) => one !== hosted)
    this.#runnable.delete(hosted)
  }

  /** One that can run; undefined for one that cannot. */
  runnable(hosted: Hosted): Runnable | undefined {
    return this.#runnable.get(hosted)
  }

  /** Those that can run and that `wanted` takes, in the order of start. Throws `ERR_PLUGIN_INVALID` for a circle of requirements. */
  order(wanted: (one: Runnable) => boolean = () => true): Runnable[] {
    const among = [...this.#runnable.values()].filter(wanted).map(({ hosted }) => hosted)
    return startOrder(among.sort((a, b) => a.rank - b.rank)).flatMap((hosted) => this.#runnable.get(hosted) ?? [])
  }

  /** By its own name, the one that runs first; otherwise by the name of its section. Throws `ERR_PLUGIN_UNKNOWN`. */
  find(name: string): Hosted {
    const found = this.#named(name)
    if (found) return found
    throw new ShoalError('ERR_PLUGIN_UNKNOWN', `There is no plugin ${name}. There are: ${this.#all.map((one) => one.name).join(', ')}.`)
  }

  /** The one that `entry` is to replace: of its section, or of its name. */
  present(entry: LoadedPlugin): Hosted | undefined {
    return this.#all.find((one) => one.entry.name === entry.name) ?? this.#named(safeName(entry))
  }

  #named(name: string): Hosted | undefined {
    const same = this.#all.filter((one) => one.name === name)
    return same.find((one) => taking.includes(one.state)) ?? same[0] ?? this.#all.find((one) => one.entry.name === name)
  }

  #file(entry: LoadedPlugin, old: Hosted | undefined, plugin?: Plugin): Hosted {
    const name = plugin?.name ?? safeName(entry)
    const rank = old?.rank ?? ++this.#ranks
    const hosted = new Hosted({
      entry,
      name,
      rank,
      valid: plugin !== undefined,
      log: this.#log(`plugin:${name}`),
      hostLog: this.#hostLog,
      limits: this.#limits,
    })
    if (old) this.#runnable.delete(old)
    const at = old ? this.#all.indexOf(old) : -1
    this.#all = at < 0 ? [...this.#all, hosted] : this.#all.with(at, hosted)
    return hosted
  }

  #requireFreeName(entry: LoadedPlugin, plugin: Plugin, old: Hosted | undefined): void {
    const other = this.#all.find((one) => one !== old && one.name === plugin.name && taking.includes(one.state))
    if (!other) return
    const message = `Two plugins are named ${plugin.name}: the first is from ${other.entry.source}, this one from ${entry.source}.`
    throw new ShoalError('ERR_PLUGIN_INVALID', message)
  }
}

/** The plugin's own name where it can be read, otherwise the one in the config. */
function safeName(entry: LoadedPlugin): string {
  try {
    const name: unknown = entry.plugin?.name
    return typeof name === 'string' && name !== '' && name.length <= 40 ? name : entry.name
  } catch {
    return entry.name
  }
}
