/** The configuration in force: its values, where each comes from, and changes at run time. */

import { ShoalError } from '../../errors.js'
import { hidden, redactText } from '../util/redact.js'
import { isSecret } from './check.js'
import { findKey, namedByUse, parseText } from './find-key.js'
import { dotted, isMapping, type KeyPath, pointerOf, valueAt } from './key-path.js'
import type { Layer, LayerKind, Merged } from './layer.js'
import { configSchema, type KnownPlugins } from './plugin-schema.js'
import { configInvalid, type Problem } from './problem.js'
import { resolveLayers } from './resolve.js'
import { changeText, readRuntimeText, writeRuntimeText } from './runtime-file.js'
import type { Config } from './schema.js'
import { type SchemaView, schemaAt } from './schema-walk.js'
import { parseYaml } from './yaml-file.js'

/** The layers as they were read. */
export interface LoadedLayers {
  /** All but the changes made at run time. */
  readonly below: readonly Layer[]
  readonly all: readonly Layer[]
  /** Where changes are kept; `undefined`: nothing can be changed. */
  readonly runtimeFile: string | undefined
  readonly warnings: readonly Problem[]
}

/** One value and its layer. Secrets are hidden. */
export interface Source {
  readonly key: string
  readonly value: unknown
  readonly layer: LayerKind
  readonly file?: string
  readonly line?: number
  /** Environment variable or flag. */
  readonly from?: string
}

/** What a change did. */
export interface RuntimeChange {
  /** The full key: `plugins.rtmp.port`. */
  readonly key: string
  /** The value in force now, secrets hidden; `undefined` when the key has none. */
  readonly value: unknown
  /** It counts from the next start. Otherwise the caller applies {@link LoadedConfig.config} now. */
  readonly restart: boolean
  readonly file: string
}

/** See {@link loadConfig}. */
export class LoadedConfig {
  #config: Config
  #merged: Merged
  #changing: Promise<unknown> = Promise.resolve()
  readonly #layers: LoadedLayers
  /** All layers as they are now. */
  #all: readonly Layer[]
  #known: KnownPlugins
  #schema: SchemaView

  constructor(parts: { readonly config: Config; readonly merged: Merged; readonly layers: LoadedLayers; readonly known: KnownPlugins }) {
    this.#config = parts.config
    this.#merged = parts.merged
    this.#layers = parts.layers
    this.#all = parts.layers.all
    this.#known = parts.known
    this.#schema = configSchema(parts.known)
  }

  /** The whole configuration, deeply frozen. Another object after each change. */
  get config(): Config {
    return this.#config
  }

  /** What is odd but no error: unknown variables, files that were left out. */
  get problems(): readonly Problem[] {
    return this.#layers.warnings
  }

  /** JSON Schema of all keys, plugins included. */
  get schema(): SchemaView {
    return this.#schema
  }

  /** The configuration as people may see it. */
  shown(): Record<string, unknown> {
    return this.#show(this.#config, []) as Record<string, unknown>
  }

  /** Every value with the layer it comes from, in the order of keys. */
  sources(): Source[] {
    return this.#sourcesOf(this.#config, [])
  }

  /** One value or section, secrets hidden. Throws `ERR_NOT_FOUND` with the nearest keys. */
  get(key: string): { readonly key: string; readonly value: unknown; readonly sources: readonly Source[] } {
    const { path } = this.#find(key, (message) => new ShoalError('ERR_NOT_FOUND', `${message}.`))
    const value = valueAt(this.#config, path)
    return { key: dotted(path), value: this.#show(value, path), sources: value === undefined ? [] : this.#sourcesOf(value, path) }
  }

  /**
   * Changes one value and keeps it in `90-runtime.yaml`; `undefined` takes an earlier change back. The whole result is
   * checked before anything is written. Text is read by the key's type. Throws `ERR_CONFIG_INVALID`. Calls run one after another.
   */
  setRuntime(key: string, value: unknown): Promise<RuntimeChange> {
    const change = this.#changing.then(() => this.#change(key, value))
    this.#changing = change.catch(() => {})
    return change
  }

  /**
   * Makes a plugin known that came while the daemon runs, or whose schema was found out: its section can be read and set. A
   * schema that the section of now does not fit is left out, so that it stands in no other key's way.
   */
  learn(name: string, schema: object | undefined): void {
    const { pluginSchemas, ...rest } = this.#known
    const known = (own: object | undefined): KnownPlugins => ({ ...rest, pluginSchemas: { ...pluginSchemas, [name]: own } })
    if (!this.#adopt(known(schema)) && schema !== undefined) this.#adopt(known(undefined))
  }

  /** The plugin is gone. While there is a section of it in a file it stays known, as it would be an error. */
  forget(name: string): void {
    const { pluginSchemas, ...rest } = this.#known
    this.#adopt({ ...rest, pluginSchemas: Object.fromEntries(Object.entries(pluginSchemas).filter(([key]) => key !== name)) })
  }

  #adopt(known: KnownPlugins): boolean {
    const { config, merged } = resolveLayers(this.#all, known)
    if (!config) return false
    this.#known = known
    this.#config = config
    this.#merged = merged
    this.#schema = configSchema(known)
    return true
  }

  async #change(key: string, value: unknown): Promise<RuntimeChange> {
    const file = this.#layers.runtimeFile
    if (file === undefined) throw new ShoalError('ERR_CONFIG_INVALID', 'This configuration has no folder in which changes could be kept.')
    const added = namedByUse(key.split('.'))
    const { path, schema } = this.#find(key, (message) => configInvalid([{ path: key, message }]), added === undefined ? [] : [added])
    const given = typeof value === 'string' ? parseText(value, schema) : value
    const text = changeText(await readRuntimeText(file), path, given, file)
    const all = [...this.#layers.below, runtimeLayer(text, file)]
    const { config, problems, merged } = resolveLayers(all, this.#known)
    if (!config) throw configInvalid(problems.map((problem) => withoutPlace(problem, file, dotted(path))))
    await writeRuntimeText(file, text)
    this.#all = all
    this.#config = config
    this.#merged = merged
    return { key: dotted(path), value: this.#show(valueAt(config, path), path), restart: !this.#isLive(path), file }
  }

  /** `added`: a plugin that the change adds. */
  #find(key: string, fail: (message: string) => ShoalError, added: readonly string[] = []): { readonly path: KeyPath; readonly schema: SchemaView } {
    const found = findKey(key.split('.'), this.#known, [...Object.keys(this.#config.plugins), ...added])
    if (!('path' in found)) throw fail(found.message)
    return found
  }

  #isLive(path: KeyPath): boolean {
    return path.some((_, index) => schemaAt(this.#schema, path.slice(0, index + 1))?.live === true)
  }

  #sourcesOf(value: unknown, path: KeyPath): Source[] {
    if (isMapping(value) && Object.keys(value).length > 0) {
      const keys = Object.keys(value).sort()
      return keys.flatMap((key) => this.#sourcesOf(value[key], [...path, key]))
    }
    const { kind = 'default', file, line, from } = this.#merged.origins.get(pointerOf(path)) ?? {}
    const place = { ...(file !== undefined && { file }), ...(line !== undefined && { line }), ...(from !== undefined && { from }) }
    return [{ key: dotted(path), value: this.#show(value, path), layer: kind, ...place }]
  }

  #show(value: unknown, path: KeyPath): unknown {
    if (value !== undefined && path.length > 0 && !isMapping(value) && isSecret(schemaAt(this.#schema, path), path)) return hidden
    if (Array.isArray(value)) return value.map((item, index) => this.#show(item, [...path, index]))
    if (isMapping(value)) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, this.#show(part, [...path, key])]))
    return typeof value === 'string' ? redactText(value) : value
  }
}

/** What is wrong with the new value stands in no file yet. */
function withoutPlace(problem: Problem, file: string, key: string): Problem {
  return problem.file === file && problem.path.startsWith(key) ? { path: problem.path, message: problem.message } : problem
}

function runtimeLayer(text: string, file: string): Layer {
  const { value, places, problems, broken } = parseYaml(text, file)
  return { kind: 'runtime', value, places, problems, broken }
}
