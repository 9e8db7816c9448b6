/** From an archive to a checked folder that can be moved into place: fetched, unpacked, prepared, and held against its manifest. */

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../../errors.js'
import type { Logger } from '../../../plugin.js'
import type { Nursery } from '../process/nursery.js'
import { runInstallScript, scriptText } from './install-script.js'
import { fetchPackage } from './package-source.js'
import { makeRunnable, type PluginPackage, readPluginFolder } from './plugin-folder.js'
import { manifestFile } from './plugin-manifest.js'
import { type FileHashes, hashFiles } from './tree-hash.js'
import { unpack } from './unpack.js'

/** What an install is doing. Bytes where `total` is there. */
export interface InstallProgress {
  readonly step: 'download' | 'unpack' | 'script' | 'check' | 'try' | 'stop' | 'start'
  readonly done?: number
  readonly total?: number
}

/** How a package is staged. */
export interface StageOptions {
  /** An absolute path, or a URL of `file:`, `https:` or `http:`. */
  readonly source: string
  /** Folder in which a scratch folder is made: the one in which the plugin will stand, so that it can be moved. */
  readonly beside: string
  /** Name that the plugin must have. */
  readonly name?: string
  /** SHA-256 of the archive, hex. */
  readonly sha256?: string
  /** Also take http from other machines. */
  readonly allowHttp?: boolean
  /** Run the package's script. Without it a package that has one is refused; `skip` looks at the package and runs nothing. */
  readonly scripts?: 'refuse' | 'run' | 'skip'
  /** More arguments of the script. */
  readonly scriptArgs?: readonly string[]
  /** ms the script has. */
  readonly scriptTimeout?: number
  /** Runs the script. */
  readonly nursery?: Nursery | undefined
  readonly log: Logger
  readonly signal: AbortSignal
  onProgress?(progress: InstallProgress): void
}

/** A package that is ready to be moved into place. */
export interface Staged {
  /** The unpacked package. */
  readonly folder: string
  /** Holds `folder` and nothing that is wanted later. */
  readonly scratch: string
  readonly plugin: PluginPackage
  /** SHA-256 of the archive, hex. */
  readonly archive: string
  /** Hashes of the archive's files, as they are after the script. */
  readonly files: FileHashes
}

/** Makes a new scratch folder; what is left of it after a crash is removed at the next start. */
export async function makeScratch(beside: string): Promise<string> {
  const scratch = join(beside, `.install-${randomBytes(6).toString('hex')}`)
  await mkdir(scratch, { mode: 0o700 })
  return scratch
}

/**
 * Stages a package. Rejects with what {@link fetchPackage}, {@link unpack} and the script say, `ERR_PLUGIN_INVALID` for its manifest,
 * `ERR_PLUGIN_SCRIPTS` when it has a script that may not run; then nothing is left of it.
 */
export async function stagePackage(options: StageOptions): Promise<Staged> {
  const scratch = await makeScratch(options.beside)
  try {
    return await stageIn(scratch, options)
  } catch (error) {
    await rm(scratch, { recursive: true, force: true })
    options.signal.throwIfAborted()
    throw error
  }
}

async function stageIn(scratch: string, options: StageOptions): Promise<Staged> {
  const { signal, onProgress } = options
  const archiveFile = join(scratch, 'package.zip')
  const report =
    (step: InstallProgress['step']) =>
    (done: number, total: number | undefined): void =>
      onProgress?.({ step, done, ...(total !== undefined && { total }) })
  const archive = await fetchPackage({ ...options, target: archiveFile, onProgress: report('download') })
  const folder = join(scratch, 'package')
  let plugin: PluginPackage | undefined
  const check = async (unpacked: string): Promise<void> => {
    onProgress?.({ step: 'check' })
    plugin = await readPackage(unpacked, options.name)
    if (options.scripts !== 'skip') refuseScript(plugin, options)
  }
  const entries = await unpack({ archive: archiveFile, target: folder, signal, onProgress: report('unpack'), check })
  await rm(archiveFile)
  if (!plugin) throw new ShoalError('ERR_INTERNAL', 'The package was not looked at.')
  await makeRunnable(folder, plugin)
  if (options.scripts === 'run') await prepare(folder, plugin, options)
  const paths = entries.filter((entry) => !entry.folder).map(({ segments }) => segments.join('/'))
  return { folder, scratch, plugin, archive, files: await hashFiles(folder, paths) }
}

/** The package in a folder. `prepared`: its script has run. Rejects with `ERR_PLUGIN_INVALID`, also when there is none. */
export async function readPackage(folder: string, name: string | undefined, prepared = false): Promise<PluginPackage> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ShoalError('ERR_SOURCE_FAILED', `There is no folder that can be read: ${why}`, { cause })
  })
  const names = entries.map((entry) => entry.name)
  const found = await readPluginFolder(folder, { packaged: true, prepared, entries: names, ...(name !== undefined && { name }) })
  if (found) return found
  const [only] = entries
  if (entries.length === 1 && only?.isDirectory())
    throw new ShoalError('ERR_PLUGIN_INVALID', `Everything lies in one folder, ${only.name}/; the files of a plugin lie at the top of its archive.`, {
      hint: `Unzip it, and pack what is inside: shoal plugins pack ${only.name}`,
    })
  const missing = name === undefined ? `${manifestFile}, or NAME.json as for eKuiper` : `${manifestFile} or ${name}.json`
  throw new ShoalError('ERR_PLUGIN_INVALID', `There is no manifest: missing or invalid json file (${missing}), found ${names.length} files at its top.`)
}

function refuseScript({ name, script }: PluginPackage, { scripts }: StageOptions): void {
  if (!script || scripts === 'run') return
  throw new ShoalError('ERR_PLUGIN_SCRIPTS', `The package ${name} wants to run a script before it is installed: ${scriptText(script)}`, {
    hint: 'Look at it first; it runs with your rights. Then: --allow-scripts',
    data: { command: script.command, args: script.args },
  })
}

/** Runs the script; afterwards the package must still be right. */
async function prepare(folder: string, plugin: PluginPackage, options: StageOptions): Promise<void> {
  const { script } = plugin
  if (!script) return
  const { scriptArgs = [], scriptTimeout: timeout, log, signal, onProgress, nursery } = options
  onProgress?.({ step: 'script' })
  const args = [...script.args, ...scriptArgs]
  await runInstallScript({ folder, script: { ...script, args }, log, signal, nursery, ...(timeout !== undefined && { timeout }) })
  await readPackage(folder, plugin.name, true)
  await makeRunnable(folder, plugin)
}
