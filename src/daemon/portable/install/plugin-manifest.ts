/** `shoal-plugin.json`: what makes a folder a plugin of Shoal. Every fault is named with its place. */

import { type Static, Type } from 'typebox'
import { ShoalError } from '../../../errors.js'
import { checkValue, type Fault } from '../../config/check.js'
import { pointerOf } from '../../config/key-path.js'
import { schemaView } from '../../config/schema-walk.js'
import { readJson } from './json-text.js'

/** Name of the file. */
export const manifestFile = 'shoal-plugin.json'

/** Names of plugins, and so of their folders. */
export const pluginNamePattern = /^[a-z][a-z0-9-]{0,39}$/

/** Bytes of a manifest. */
export const maxManifest: number = 64 * 1024

const noNull = '^[^\\u0000]*$'
const program = {
  minLength: 1,
  maxLength: 4096,
  pattern: noNull,
  expects: 'text of 1 to 4096 characters: a path in the folder, or a program that is looked up in PATH',
}
const argList = Type.Array(Type.String({ maxLength: 4096, pattern: noNull }), { maxItems: 64 })

/** Schema of the file; also for editors. */
export const manifestSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ maxLength: 1024 })),
    name: Type.Optional(Type.String({ pattern: pluginNamePattern.source, expects: 'a name of small letters, digits and -, at most 40, a letter first' })),
    version: Type.Optional(
      Type.String({ pattern: '^[0-9A-Za-z][0-9A-Za-z.+_-]{0,59}$', expects: 'a version such as "1.2.0", at most 60 letters, digits and . + _ -' }),
    ),
    description: Type.Optional(Type.String({ maxLength: 500 })),
    author: Type.Optional(Type.String({ maxLength: 100 })),
    license: Type.Optional(Type.String({ maxLength: 100 })),
    command: Type.Optional(Type.String(program)),
    module: Type.Optional(Type.String({ pattern: '^[^\\u0000\\\\]{1,255}\\.(js|mjs|cjs)$', expects: 'a file of the folder that ends in .js, .mjs or .cjs' })),
    args: Type.Optional(argList),
    env: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$' }), Type.String({ maxLength: 4096, pattern: noNull }), {
        maxProperties: 32,
        additionalProperties: false,
      }),
    ),
    install: Type.Optional(Type.Object({ command: Type.String(program), args: Type.Optional(argList) }, { additionalProperties: false })),
    platforms: Type.Optional(
      Type.Array(Type.String({ pattern: '^[a-z0-9]{1,20}-[a-z0-9]{1,20}$', expects: 'a platform such as "linux-x64"' }), { minItems: 1, maxItems: 32 }),
    ),
  },
  { additionalProperties: false },
)

/** What the file says; exactly one of `command` and `module` is there. */
export type PluginManifest = Static<typeof manifestSchema>

/** One thing that is wrong with a manifest. */
export interface ManifestProblem {
  readonly file: string
  /** From 1. */
  readonly line?: number
  readonly column?: number
  /** JSON pointer (RFC 6901); empty for the whole file. */
  readonly path: string
  /** A sentence without the full stop. */
  readonly message: string
}

/** The platform of this process, as `platforms` names it. */
export const thisPlatform = `${process.platform}-${process.arch}`

/** How a manifest is read. */
export interface ManifestOptions {
  /** Name of the file in messages; default {@link manifestFile}. */
  readonly file?: string
  /** The name it must have where it says one: that of its folder. */
  readonly name?: string
  /** Must it name the plugin and its version, as a package must? Default false. */
  readonly packaged?: boolean
}

/** Reads a manifest. Throws `ERR_PLUGIN_INVALID` whose `data.problems` are {@link ManifestProblem}s, all of them. */
export function readPluginManifest(bytes: Uint8Array, options: ManifestOptions = {}): PluginManifest {
  const file = options.file ?? manifestFile
  if (bytes.length > maxManifest) throw manifestInvalid([{ file, path: '', message: `has more than ${maxManifest} bytes` }])
  const text = decode(bytes)
  if (text === undefined) throw manifestInvalid([{ file, path: '', message: 'is not UTF-8 text' }])
  const json = readJson(text)
  if (json.fault) {
    const { line, column, message } = json.fault
    throw manifestInvalid([{ file, line, column, path: '', message: `is no JSON: ${message}` }])
  }
  const faults = [...checkValue(schemaView(manifestSchema), json.value), ...checkTogether(json.value, options)]
  if (faults.length === 0) return json.value as PluginManifest
  throw manifestInvalid(faults.map(({ path, atKey, message }) => ({ file, ...json.placeOf(path, atKey), path: pointerOf(path), message })))
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** What the schema cannot say. */
function checkTogether(value: unknown, { name, packaged }: ManifestOptions): Fault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  const given: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(value))
  const has = (key: string): boolean => given[key] !== undefined
  const faults: Fault[] = []
  const fault = (key: string | undefined, message: string, atKey = true): void =>
    void faults.push({ path: key === undefined ? [] : [key], atKey: key !== undefined && atKey, message })
  if (!has('command') && !has('module')) fault(undefined, 'needs "command" (a program) or "module" (a file that the daemon imports)')
  if (has('command') && has('module')) fault('module', 'cannot stand beside "command": a plugin is a program or a module')
  for (const key of ['args', 'env']) if (has('module') && !has('command') && has(key)) fault(key, 'goes with "command" only')
  if (packaged) for (const key of ['name', 'version']) if (!has(key)) fault(undefined, `needs "${key}"`)
  const own = given['name']
  if (name !== undefined && typeof own === 'string' && own !== name)
    fault('name', `must be ${JSON.stringify(name)}, as its folder is called, not "${own.slice(0, 60)}"`, false)
  if (typeof given['module'] === 'string' && !isInner(given['module'])) fault('module', 'must lie in the folder: no .. and no path from the root', false)
  return faults
}

/** Does a relative path stay in its folder, spelled plainly? */
export function isInner(path: string): boolean {
  const segments = path.replace(/^\.\//, '').split('/')
  return segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..' && !/[\\\u0000-\u001f]/.test(segment))
}

/** All problems as one `ERR_PLUGIN_INVALID`. */
export function manifestInvalid(problems: readonly ManifestProblem[]): ShoalError {
  const [first] = problems
  const place = first?.line === undefined ? '' : `line ${first.line}, column ${first.column ?? 1}: `
  const what = first ? `${place}${first.path ? `${first.path}: ` : ''}${first.message}` : 'it is wrong'
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new ShoalError('ERR_PLUGIN_INVALID', `The manifest ${first?.file ?? manifestFile} is wrong: ${what}${more}.`.replace('?.', '?'), {
    hint: 'See docs/portable-protocol.md, "The manifest".',
    data: { problems: problems.slice(0, 100) },
  })
}
