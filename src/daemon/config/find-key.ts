/** From names as people and environments write them (`RTMP__PORT`, `rtmp.port`) to keys of the configuration. */

import { type KeyPath, pointerOf } from './key-path.js'
import { type KnownPlugins, sectionSchema } from './plugin-schema.js'
import { coreSchema, sectionNames } from './schema.js'
import { restOf, type SchemaView, schemaView } from './schema-walk.js'
import { folded, suggest } from './suggest.js'

/** A key that was found, or why not. */
export type FoundKey = { readonly path: KeyPath; readonly schema: SchemaView } | { readonly message: string }

/**
 * Finds the key that `names` stand for. Case, `-` and `_` do not count. The first name is a section of the daemon or, in
 * short, a plugin: `rtmp port` is `plugins.rtmp.port`. `plugins`: names of all plugins that the files mention.
 */
export function findKey(names: readonly string[], known: KnownPlugins, plugins: readonly string[]): FoundKey {
  const [first = '', ...rest] = names
  const section = Object.keys(coreSchema.properties).find((name) => folded(name) === folded(first))
  if (section) return walk(schemaView(coreSchema.properties[section as keyof typeof coreSchema.properties]), [section], rest)
  const short = folded(first) !== 'plugins'
  const wanted = short ? first : rest[0]
  if (wanted === undefined) return { path: ['plugins'], schema: { type: 'object' } }
  const plugin = plugins.find((name) => folded(name) === folded(wanted))
  if (plugin) return walk(sectionSchema(known, plugin), ['plugins', plugin], rest.slice(short ? 0 : 1))
  return { message: unknownKey(wanted, short ? [...sectionNames, ...plugins] : plugins, short ? 'section or plugin' : 'plugin') }
}

/** The plugin that a key adds: `hello` of `plugins hello use`; `undefined` for any other key. */
export function namedByUse(names: readonly string[]): string | undefined {
  const [section = '', name, key = ''] = names
  return names.length === 3 && folded(section) === 'plugins' && folded(key) === 'use' && name ? envName(name) : undefined
}

function walk(schema: SchemaView, path: KeyPath, names: readonly string[]): FoundKey {
  const [name, ...rest] = names
  if (name === undefined) return { path, schema }
  if (name === '' || name === '__proto__') return { message: `"${name}" is no key` }
  const keys = Object.keys(schema.properties ?? {})
  const key = keys.find((one) => one === name) ?? keys.find((one) => folded(one) === folded(name))
  const property = key === undefined ? undefined : schema.properties?.[key]
  if (key !== undefined && property) return walk(property, [...path, key], rest)
  const open = restOf(schema) ?? (schema.additionalProperties === true || isOpen(schema) ? {} : undefined)
  if (open) return walk(open, [...path, envName(name)], rest)
  if (keys.length === 0) return { message: `${path.join('.')} holds one value and no keys` }
  return { message: unknownKey(name, keys, `key of ${path.join('.')}`) }
}

function isOpen(schema: SchemaView): boolean {
  return schema.type === undefined && !schema.properties && !schema.enum && !schema.anyOf
}

/** A free name in an environment variable: `SWARM` is `swarm`, `HTTP_FLV` is `http-flv`. */
function envName(name: string): string {
  return /^[A-Z0-9_]+$/.test(name) ? name.toLowerCase().replaceAll('_', '-') : name
}

/** `unknown key "prot"; did you mean "port"? Known: …`. */
export function unknownKey(name: string, known: readonly string[], what: string): string {
  const shown = JSON.stringify(name.slice(0, 60))
  const near = suggest(name, known).slice(0, 2)
  const hint = near.length > 0 ? `did you mean ${near.map((word) => `"${word}"`).join(' or ')}?` : ''
  const all = known.length > 0 && known.length <= 40 ? `known: ${known.join(', ')}` : ''
  return [`there is no ${what} ${shown}`, hint || all].filter(Boolean).join('; ')
}

/** A value written as text, as the schema's type. Text that does not fit stays text, so that validation says what is allowed. */
export function parseText(text: string, schema: SchemaView): unknown {
  if (schema.enum || schema.type === 'string') return schema.enum?.find((one) => String(one) === text) ?? text
  if (schema.type === 'boolean') return parseFlag(text)
  if (schema.type === 'integer' || schema.type === 'number') return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : text
  if (schema.type === 'array') return parseList(text, schema.items ?? {})
  if (schema.type === 'object') return parseJson(text)
  if (schema.anyOf) return schema.anyOf.map((one) => parseText(text, one)).find((value) => value !== text) ?? text
  return parseJson(text)
}

function parseFlag(text: string): boolean | string {
  const word = text.trim().toLowerCase()
  if (['true', 'yes', 'on', '1'].includes(word)) return true
  return ['false', 'no', 'off', '0'].includes(word) ? false : text
}

/** JSON, or items between commas. */
function parseList(text: string, items: SchemaView): unknown {
  if (text.trimStart().startsWith('[')) return parseJson(text)
  if (text.trim() === '') return []
  return text.split(',').map((item) => parseText(item.trim(), items))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value))
  } catch {
    return text
  }
}

/** One value for one key, from the environment or the command line. */
export interface Assignment {
  readonly path: KeyPath
  readonly value: unknown
  /** `SHOAL_HTTP__PORT`, `--set http.port`. */
  readonly from: string
}

/** Names of keys that were given twice. */
export function givenTwice(assignments: readonly Assignment[]): (readonly [first: Assignment, second: Assignment])[] {
  const seen = new Map<string, Assignment>()
  return assignments.flatMap((assignment) => {
    const pointer = pointerOf(assignment.path)
    const first = seen.get(pointer)
    seen.set(pointer, assignment)
    return first ? [[first, assignment] as const] : []
  })
}
