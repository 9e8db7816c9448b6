/** From a folder with a manifest to a plugin: a program of its own, a module that is imported, or a portable plugin of eKuiper. */

import { cp, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { LoadedPlugin } from '../host/hosted.js'
import { type PluginEntry, resolvePlugin } from '../host/resolve.js'
import { ekuiperPlugin } from '../portable/ekuiper/ekuiper-plugin.js'
import { type PluginPackage, readPluginFolder } from '../portable/install/plugin-folder.js'
import type { LockEntry } from '../portable/install/plugin-lock.js'
import { manifestFile } from '../portable/install/plugin-manifest.js'
import { modulePrefix } from '../portable/install/plugins-folder.js'
import { changedFile } from '../portable/install/tree-hash.js'
import { type PortableTimes, portableTimes } from '../portable/native/limits.js'
import { describePortable, type PortableAttach, portablePlugin } from '../portable/native/portable-plugin.js'
import { programKeys } from '../portable/native/program-keys.js'
import type { Nursery } from '../portable/process/nursery.js'
import { version } from './version.js'

/** Name of the file that makes a folder a plugin. */
export const portableFile: string = manifestFile

/** How a folder is loaded. */
export interface FolderLoad {
  readonly log: Logger
  /** What the lock says of it; an error where the lock cannot be read. */
  readonly installed?: LockEntry | ShoalError
  /** A number that was not used before: a module is read anew. */
  readonly fresh?: number
  readonly signal?: AbortSignal
  /** Where programs that a person starts find the daemon. */
  readonly runDir?: string
  /** Starts programs; default: each its own. */
  readonly nursery?: Nursery | undefined
  /** Told where the code of a module lies before it is imported. */
  readonly importing?: (code: string) => void
}

type Base = Omit<LoadedPlugin, 'plugin' | 'error'>

/** The plugin of an entry whose `use` is such a folder; undefined for any other. Never rejects: what goes wrong becomes the entry's `error`. */
export async function portableFolder(entry: PluginEntry, configDir: string, load: FolderLoad): Promise<LoadedPlugin | undefined> {
  const { use } = entry
  if (use === undefined || !(isAbsolute(use) || /^\.\.?(\/|$)/.test(use))) return undefined
  const folder = resolve(configDir, use)
  return (await isFile(join(folder, manifestFile))) ? await loadFolder(baseOf(entry, folder), folder, load) : undefined
}

/** The plugin in the folder `HOME/plugins/NAME`; undefined when there is no manifest in it. Never rejects. */
export async function installedFolder(entry: PluginEntry, folder: string, load: FolderLoad): Promise<LoadedPlugin | undefined> {
  const there = await Promise.all([manifestFile, `${entry.name}.json`].map((file) => isFile(join(folder, file))))
  if (!there.includes(true)) return undefined
  const base = baseOf(entry, load.installed && !(load.installed instanceof ShoalError) ? load.installed.source : 'folder')
  return await loadFolder(base, folder, load, entry.name)
}

/** Lets a program say what it is, from where it was unpacked, before anything makes room for it. Rejects with why it cannot. Modules cannot be tried so. */
export async function tryFolder(name: string, folder: string, load: FolderLoad): Promise<void> {
  const found = await readPluginFolder(folder, { name })
  if (found?.kind === 'program') await makers.program({ name, source: folder }, folder, found, load)
}

/** `name`: the one that the manifest must have where it says one. */
async function loadFolder(base: Base, folder: string, load: FolderLoad, name?: string): Promise<LoadedPlugin> {
  if (base.enabled === false) return base
  try {
    await checkInstalled(base.name, folder, load.installed)
    const found = await readPluginFolder(folder, name === undefined ? {} : { name })
    if (!found) throw new ShoalError('ERR_PLUGIN_INVALID', `There is no ${manifestFile} in ${folder}.`)
    return { about: aboutOf(found), ...(await makers[found.kind](base, folder, found, load)) }
  } catch (error) {
    return { ...base, error: ShoalError.from(error, 'ERR_PLUGIN_FAILED') }
  }
}

function aboutOf({ manifest }: PluginPackage): NonNullable<LoadedPlugin['about']> {
  const { version, description, author } = { description: undefined, author: undefined, ...manifest }
  return { ...(version && { version }), ...(description !== undefined && { description }), ...(author !== undefined && { author }) }
}

async function checkInstalled(name: string, folder: string, installed: LockEntry | ShoalError | undefined): Promise<void> {
  if (installed instanceof ShoalError) throw installed
  const change = installed && (await changedFile(folder, installed.files))
  if (change) throw changedError(name, change)
}

/** `ERR_PLUGIN_CHANGED` that names the file. */
export function changedError(name: string, { path, how }: { readonly path: string; readonly how: 'changed' | 'missing' }): ShoalError {
  const what = how === 'missing' ? 'is missing' : 'is not what was installed'
  return new ShoalError('ERR_PLUGIN_CHANGED', `The file ${path} of the plugin ${name} ${what}.`, { data: { plugin: name, file: path, how } })
}

type Maker = (base: Base, folder: string, found: PluginPackage, load: FolderLoad) => Promise<LoadedPlugin>

const makers: Readonly<Record<PluginPackage['kind'], Maker>> = {
  program: async (base, folder, found, { log, signal, runDir, nursery }) => {
    if (found.kind === 'ekuiper' || found.manifest.command === undefined) throw new ShoalError('ERR_PLUGIN_INVALID')
    const { command, args, env } = found.manifest
    const { keys, own } = programKeys(base.name, base.config)
    const { attach, nice, ...limits } = keys
    const program = { name: base.name, folder, command, ...(args && { args }), ...(env && { env }), ...(nice !== undefined && { nice }) }
    const agent = `shoal/${version}`
    const times = timesOf(base)
    const description = await describePortable(program, { log, agent, nursery, ...(times && { times }), ...(signal && { signal }) })
    if (found.manifest.name !== undefined && description.name !== found.manifest.name)
      throw new ShoalError('ERR_PLUGIN_INVALID', `The program calls itself ${description.name}, its manifest ${found.manifest.name}.`)
    const socket = attach && runDir !== undefined && { attach: attachAt(runDir, base.name, log) }
    const plugin = portablePlugin({ program, agent, description, nursery, ...(times && { times }), ...limits, ...socket })
    return { ...base, ...(own !== undefined && { config: own }), plugin, process: plugin }
  },
  module: async (base, folder, found, { installed, fresh, importing }) => {
    if (found.kind === 'ekuiper' || found.manifest.module === undefined) throw new ShoalError('ERR_PLUGIN_INVALID')
    const from = installed instanceof ShoalError || !installed ? folder : await moduleCopy(folder, base.name, installed)
    importing?.(await realpath(from))
    const { plugin, error } = await resolvePlugin(
      { name: base.name, use: join(from, found.manifest.module) },
      { builtIns: [], configDir: from, ...(fresh !== undefined && { fresh }), ...(base.startTimeout !== undefined && { limit: base.startTimeout }) },
    )
    return { ...base, ...(plugin && { plugin }), ...(error && { error }) }
  },
  ekuiper: async (base, folder, found, { nursery }) => {
    if (found.kind !== 'ekuiper') throw new ShoalError('ERR_PLUGIN_INVALID')
    const plugin = ekuiperPlugin({ folder, manifest: found.manifest, nursery })
    return { ...base, plugin, process: plugin }
  },
}

/** Its Hello comes soon or not at all, whatever it may take to start. */
function timesOf({ startTimeout: start }: Base): Partial<PortableTimes> | undefined {
  return start === undefined ? undefined : { start, handshake: Math.min(start, portableTimes.handshake) }
}

/** The folder that this version is imported from; the engine reads a file of one path once, and a later version must not meet it. */
async function moduleCopy(folder: string, name: string, { tree }: LockEntry): Promise<string> {
  const copy = join(dirname(folder), `${modulePrefix}${name}-${tree.slice(0, 12)}`)
  const whole = join(copy, 'plugin')
  if (await isFolder(whole)) return whole
  await rm(copy, { recursive: true, force: true })
  await cp(folder, join(copy, 'part'), { recursive: true })
  await rename(join(copy, 'part'), whole)
  return whole
}

/** Where the program of a plugin finds the daemon when a person starts it. */
function attachAt(runDir: string, name: string, log: Logger): PortableAttach {
  const onWaiting = (socket: string): void => log.info('waits for the program of the plugin: start it with SHOAL_PLUGIN_SOCKET', { plugin: name, socket })
  return { socket: join(runDir, `plugin-${name}.sock`), onWaiting }
}

function baseOf({ name, enabled, required, startTimeout, config }: PluginEntry, source: string): Base {
  const given = { ...(enabled !== undefined && { enabled }), ...(required !== undefined && { required }), ...(config !== undefined && { config }) }
  return { name, source, ...given, ...(startTimeout !== undefined && { startTimeout }) }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
