/** Installing and removing plugins while the daemon runs: one after the other, each whole or not at all. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { PluginState } from '../host/hosted.js'
import { isPluginName } from '../host/validate.js'
import { shoalName } from '../portable/ekuiper/ekuiper-plugin.js'
import { isPortableName } from '../portable/ekuiper/manifest.js'
import { shownSource } from '../portable/install/package-source.js'
import type { LockEntry } from '../portable/install/plugin-lock.js'
import type { PluginsFolder } from '../portable/install/plugins-folder.js'
import { type InstallProgress, type Staged, type StageOptions, stagePackage } from '../portable/install/staging.js'
import { changedFile, treeHash } from '../portable/install/tree-hash.js'
import type { Nursery } from '../portable/process/nursery.js'
import { linkSignals } from '../util/linked-signal.js'
import { BoundedQueue } from '../util/queue.js'
import type { PluginControl } from './plugin-desk.js'
import { changedError, tryFolder } from './portable-folder.js'

/** What is installed, and how. */
export interface InstallRequest extends Pick<StageOptions, 'source' | 'name' | 'sha256' | 'allowHttp' | 'scriptArgs' | 'scriptTimeout'> {
  /** Run the package's script. */
  readonly allowScripts?: boolean
  /** Replace the one that was installed under the name. */
  readonly update?: boolean
}

/** What came of an install. */
export interface Installed {
  readonly plugin: string
  readonly version: string
  readonly kind: LockEntry['kind']
  /** SHA-256 of the archive. */
  readonly sha256: string
  /** The version that was there before. */
  readonly replaced?: string
  /** `running`, or `disabled` by the configuration. */
  readonly state: PluginState
}

/** Progress, and the outcome at last. */
export type InstallEvent = ({ readonly type: 'progress' } & InstallProgress) | ({ readonly type: 'installed' } & Installed)

/** What the files of one plugin are like. */
export interface Verified {
  readonly plugin: string
  readonly version: string
  readonly ok: boolean
  /** The first file that is not what was installed. */
  readonly file?: string
  readonly how?: 'changed' | 'missing'
}

/** What the store needs of the daemon. */
export interface PluginStoreOptions {
  readonly folder: PluginsFolder
  /** Folder of the plugins' own data. */
  readonly dataDir: string
  readonly control: Pick<PluginControl, 'has' | 'load' | 'unload'>
  /** Streams, pulls and pushes that the plugin of a section serves now, for people. */
  readonly users: (section: string) => readonly string[]
  /** Starts the scripts of packages. */
  readonly nursery: Nursery
  readonly log: Logger
}

type OnProgress = (progress: InstallProgress) => void

/** Installs that may wait. */
const maxWaiting = 16

/** The installed plugins of one daemon. */
export class PluginStore {
  readonly #options: PluginStoreOptions
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  readonly #closing = new AbortController()

  constructor(options: PluginStoreOptions) {
    this.#options = options
  }

  /**
   * Installs a package; the last event is `installed`. A failure is thrown, and then everything is as before; when an update does not start, the version
   * before it runs again. Rejects as {@link stagePackage}, and with `ERR_PLUGIN_EXISTS`, `ERR_LIMIT`, or why the plugin does not start.
   */
  async *install(request: InstallRequest, signal: AbortSignal): AsyncGenerator<InstallEvent, void, undefined> {
    // only the newest progress is of interest to who reads slowly
    const events = new BoundedQueue<InstallEvent>({ limit: 64, overflow: 'drop-oldest' })
    const progress = throttled((event) => events.push({ type: 'progress', ...event }))
    this.#inTurn(() => this.#install(request, signal, progress)).then(
      (installed) => {
        events.push({ type: 'installed', ...installed })
        events.close()
      },
      (error: unknown) => events.fail(error),
    )
    yield* events
  }

  /**
   * Removes an installed plugin, or a folder that was put there. Rejects with `ERR_PLUGIN_UNKNOWN`; with `ERR_PLUGIN_IN_USE` naming who uses it unless
   * `force`. With `data` its own data go, too.
   */
  async remove(name: string, options: { readonly force?: boolean; readonly data?: boolean } = {}): Promise<{ readonly version: string }> {
    return await this.#inTurn(async () => {
      const { folder, control, users, dataDir, log } = this.#options
      const from = await this.#folderOf(name)
      const section = isPluginName(from) ? from : (shoalName(from) ?? from)
      const entry = await folder.entry(from)
      if (!options.force) refuseUsed(name, users(section))
      if (control.has(from)) await control.unload(from)
      await folder.remove(from)
      if (options.data) await rm(join(dataDir, section), { recursive: true, force: true })
      log.info('plugin removed', { plugin: from, version: entry?.version ?? '' })
      return { version: entry?.version ?? '' }
    })
  }

  /** Looks at the files of every installed plugin. One that was changed is stopped, and `failed`. */
  async verify(): Promise<readonly Verified[]> {
    return await this.#inTurn(async () => {
      const { folder, control, log } = this.#options
      const verified: Verified[] = []
      for (const [plugin, entry] of Object.entries(await folder.entries())) {
        const change = await changedFile(join(folder.path, plugin), entry.files)
        verified.push({ plugin, version: entry.version, ok: !change, ...(change && { file: change.path, how: change.how }) })
        if (!change) continue
        log.error('a plugin was changed', { plugin, err: changedError(plugin, change) })
        // finds the change, too, and so the plugin is failed
        await control.load(plugin).catch(() => {})
      }
      return verified
    })
  }

  /** What was installed, with sources and hashes. */
  async list(): Promise<readonly (LockEntry & { readonly name: string })[]> {
    return Object.entries(await this.#options.folder.entries()).map(([name, entry]) => ({ name, ...entry }))
  }

  /** Gives up what is being fetched, takes nothing more, and waits until what is under way is done or taken back. After the plugins have stopped. */
  async close(): Promise<void> {
    this.#closing.abort(new ShoalError('ERR_STOPPING'))
    await this.#last
  }

  /** The folder of a plugin that is called so, or whose section is; eKuiper's names may differ from ours. Rejects with `ERR_PLUGIN_UNKNOWN`. */
  async #folderOf(name: string): Promise<string> {
    const { folder } = this.#options
    const names = Object.keys(await folder.entries())
    const found = names.find((one) => one === name) ?? names.find((one) => shoalName(one) === name)
    if (found !== undefined) return found
    if (isPluginFolder(name) && (await folder.has(name))) return name
    throw new ShoalError('ERR_PLUGIN_UNKNOWN', `${name} was not installed.`, { hint: 'See shoal plugins.' })
  }

  async #stage({ allowScripts, update: _update, ...request }: InstallRequest, given: AbortSignal, onProgress: OnProgress): Promise<Staged> {
    const { folder, log, nursery } = this.#options
    return await this.#forClient(
      given,
      async (signal) => await stagePackage({ ...request, beside: folder.path, scripts: allowScripts ? 'run' : 'refuse', nursery, log, signal, onProgress }),
    )
  }

  /** Work that is given up when its client goes or the daemon stops, so that it holds up nobody. */
  async #forClient<T>(given: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, done } = linkSignals(given, this.#closing.signal)
    try {
      signal.throwIfAborted()
      return await work(signal)
    } finally {
      done()
    }
  }

  /** What cannot even say its name takes no room, and does not interrupt the one that runs. */
  async #try({ folder, plugin: { name } }: Staged, before: LockEntry | undefined, given: AbortSignal): Promise<void> {
    const { log, nursery } = this.#options
    await this.#forClient(given, async (signal) => {
      await tryFolder(name, folder, { log, nursery, signal }).catch((error: unknown) => {
        signal.throwIfAborted()
        throw notStarted(name, error, before ? `Version ${before.version} was not touched.` : 'Nothing was installed.')
      })
    })
  }

  async #install(request: InstallRequest, signal: AbortSignal, onProgress: OnProgress): Promise<Installed> {
    const { log } = this.#options
    const staged = await this.#stage(request, signal, onProgress)
    try {
      const { name } = staged.plugin
      const before = await this.#requireRoom(name, request)
      const entry = entryOf(staged, request.source)
      if (entry.kind === 'program') {
        onProgress({ step: 'try' })
        await this.#try(staged, before, signal)
      }
      // from here on a client that goes changes nothing
      const state = await (before ? this.#replace(staged, entry, before, onProgress) : this.#place(staged, entry, onProgress))
      log.info('plugin installed', {
        plugin: name,
        version: entry.version,
        source: entry.source,
        archive: entry.archive,
        ...(before && { before: before.version }),
      })
      const { version, kind } = entry
      return { plugin: name, version, kind, sha256: staged.archive, state, ...(before && { replaced: before.version }) }
    } finally {
      await rm(staged.scratch, { recursive: true, force: true })
    }
  }

  /** The entry that is replaced, if any. Rejects with `ERR_PLUGIN_EXISTS`. */
  async #requireRoom(name: string, { update }: InstallRequest): Promise<LockEntry | undefined> {
    const { folder, control } = this.#options
    const entry = await folder.entry(name)
    if (entry && update) return entry
    if (entry) throw new ShoalError('ERR_PLUGIN_EXISTS', `The plugin ${name} ${entry.version} is installed.`)
    if (!isPluginFolder(name) || (await folder.has(name)))
      throw new ShoalError('ERR_PLUGIN_EXISTS', `There is a folder ${join(folder.path, name)} that was not installed.`, { hint: 'Move it away first.' })
    if (control.has(name)) throw new ShoalError('ERR_PLUGIN_EXISTS', `There is a plugin ${name} that was not installed.`, { hint: 'See shoal plugins info.' })
    return undefined
  }

  async #place({ folder: from, plugin: { name } }: Staged, entry: LockEntry, onProgress: OnProgress): Promise<PluginState> {
    const { folder, control } = this.#options
    await folder.place(from, name, entry)
    onProgress({ step: 'start' })
    try {
      return (await control.load(name)).state
    } catch (error) {
      if (control.has(name)) await control.unload(name).catch(() => {})
      await folder.remove(name)
      throw notStarted(name, error, 'Nothing was installed.')
    }
  }

  async #replace({ folder: from, plugin: { name } }: Staged, entry: LockEntry, before: LockEntry, onProgress: OnProgress): Promise<PluginState> {
    const { folder, control } = this.#options
    onProgress({ step: 'stop' })
    const exchange = await folder.exchange(from, name, entry)
    onProgress({ step: 'start' })
    try {
      const { state } = await control.load(name)
      await exchange.keep()
      return state
    } catch (error) {
      await exchange.undo()
      const back = await control.load(name).then(
        () => `Version ${before.version} runs again.`,
        (again: unknown) => `Version ${before.version} is back, and does not start either: ${ShoalError.from(again).message}`,
      )
      throw notStarted(name, error, back)
    }
  }

  /** Runs `work` after all that was asked for before. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#closing.signal.throwIfAborted()
    if (this.#waiting >= maxWaiting) throw new ShoalError('ERR_LIMIT', `${this.#waiting} installs wait already.`)
    this.#waiting++
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => {})
    try {
      return await mine
    } finally {
      this.#waiting--
    }
  }
}

/** May a plugin's folder have this name? It leads nowhere else, and is not that of npm. */
function isPluginFolder(name: string): boolean {
  return isPortableName(name) && name !== 'node_modules'
}

/** Throws `ERR_PLUGIN_IN_USE` naming the users. */
function refuseUsed(name: string, users: readonly string[]): void {
  if (users.length === 0) return
  const shown = `${users.slice(0, 10).join(', ')}${users.length > 10 ? ' …' : ''}`
  throw new ShoalError('ERR_PLUGIN_IN_USE', `The plugin ${name} is used by ${shown}.`, { data: { users: users.slice(0, 100) } })
}

function entryOf({ plugin: { version, kind }, archive, files }: Staged, source: string): LockEntry {
  return { version, source: shownSource(source), kind, archive, tree: treeHash(files), files: { ...files }, installedAt: Date.now() }
}

function notStarted(name: string, error: unknown, then: string): ShoalError {
  const cause = ShoalError.from(error, 'ERR_PLUGIN_FAILED')
  const message = `The plugin ${name} does not start: ${cause.message}${/[.?!]$/.test(cause.message) ? '' : '.'} ${then}`
  return new ShoalError(cause.code, message, { cause: error, ...(cause.data && { data: cause.data }) })
}

/** Lets through what begins a step, and then one report for each hundredth. */
function throttled(report: (progress: InstallProgress) => void): (progress: InstallProgress) => void {
  let last = ''
  return (progress) => {
    const { step, done = 0, total } = progress
    const key = `${step} ${total ? Math.floor((done / total) * 100) : Math.floor(done / (1024 * 1024))}`
    if (key !== last) report(progress)
    last = key
  }
}
