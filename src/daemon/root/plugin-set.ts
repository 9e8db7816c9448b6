/** Which plugins a node has: the built-in ones, those in `HOME/plugins`, those the configuration adds, and those a program hands over. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../errors.js'
import type { Logger, Plugin } from '../../plugin.js'
import { type BuiltIn, builtIns } from '../../plugins/index.js'
import { type Config, type KnownPlugins, ownConfig } from '../config/config.js'
import type { LoadedPlugin } from '../host/hosted.js'
import { type PluginEntry, resolvePlugin } from '../host/resolve.js'
import { isPluginName } from '../host/validate.js'
import type { Paths } from '../paths.js'
import { shoalName } from '../portable/ekuiper/ekuiper-plugin.js'
import { type LockEntries, readLock } from '../portable/install/plugin-lock.js'
import { PluginsFolder } from '../portable/install/plugins-folder.js'
import { Nursery } from '../portable/process/nursery.js'
import { installedFolder, portableFile, portableFolder } from './portable-folder.js'

/** Folders of `HOME/plugins` that are looked at. */
const maxFolders = 500

/** Names in `HOME/plugins` that are no plugins. */
const otherNames: readonly string[] = ['node_modules']

/** What loading needs. */
export interface LoadPlaces {
  readonly config: Config
  readonly paths: Paths
  readonly log: Logger
  /** Told where the code of a plugin lies that is about to be imported into this process, by the name of its section. */
  readonly importing?: (section: string, code: string) => void
}

interface Reload {
  readonly fresh?: number
  readonly enabled?: true
}

/** The plugins that are there without being imported, and how each is loaded. */
export class PluginSet {
  /** Starts the programs of all of them. */
  readonly nursery = new Nursery()
  readonly #builtIns: readonly BuiltIn[]
  readonly #given: readonly Plugin[]
  /** Name of the section → name of the folder in `HOME/plugins`. */
  #folders: ReadonlyMap<string, string> = new Map()
  /** How often something was loaded anew. */
  #loads = 0

  /** `configDir`: folder of `shoal.yaml`, where built-in plugins look for files beside it. */
  constructor(given: readonly Plugin[] = [], configDir?: string) {
    this.#builtIns = builtIns(configDir)
    this.#given = given
  }

  /** Their names and schemas, for the configuration. What a plugin in a folder takes is known once it was loaded. */
  get known(): KnownPlugins {
    const all = [...this.#builtIns.map(({ plugin }) => plugin), ...this.#given]
    const offByDefault = this.#builtIns.filter(({ enabled }) => !enabled).map(({ plugin }) => plugin.name)
    const folders = [...this.#folders.keys()].map((name) => [name, undefined] as const)
    return { pluginSchemas: Object.fromEntries([...folders, ...all.map((plugin) => [plugin.name, plugin.config] as const)]), offByDefault }
  }

  /**
   * Looks which plugins lie in `folder`: each is a folder with `shoal-plugin.json` or, of eKuiper, with `NAME.json`. Names that
   * begin with a dot do not count. A plugin that was installed counts even where its folder is missing. Never rejects.
   */
  async scan(folder: string): Promise<void> {
    const names = (await readdir(folder).catch((): string[] => [])).filter((name) => !name.startsWith('.') && !otherNames.includes(name))
    const found = await Promise.all(
      names
        .sort()
        .slice(0, maxFolders)
        .map(async (name) => ((await isPlugin(folder, name)) ? [name] : [])),
    )
    const locked = await readLock(folder).then(Object.keys, (): string[] => [])
    this.#folders = new Map([...found.flat(), ...locked].flatMap((name) => withSection(name)))
  }

  /** Is it one that comes with the daemon, or was handed over by the program around it? */
  isBuiltIn(name: string): boolean {
    return this.#there().some((plugin) => plugin.name === name)
  }

  /** Name of the section of the plugin in `HOME/plugins/FOLDER`; the same, unless it is a name of eKuiper that ours cannot be. */
  sectionOf(folder: string): string {
    return withSection(folder)[0]?.[0] ?? folder
  }

  /** Every plugin in the order of registration; what cannot be loaded comes with its reason. They are loaded side by side. */
  async load(places: LoadPlaces): Promise<LoadedPlugin[]> {
    const { config, paths, log } = places
    await new PluginsFolder(paths.plugins).recover(log)
    // an install that was cut short is no plugin any more
    await this.scan(paths.plugins)
    const locks = await readLocks(paths)
    const there = [...this.#there().map(({ name }) => name), ...this.#folders.keys()]
    const added = Object.keys(config.plugins).filter((name) => !there.includes(name))
    return await Promise.all([...new Set([...there, ...added])].map((name) => this.#load(name, places, locks)))
  }

  /** One plugin, found and imported anew, by the name of its section; with `enabled`, also where the configuration disables it. Never rejects. */
  async reload(name: string, places: LoadPlaces, enabled?: true): Promise<LoadedPlugin> {
    return await this.#load(name, places, await readLocks(places.paths), { fresh: ++this.#loads, ...(enabled && { enabled }) })
  }

  #there(): readonly Plugin[] {
    return [...this.#builtIns.map(({ plugin }) => plugin), ...this.#given]
  }

  async #load(name: string, { config, paths, log, importing }: LoadPlaces, locks: LockEntries | ShoalError, anew: Reload = {}): Promise<LoadedPlugin> {
    const { fresh, enabled } = anew
    const entry = { ...entryOf(name, config), ...(enabled && { enabled }) }
    const code = { importing: (path: string): void => importing?.(name, path) }
    const around = { ...code, log, runDir: paths.runDir, nursery: this.nursery }
    const from = this.#folders.get(name)
    if (from !== undefined && entry.use === undefined) {
      const installed = locks instanceof ShoalError ? locks : locks[from]
      const load = { ...around, ...(installed && { installed }), ...(fresh !== undefined && { fresh }) }
      const loaded = await installedFolder({ ...entry, name: from }, join(paths.plugins, from), load)
      return { ...(loaded ?? gone(entry, from)), name }
    }
    const options = {
      ...code,
      builtIns: this.#there(),
      configDir: paths.configDir,
      packageDirs: [paths.plugins, join(paths.plugins, 'node_modules')],
      ...(fresh !== undefined && { fresh }),
    }
    const about = this.#builtIns.find(({ plugin }) => plugin.name === (entry.use ?? name))?.plugin.info
    const loaded = (await portableFolder(entry, paths.configDir, around)) ?? (await resolvePlugin(entry, options))
    return { ...(about && { about }), ...loaded }
  }
}

/** Does `HOME/plugins/NAME` hold a plugin? */
async function isPlugin(folder: string, name: string): Promise<boolean> {
  const files = await Promise.all([portableFile, `${name}.json`].map((file) => stat(join(folder, name, file)).catch(() => undefined)))
  return files.some((found) => found?.isFile() === true)
}

function withSection(folder: string): (readonly [section: string, folder: string])[] {
  const section = isPluginName(folder) ? folder : shoalName(folder)
  return section === undefined ? [] : [[section, folder]]
}

async function readLocks(paths: Paths): Promise<LockEntries | ShoalError> {
  return await readLock(paths.plugins).catch((error: unknown) => ShoalError.from(error))
}

function entryOf(name: string, config: Config): PluginEntry & { readonly enabled: boolean; readonly required: boolean } {
  const { enabled, required, use, startTimeout, ...rest } = config.plugins[name] ?? { enabled: true, required: false }
  const given = { ...(use !== undefined && { use }), ...(startTimeout !== undefined && { startTimeout }) }
  return { name, enabled, required, config: ownConfig(rest), ...given }
}

function gone({ enabled, required }: { readonly enabled: boolean; readonly required: boolean }, folder: string): Omit<LoadedPlugin, 'name'> {
  return { source: 'folder', enabled, required, error: new ShoalError('ERR_PLUGIN_UNKNOWN', `There is no plugin in the folder plugins/${folder} any more.`) }
}
