/** From a config entry to a plugin object: built in, a file, or an npm package. Whatever goes wrong becomes the entry's `error`. */

import { readFile, realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ShoalError } from '../../errors.js'
import type { Plugin } from '../../plugin.js'
import { contain, describe } from './containment.js'
import type { LoadedPlugin } from './hosted.js'

/** A plugin as the config names it. */
export interface PluginEntry {
  readonly name: string
  /** A built-in's name, a path (absolute, or from the config folder with `./` or `../`), or a package. Default: `name`. */
  readonly use?: string
  readonly enabled?: boolean
  readonly required?: boolean
  /** ms that its import and its `start` have; default 30,000 each. */
  readonly startTimeout?: number
  readonly config?: unknown
}

/** Where plugins are looked for. */
export interface ResolveOptions {
  readonly builtIns: readonly Plugin[]
  /** Folder of the config file: paths start here, and packages are looked for from here upwards. */
  readonly configDir: string
  /** More folders with a `node_modules` of their own, such as the home's `plugins`. */
  readonly packageDirs?: readonly string[]
  /** ms an import and a factory function have; default 30,000. */
  readonly limit?: number
  /** A number that was not used before: the file is read anew, though it was imported before. What it imports itself is not. */
  readonly fresh?: number
  /** Told where its code lies before it is imported: a file, or the folder of a package. Absolute, without symbolic links. */
  readonly importing?: (code: string) => void
}

/** Finds and imports. Never rejects; a disabled entry that is not built in is not imported. */
export async function resolvePlugin(entry: PluginEntry, options: ResolveOptions): Promise<LoadedPlugin> {
  const from = entry.use ?? entry.name
  const { name, enabled, required, startTimeout, config } = entry
  const host = { ...(enabled !== undefined && { enabled }), ...(required !== undefined && { required }), ...(startTimeout !== undefined && { startTimeout }) }
  const base = { name, ...host, ...(config !== undefined && { config }) }
  const builtIn = options.builtIns.find((plugin) => plugin.name === from)
  if (builtIn) return { ...base, source: 'built-in', plugin: builtIn }
  if (enabled === false) return { ...base, source: from }
  try {
    const url = isPath(from) ? await locateFile(from, options) : await locatePackage(from, options)
    options.importing?.(await codeOf(from, url))
    return {
      ...base,
      source: url.startsWith('file:') && isPath(from) ? fileURLToPath(url) : from,
      plugin: await importPlugin(from, renewed(url, options.fresh), startTimeout ?? options.limit ?? 30_000),
    }
  } catch (error) {
    return { ...base, source: from, error: ShoalError.from(error, 'ERR_PLUGIN_FAILED') }
  }
}

/** A file that was named is the plugin alone; otherwise its folder is. */
async function codeOf(from: string, url: string): Promise<string> {
  const file = fileURLToPath(url)
  const inPackage = join('node_modules', from)
  const code = isPath(from) ? file : file.slice(0, file.lastIndexOf(inPackage) + inPackage.length)
  return await realpath(code)
}

/** The engine keeps modules by their URL, and those of CommonJS by their file. */
function renewed(url: string, fresh: number | undefined): string {
  if (fresh === undefined) return url
  delete createRequire(url).cache[fileURLToPath(url)]
  return `${url}?fresh=${fresh}`
}

function isPath(from: string): boolean {
  return isAbsolute(from) || from.startsWith('./') || from.startsWith('../') || from.startsWith('file:')
}

async function locateFile(from: string, options: ResolveOptions): Promise<string> {
  const path = from.startsWith('file:') ? fileURLToPath(from) : resolve(options.configDir, from)
  const tried = [path, join(path, 'index.js'), join(path, 'index.mjs')]
  for (const file of tried) if (await isFile(file)) return pathToFileURL(file).href
  throw unknownPlugin(from, options, tried)
}

async function locatePackage(name: string, options: ResolveOptions): Promise<string> {
  const tried: string[] = []
  if (!/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(name)) throw unknownPlugin(name, options, ['no package has such a name'])
  for (const start of [...(options.packageDirs ?? []), options.configDir, dirname(fileURLToPath(import.meta.url))]) {
    for (const folder of upwards(start)) {
      const home = join(folder, 'node_modules', name)
      if (await isFile(join(home, 'package.json'))) return pathToFileURL(await entryFile(home)).href
    }
    tried.push(join(start, 'node_modules', name))
  }
  throw unknownPlugin(name, options, tried)
}

/** The folder and its parents. */
function upwards(folder: string): string[] {
  const path = resolve(folder)
  const parent = dirname(path)
  return parent === path ? [path] : [path, ...upwards(parent)]
}

/** The file that `import` of a package means. Source: Node.js, Modules: Packages, "Package entry points". */
async function entryFile(home: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'))
  const { exports, main }: { exports?: unknown; main?: unknown } = Object(manifest)
  const file = exports === undefined ? undefined : exported(exports)
  if (file !== undefined) return join(home, file)
  if (exports !== undefined) throw new ShoalError('ERR_PLUGIN_FAILED', `The package ${home} exports nothing that can be imported.`)
  return typeof main === 'string' ? createRequire(join(home, 'package.json')).resolve(`./${main}`) : join(home, 'index.js')
}

/** Follows `.` and the conditions Node sets for `import`, in the order in which the package lists them. */
function exported(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports.startsWith('./') && !exports.includes('..') ? exports : undefined
  if (Array.isArray(exports)) return exports.map(exported).find((file) => file !== undefined)
  if (typeof exports !== 'object' || exports === null) return undefined
  for (const [key, value] of Object.entries(exports)) {
    if (key !== '.' && !['import', 'node', 'default', 'module-sync'].includes(key)) continue
    const file = exported(value)
    if (file !== undefined) return file
  }
  return undefined
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

async function importPlugin(from: string, url: string, limit: number): Promise<Plugin> {
  const outcome = await contain(`The import of ${from}`, async () => fromModule(await import(url), limit), limit)
  if (outcome.kind === 'done') return outcome.value
  if (outcome.error instanceof ShoalError) throw outcome.error
  throw new ShoalError('ERR_PLUGIN_FAILED', `The plugin ${from} could not be imported: ${describe(outcome.error)}`, { cause: outcome.error })
}

/** The default export or the one named `plugin`; a function is called and makes the plugin. The host checks what comes out. */
async function fromModule(module: Record<string, unknown>, limit: number): Promise<Plugin> {
  const first = module['default'] ?? module['plugin']
  // a CommonJS module that was compiled from ESM keeps its default one level deeper
  const found: unknown = isObject(first) && '__esModule' in first ? (first['default'] ?? first['plugin']) : first
  if (found === undefined) throw new ShoalError('ERR_PLUGIN_INVALID', 'The module exports neither a default nor a `plugin`.')
  if (typeof found !== 'function') return found as Plugin
  const made = await contain('The plugin factory', () => found() as Plugin, limit)
  if (made.kind === 'done') return made.value
  throw made.error
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function unknownPlugin(name: string, options: ResolveOptions, tried: readonly string[]): ShoalError {
  const builtIns = options.builtIns.map((plugin) => plugin.name).join(', ') || 'none'
  return new ShoalError('ERR_PLUGIN_UNKNOWN', `There is no plugin ${name}. Tried: built-in (${builtIns}); ${tried.join('; ')}.`, { data: { tried } })
}
