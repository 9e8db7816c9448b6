/** Reads all layers of the configuration and makes one validated, frozen object of them. */

import { readdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type AssignedLayer, addedPlugins, environmentLayer, flagLayer } from './environment.js'
import { isMapping } from './key-path.js'
import type { Layer } from './layer.js'
import { LoadedConfig, type LoadedLayers } from './loaded-config.js'
import type { KnownPlugins } from './plugin-schema.js'
import { configInvalid, type Problem } from './problem.js'
import { resolveLayers } from './resolve.js'
import { folded } from './suggest.js'
import { readYaml, type YamlData } from './yaml-file.js'

/** Where configuration comes from. */
export interface ConfigOptions extends KnownPlugins {
  /** `shoal.yaml`. Absent or not there: defaults. */
  readonly file?: string
  /** The file was named by a person: that it is not there is a problem. */
  readonly fileRequired?: boolean
  /** `shoal.d`: its `*.yaml` in the order of their names, and `90-runtime.yaml`, which is the last layer of all. */
  readonly folder?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Keys as in `--set KEY=VALUE`. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** Default of `node.name`; the machine's name unless given. */
  readonly nodeName?: string
}

/** Name of the file that keeps changes made at run time. */
export const runtimeFileName = '90-runtime.yaml'
const maxFiles = 100

/** Loads and checks as a whole. Throws `ERR_CONFIG_INVALID` whose `data.problems` lists every problem. */
export async function loadConfig(options: ConfigOptions): Promise<LoadedConfig> {
  const layers = await readLayers(options)
  const { config, problems, merged } = resolveLayers(layers.all, options)
  if (!config) throw configInvalid(problems)
  return new LoadedConfig({ config, merged, layers, known: options })
}

/** What is wrong, and what is odd but no error; for `shoal config check`. Does not throw for what the files hold. */
export async function checkConfig(options: ConfigOptions): Promise<{ readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }> {
  const layers = await readLayers(options)
  const { problems } = resolveLayers(layers.all, options)
  return { problems: [...problems, ...hiddenProblems(layers, problems, options)], warnings: layers.warnings }
}

/** Wrong values in files that the environment or a flag hides today: the next start without it would meet them. */
function hiddenProblems(layers: LoadedLayers, known: readonly Problem[], options: ConfigOptions): readonly Problem[] {
  const hiding = layers.all.filter(({ kind }) => kind === 'environment' || kind === 'flag')
  const isHidden = ({ path }: Problem): boolean => hiding.some(({ places }) => places.has(`/${path.replaceAll('.', '/')}`))
  const isKnown = ({ file, path }: Problem): boolean => known.some((problem) => problem.file === file && problem.path === path)
  const files = layers.all.filter((layer) => !hiding.includes(layer))
  return resolveLayers(files, options).problems.filter((problem) => problem.file !== undefined && isHidden(problem) && !isKnown(problem))
}

async function readLayers(options: ConfigOptions): Promise<LoadedLayers> {
  const { file, folder } = options
  const main = file === undefined ? undefined : await readYaml(file)
  const missing: Problem[] = main === undefined && file !== undefined && options.fileRequired ? [{ file, path: '', message: 'does not exist' }] : []
  const { files, warnings } = await readFolder(folder)
  const runtimeFile = folder === undefined ? undefined : join(folder, runtimeFileName)
  const runtime = runtimeFile === undefined ? undefined : await readYaml(runtimeFile)
  const written = [main, ...files].filter((data) => data !== undefined).map((data) => fileLayer(data, 'file'))
  const last = runtime ? fileLayer(runtime, 'runtime') : undefined
  const plugins = withAdded(pluginNames(options, last ? [...written, last] : written), addedPlugins(options.env ?? {}, options.flags ?? {}))
  const environment = environmentLayer(options.env ?? {}, options, plugins)
  const flags: AssignedLayer = flagLayer(options.flags ?? {}, options, plugins)
  const below: Layer[] = [{ ...defaults(options), problems: missing }, ...written, environment, flags]
  return { below, all: last ? [...below, last] : below, runtimeFile, warnings: [...warnings, ...environment.warnings] }
}

function defaults(options: ConfigOptions): Layer {
  const name = cleanName(options.nodeName ?? hostname())
  return { kind: 'default', value: { node: { name } }, places: new Map(), problems: [] }
}

/** A machine's name may hold what a node's name may not. */
function cleanName(name: string): string {
  return (
    name
      .replace(/[\u0000-\u001f\u007f]/g, '')
      .slice(0, 64)
      .trim() || 'shoal'
  )
}

async function readFolder(folder: string | undefined): Promise<{ files: YamlData[]; warnings: Problem[] }> {
  if (folder === undefined) return { files: [], warnings: [] }
  let names: string[]
  try {
    names = (await readdir(folder)).sort()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { files: [], warnings: [] }
    return { files: [unreadable(folder, `cannot be read: ${message}`)], warnings: [] }
  }
  const chosen = names.filter((name) => name.endsWith('.yaml') && !name.startsWith('.') && name !== runtimeFileName)
  if (chosen.length > maxFiles) return { files: [unreadable(folder, `holds ${chosen.length} files; at most ${maxFiles} are read`)], warnings: [] }
  const files = await Promise.all(chosen.map((name) => readYaml(join(folder, name))))
  const odd = names.filter((name) => /\.(yml|json)$/.test(name))
  const warnings = odd.map((name) => ({ file: join(folder, name), path: '', message: 'was left out; only names that end in .yaml are read' }))
  return { files: files.filter((data) => data !== undefined), warnings }
}

function unreadable(file: string, message: string): YamlData {
  return { value: {}, places: new Map(), problems: [{ file, path: '', message }], broken: true }
}

/** A file as a layer. */
export function fileLayer(data: YamlData, kind: 'file' | 'runtime'): Layer {
  return { kind, value: data.value, places: data.places, problems: data.problems, broken: data.broken }
}

/** Plugins that are known, and those the files add with `use`. */
function pluginNames(known: KnownPlugins, layers: readonly Layer[]): string[] {
  const written = layers.flatMap(({ value }) => (isMapping(value['plugins']) ? Object.keys(value['plugins']) : []))
  return [...new Set([...Object.keys(known.pluginSchemas), ...written])]
}

/** With those that are not there yet under some spelling. */
function withAdded(names: readonly string[], added: readonly string[]): string[] {
  const known = new Set(names.map(folded))
  return [...names, ...new Set(added.filter((name) => !known.has(folded(name))))]
}
