/** The manifest of an eKuiper portable plugin, `NAME.json` at the root of its zip, and what has to lie beside it. */

import { ShoalError } from '../../../errors.js'

/** What a plugin says of itself. Its name is that of the file. */
export interface Manifest {
  readonly name: string
  /** Empty where it says none. */
  readonly version: string
  readonly language: 'go' | 'python'
  /** File that is run, relative to the plugin's folder. */
  readonly executable: string
  /** Python only: run in this environment. */
  readonly environment?: { readonly type: 'conda'; readonly name: string }
  readonly sources: readonly string[]
  readonly sinks: readonly string[]
  readonly functions: readonly string[]
}

/** Bytes of a manifest, and symbols of each kind. */
const maxBytes = 64 * 1024
const maxSymbols = 256

/** What names a plugin or a symbol: it becomes part of file names and of socket names. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/

/** Is this the name of a plugin or of a symbol? */
export function isPortableName(name: string): boolean {
  return namePattern.test(name)
}

/**
 * Reads a manifest. Throws `ERR_PLUGIN_INVALID` whose `data.problems` lists everything that is wrong, each with its key; where
 * eKuiper has a text for it, that text.
 */
export function readManifest(name: string, bytes: Uint8Array): Manifest {
  if (name === '') throw invalid(name, [`invalid name ${name}: should not be empty`])
  if (!isPortableName(name)) throw invalid(name, [`invalid name ${name}: letters, digits, _ . - only, at most 64`])
  const json = parse(name, bytes)
  const problems: string[] = []
  const manifest: Manifest = {
    name,
    version: textOf(json, 'version', problems),
    language: languageOf(json, problems),
    executable: executableOf(json, problems),
    ...environmentOf(json, problems),
    sources: symbolsOf(json, 'sources', problems),
    sinks: symbolsOf(json, 'sinks', problems),
    functions: symbolsOf(json, 'functions', problems),
  }
  if (problems.length === 0 && [manifest.sources, manifest.sinks, manifest.functions].every((symbols) => symbols.length === 0))
    problems.push('invalid plugin, must define at lease one source, sink or function')
  if (problems.length > 0) throw invalid(name, problems)
  return manifest
}

/** Files that must be in the package. */
export function requiredFiles({ name, executable, sources }: Manifest): readonly string[] {
  return [`${name}.json`, executable, ...sources.map((source) => `sources/${source}.yaml`)]
}

type Fields = Readonly<Record<string, unknown>>

function parse(name: string, bytes: Uint8Array): Fields {
  if (bytes.length > maxBytes) throw invalid(name, [`${name}.json has more than ${maxBytes} bytes`])
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Fields
  } catch (cause) {
    throw new ShoalError('ERR_PLUGIN_INVALID', `missing or invalid json file ${name}.json: ${cause instanceof Error ? cause.message : 'no JSON'}`, { cause })
  }
  throw invalid(name, [`missing or invalid json file ${name}.json: it holds no object`])
}

function textOf(json: Fields, key: string, problems: string[]): string {
  const value = json[key] ?? ''
  if (typeof value === 'string' && value.length <= 255) return value
  problems.push(`${key}: must be a text of at most 255 characters`)
  return ''
}

function languageOf(json: Fields, problems: string[]): Manifest['language'] {
  const language = textOf(json, 'language', problems)
  if (language === 'go' || language === 'python') return language
  problems.push(language === '' ? 'invalid plugin, missing language' : `invalid plugin, language '${language}' is not supported`)
  return 'go'
}

function executableOf(json: Fields, problems: string[]): string {
  const executable = textOf(json, 'executable', problems)
  const segments = executable.split('/')
  if (executable === '') problems.push('invalid plugin, missing executable')
  else if (segments.some((segment) => ['', '.', '..'].includes(segment)) || /[\\\u0000-\u001f]/.test(executable))
    problems.push('executable: must be a file in the package, named without .. and backslashes')
  return executable
}

function environmentOf(json: Fields, problems: string[]): Pick<Manifest, 'environment'> {
  const type = textOf(json, 'virtualEnvType', problems)
  const name = textOf(json, 'env', problems)
  if (type === '') return {}
  if (type !== 'conda') problems.push(`virtualEnvType: ${type} is not supported; conda is`)
  else if (!isPortableName(name)) problems.push('env: must name the conda environment')
  return { environment: { type: 'conda', name } }
}

function symbolsOf(json: Fields, key: string, problems: string[]): readonly string[] {
  const value = json[key] ?? []
  if (!Array.isArray(value) || value.length > maxSymbols || !value.every((symbol): symbol is string => typeof symbol === 'string' && isPortableName(symbol))) {
    problems.push(`${key}: must be a list of at most ${maxSymbols} names`)
    return []
  }
  const repeated = value.find((symbol, index) => value.indexOf(symbol) !== index)
  if (repeated !== undefined) problems.push(`${key}: ${repeated} is there twice`)
  return value
}

function invalid(name: string, problems: readonly string[]): ShoalError {
  return new ShoalError('ERR_PLUGIN_INVALID', `The plugin ${name || '(no name)'} is refused: ${problems.join('; ')}.`, { data: { problems } })
}
