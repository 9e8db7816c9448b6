/** A folder that holds a plugin: which kind it is, and whether what it needs is there. */

import { constants } from 'node:fs'
import { access, chmod, open, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { ShoalError } from '../../../errors.js'
import { isPortableName, type Manifest, readManifest, requiredFiles } from '../ekuiper/manifest.js'
import {
  isInner,
  type ManifestOptions,
  manifestFile,
  manifestInvalid,
  maxManifest,
  type PluginManifest,
  readPluginManifest,
  thisPlatform,
} from './plugin-manifest.js'

/** A script of a package that runs once, before the plugin does. */
export interface InstallScript {
  readonly command: string
  readonly args: readonly string[]
}

/** What a folder holds. */
export type PluginPackage = {
  readonly name: string
  /** Empty where the manifest says none. */
  readonly version: string
  readonly script?: InstallScript
} & ({ readonly kind: 'program' | 'module'; readonly manifest: PluginManifest } | { readonly kind: 'ekuiper'; readonly manifest: Manifest })

/** How a folder is looked at. */
export interface FolderOptions {
  /** The name that the plugin must have; without it the manifest says. */
  readonly name?: string
  /** Is it a package, whose manifest must say name and version? Default false: a folder that somebody put there. */
  readonly packaged?: boolean
  /** Has its install script run, so that everything must be there? Default: unless it is a package. */
  readonly prepared?: boolean
  /** Names at the top of the folder, to find the manifest of eKuiper where `name` is not known. */
  readonly entries?: readonly string[]
}

/** What eKuiper runs. */
const ekuiperScript: InstallScript = { command: '/bin/sh', args: ['install.sh'] }

/** Reads a folder's manifest and checks it and the files that it names. Undefined: there is no manifest. Rejects with `ERR_PLUGIN_INVALID`. */
export async function readPluginFolder(folder: string, options: FolderOptions = {}): Promise<PluginPackage | undefined> {
  const native = await readSmall(join(folder, manifestFile))
  if (native) return await readNative(folder, native, options)
  for (const name of ekuiperNames(options)) {
    const bytes = await readSmall(join(folder, `${name}.json`))
    if (bytes && (options.name !== undefined || looksEkuiper(bytes))) return await readEkuiper(folder, name, bytes)
  }
  return undefined
}

/** May a file of the package be meant by `command`? A word alone is looked up in PATH. */
export function commandFile(command: string): string | undefined {
  const path = command.replace(/^\.\//, '')
  return command.includes('/') && !command.startsWith('/') && isInner(path) ? path : undefined
}

/** Makes runnable what the package runs: zips that were made on Windows carry no modes. Only files of the folder. */
export async function makeRunnable(folder: string, plugin: PluginPackage): Promise<void> {
  const file = plugin.kind === 'ekuiper' ? plugin.manifest.executable : commandFile(plugin.manifest.command ?? '')
  if (file !== undefined && (await isFile(join(folder, file)))) await chmod(join(folder, file), 0o700)
}

async function readNative(folder: string, bytes: Uint8Array, { name, packaged, prepared }: FolderOptions): Promise<PluginPackage> {
  const file = packaged ? manifestFile : join(folder, manifestFile)
  const options: ManifestOptions = { file, ...(name !== undefined && { name }), ...(packaged !== undefined && { packaged }) }
  const manifest = readPluginManifest(bytes, options)
  await checkNative(folder, file, manifest, prepared ?? !packaged)
  const { command, install } = manifest
  return {
    kind: command === undefined ? 'module' : 'program',
    name: manifest.name ?? name ?? '',
    version: manifest.version ?? '',
    manifest,
    ...(install && { script: { command: install.command, args: install.args ?? [] } }),
  }
}

async function checkNative(folder: string, file: string, manifest: PluginManifest, prepared: boolean): Promise<void> {
  const { command, module, install, platforms } = manifest
  const problem = (path: string, message: string): ShoalError => manifestInvalid([{ file, path, message }])
  if (platforms && !platforms.includes(thisPlatform)) throw problem('/platforms', `it is made for ${platforms.join(', ')}, not for ${thisPlatform}`)
  const inner = module ?? commandFile(command ?? '')
  if (inner === undefined && command?.includes('/') && !isAbsolute(command)) throw problem('/command', 'must lie in the folder: no .., no empty names')
  // what the install script makes cannot be there yet
  if (install && !prepared) return
  const there = inner === undefined ? await isProgram(command ?? '') : await isFile(join(folder, inner))
  if (there) return
  if (inner !== undefined) throw problem(module === undefined ? '/command' : '/module', `there is no file ${inner} in the folder`)
  const hint = (await isFile(join(folder, command ?? ''))) ? `; the file of the folder is "./${command}"` : ''
  throw problem('/command', `there is no program ${command} on this machine${hint}`)
}

/** A path from the root, or a name in PATH. */
async function isProgram(command: string): Promise<boolean> {
  const folders = isAbsolute(command) ? [''] : (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, command), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}

async function readEkuiper(folder: string, name: string, bytes: Uint8Array): Promise<PluginPackage> {
  const manifest = readManifest(name, bytes)
  for (const file of requiredFiles(manifest)) {
    if (await isFile(join(folder, file))) continue
    throw new ShoalError(
      'ERR_PLUGIN_INVALID',
      `The plugin ${name} is refused: ${file === manifest.executable ? 'cannot find executable' : 'missing'} ${file}.`,
      {
        data: { problems: [{ file: `${name}.json`, path: '', message: `missing ${file}` }] },
      },
    )
  }
  const script = (await isFile(join(folder, 'install.sh'))) ? { script: ekuiperScript } : {}
  return { kind: 'ekuiper', name, version: manifest.version, manifest, ...script }
}

function ekuiperNames({ name, entries = [] }: FolderOptions): readonly string[] {
  if (name !== undefined) return isPortableName(name) ? [name] : []
  const names = entries.filter((entry) => entry.endsWith('.json')).map((entry) => entry.slice(0, -'.json'.length))
  return names.filter(isPortableName).slice(0, 16)
}

/** Is this a manifest of eKuiper, and not any other JSON file? */
function looksEkuiper(bytes: Uint8Array): boolean {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof json === 'object' && json !== null && ['executable', 'sources', 'sinks', 'functions'].some((key) => key in json)
  } catch {
    return false
  }
}

/** A file's bytes, at most one more than a manifest may have; undefined where there is none. A pipe of that name holds up nobody. */
async function readSmall(path: string): Promise<Uint8Array | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
  if (!handle) return undefined
  try {
    if (!(await handle.stat()).isFile()) return undefined
    const buffer = Buffer.alloc(maxManifest + 1)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
