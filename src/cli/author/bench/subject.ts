/** The plugin in a folder, as an author tests it. */

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { resolvePlugin } from '../../../daemon/host/resolve.js'
import { ekuiperPlugin } from '../../../daemon/portable/ekuiper/ekuiper-plugin.js'
import { type PluginPackage, readPluginFolder } from '../../../daemon/portable/install/plugin-folder.js'
import type { PluginManifest } from '../../../daemon/portable/install/plugin-manifest.js'
import { attachPortable, describePortable, portablePlugin } from '../../../daemon/portable/native/portable-plugin.js'
import { ShoalError } from '../../../errors.js'
import type { Logger, Plugin } from '../../../plugin.js'
import { debugLine } from '../debug-line.js'

/** The process of a plugin. */
export interface ProcessView {
  status(): { readonly state: string; readonly pid?: number; readonly lastEnd?: string }
}

/** A plugin that was loaded, with its process where it has one. */
export interface Loaded {
  readonly plugin: Plugin
  readonly process?: ProcessView
  /** Another object of the same program. */
  readonly fresh?: () => Plugin
}

/** What is tested. */
export interface Subject {
  readonly folder: string
  readonly kind: PluginPackage['kind']
  /** The plugin as its files are now; another object each time. Rejects with why it cannot be had. */
  load(log: Logger, signal?: AbortSignal): Promise<Loaded>
  /** Removes what was made for it. */
  close(): Promise<void>
}

/** How the program of a plugin comes to run. */
export interface SubjectOptions {
  /** A person starts it, with the command that this is called with. */
  readonly attach?: (line: string) => void
}

/** Reads the manifest in a folder. Rejects with `ERR_PLUGIN_INVALID`, `ERR_NOT_FOUND`. */
export async function openSubject(given: string, { attach }: SubjectOptions = {}): Promise<Subject> {
  const folder = resolve(given)
  const entries = await readdir(folder).catch((cause: unknown) => {
    throw new ShoalError('ERR_NOT_FOUND', `There is no folder ${folder}.`, { cause })
  })
  const found = await readPluginFolder(folder, { entries })
  if (!found) {
    const hint = 'A plugin folder has shoal-plugin.json; shoal plugins new NAME makes one.'
    throw new ShoalError('ERR_PLUGIN_INVALID', `There is no plugin in ${folder}.`, { hint })
  }
  if (attach && found.kind !== 'program') throw new ShoalError('ERR_USAGE', '--attach is for a plugin that is a program of its own (command).')
  const place = attach && (await mkdtemp(join(tmpdir(), 'shoal-attach-')))
  const close = async (): Promise<void> => {
    if (place !== undefined) await rm(place, { recursive: true, force: true })
  }
  return { folder, kind: found.kind, load: loaderOf(folder, found, attach && { attach, socket: join(`${place}`, 'plugin.sock') }), close }
}

function loaderOf(folder: string, found: PluginPackage, attaching: Attaching | undefined): Subject['load'] {
  if (found.kind === 'ekuiper') return async () => loadEkuiper(folder, found)
  const { manifest } = found
  if (found.kind === 'module') return () => loadModule(folder, manifest.module ?? '')
  if (attaching) return (log, signal) => loadAttached(folder, manifest, attaching, { log, ...(signal && { signal }) })
  return (log, signal) => loadProgram(folder, manifest, log, signal)
}

async function loadProgram(folder: string, { command = '', args, env, name }: PluginManifest, log: Logger, signal?: AbortSignal): Promise<Loaded> {
  const program = { name: name ?? basename(folder), command, folder, ...(args && { args }), ...(env && { env }) }
  const description = await describePortable(program, { log, ...(signal && { signal }) })
  checkName(name, description.name)
  const plugin = portablePlugin({ program, description })
  return { plugin, process: plugin, fresh: () => portablePlugin({ program, description }) }
}

/** ms, as long as timers go: the author may stand at a breakpoint. */
const forever = 2 ** 31 - 1

interface Attaching {
  readonly attach: (line: string) => void
  /** Where the bench waits; the same each time, so that the command stays the same. */
  readonly socket: string
}

interface Loading {
  readonly log: Logger
  readonly signal?: AbortSignal
}

async function loadAttached(folder: string, manifest: PluginManifest, { attach, socket }: Attaching, loading: Loading): Promise<Loaded> {
  const onWaiting = (): void => attach(debugLine(folder, manifest, socket))
  const times = { start: forever, call: forever, forgotten: forever, restart: forever }
  const name = manifest.name ?? basename(folder)
  const plugin = await attachPortable({ name, times, attach: { socket, onWaiting }, ...loading })
  checkName(manifest.name, plugin.name)
  return { plugin, process: plugin }
}

function checkName(manifest: string | undefined, said: string): void {
  if (manifest === undefined || manifest === said) return
  throw new ShoalError('ERR_PLUGIN_INVALID', `The manifest calls the plugin ${manifest}, the program calls itself ${said}.`)
}

async function loadModule(folder: string, module: string): Promise<Loaded> {
  const { plugin, error } = await resolvePlugin({ name: basename(folder), use: resolve(folder, module) }, { builtIns: [], configDir: folder })
  if (!plugin) throw error ?? new ShoalError('ERR_PLUGIN_FAILED', `The module ${module} holds no plugin.`)
  return { plugin }
}

function loadEkuiper(folder: string, { manifest }: Extract<PluginPackage, { kind: 'ekuiper' }>): Loaded {
  const made = ekuiperPlugin({ folder, manifest })
  // what a plugin is configured with differs from plugin to plugin; to the host all of them are alike
  return { plugin: made as Plugin, process: made, fresh: () => ekuiperPlugin({ folder, manifest }) as Plugin }
}
