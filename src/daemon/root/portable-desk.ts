/** eKuiper's portable plugins of a running daemon, as eKuiper's own API shows and changes them. */

import { join } from 'node:path'
import { ShoalError } from '../../errors.js'
import type { PluginStorePort, PortableInstall, PortablesPort } from '../api/port.js'
import type { Output } from '../api/table.js'
import type { LoadedPlugin, PluginInfo } from '../host/hosted.js'
import { type EkuiperPlugin, isEkuiperPlugin } from '../portable/ekuiper/ekuiper-plugin.js'
import type { FunctionCall } from '../portable/ekuiper/function-channel.js'

/** What it speaks to. */
export interface PortableDeskOptions {
  readonly host: { list(): readonly PluginInfo[]; entry(name: string): LoadedPlugin }
  readonly store: () => Pick<PluginStorePort, 'install' | 'remove'>
}

interface Found {
  readonly info: PluginInfo
  readonly plugin: EkuiperPlugin
}

/** See {@link PortablesPort}. */
export class PortableDesk implements PortablesPort {
  readonly #options: PortableDeskOptions

  constructor(options: PortableDeskOptions) {
    this.#options = options
  }

  list(): Output<'portables.list'> {
    return this.#all().map(({ plugin }) => answerOf(plugin))
  }

  get(name: string): Output<'portables.get'> {
    return answerOf(this.#find(name).plugin)
  }

  status(name: string): Output<'portables.status'> {
    const { info, plugin } = this.#find(name)
    const { state, pid, restarts, lastEnd } = plugin.status()
    const status = info.state === 'failed' ? 'error' : statusTexts[state]
    const errMsg = info.reason ?? (status === 'error' ? (lastEnd ?? '') : '')
    return { refCount: plugin.refs(), status, errMsg, restarts, ...(pid !== undefined && { pid }), ...(lastEnd !== undefined && { lastEnd }) }
  }

  async install({ name, file, shellParas, update, allowScripts }: PortableInstall, signal: AbortSignal): Promise<void> {
    if (!/^(https?|file):\/\/.*\.zip$/.test(file)) throw new ShoalError('ERR_URL_INVALID', `invalid uri ${file}`)
    const scripts = { ...(allowScripts && { allowScripts }), ...(shellParas && { scriptArgs: [...shellParas] }) }
    const events = this.#options.store().install({ source: file, name, ...(update && { update }), ...scripts }, signal)
    // progress is for people
    for await (const event of events) if (event.type === 'installed') return
  }

  async remove(name: string, force: boolean): Promise<void> {
    const { section } = this.#find(name).info
    await this.#options.store().remove(section, { force })
  }

  async call(name: string, symbol: string, func: FunctionCall, args: readonly unknown[]): Promise<unknown> {
    return this.#find(name).plugin.call(symbol, func, args)
  }

  #all(): Found[] {
    const { host } = this.#options
    return host.list().flatMap((info) => {
      const { plugin } = host.entry(info.name)
      return isEkuiperPlugin(plugin) ? [{ info, plugin }] : []
    })
  }

  /** By eKuiper's name, or ours. */
  #find(name: string): Found {
    const all = this.#all()
    const found = all.find(({ plugin }) => plugin.manifest.name === name) ?? all.find(({ plugin }) => plugin.name === name)
    if (found) return found
    throw new ShoalError('ERR_PLUGIN_UNKNOWN', `There is no portable plugin ${name}.`)
  }
}

const statusTexts = { starting: 'initializing', running: 'running', waiting: 'error', failed: 'error', stopped: 'stop' } as const

function answerOf({ manifest, folder }: EkuiperPlugin): Output<'portables.get'> {
  const { name, version, language, executable, sources, sinks, functions } = manifest
  return { name, version, language, executable: join(folder, executable), sources, sinks, functions }
}
