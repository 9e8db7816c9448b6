/** The layers that come from the environment and from the command line. */

import { type Assignment, findKey, givenTwice, namedByUse, parseText } from './find-key.js'
import { dotted, type KeyPath, pointerOf } from './key-path.js'
import type { Layer, LayerKind } from './layer.js'
import type { KnownPlugins } from './plugin-schema.js'
import type { Place, Problem } from './problem.js'
import { suggest } from './suggest.js'

/** `SHOAL_…` variables that are no configuration. */
export const reservedVariables: readonly string[] = ['SHOAL_HOME', 'SHOAL_PASSPHRASE', 'SHOAL_PASSPHRASE_FILE', 'SHOAL_TOKEN', 'SHOAL_FUZZ_RUNS', 'SHOAL_TIERS']

/** A layer, and what is odd but no error. */
export interface AssignedLayer extends Layer {
  readonly warnings: readonly Problem[]
}

/**
 * `SHOAL_HTTP__PORT=8080`: `__` parts the levels; case, `-` and `_` do not count within one. A variable that names no key is
 * a problem; one without `__` may belong to another program and is a warning.
 */
export function environmentLayer(env: Readonly<Record<string, string | undefined>>, known: KnownPlugins, plugins: readonly string[]): AssignedLayer {
  const assignments: Assignment[] = []
  const problems: Problem[] = []
  const warnings: Problem[] = []
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('SHOAL_') || text === undefined || reservedVariables.includes(variable)) continue
    const names = variable.slice('SHOAL_'.length).split('__')
    const found = findKey(names, known, plugins)
    if ('path' in found) assignments.push({ path: found.path, value: parseText(text, found.schema), from: variable })
    else if (names.length > 1) problems.push({ path: '', from: variable, message: found.message })
    else warnings.push({ path: '', from: variable, message: strangeVariable(variable) })
  }
  return { ...layerOf('environment', assignments, problems), warnings }
}

/** Plugins that `SHOAL_PLUGINS__HELLO__USE` or `--set plugins.hello.use` adds: no file needs to know them. */
export function addedPlugins(env: Readonly<Record<string, string | undefined>>, flags: Readonly<Record<string, unknown>>): string[] {
  const variables = Object.keys(env).filter((variable) => variable.startsWith('SHOAL_') && env[variable] !== undefined)
  const keys = [...variables.map((variable) => variable.slice('SHOAL_'.length).split('__')), ...Object.keys(flags).map((key) => key.split('.'))]
  return keys.flatMap((names) => namedByUse(names) ?? [])
}

function strangeVariable(variable: string): string {
  const near = suggest(variable, reservedVariables)[0]
  return near ? `is not known and was left out; did you mean ${near}?` : 'is not known and was left out; a key is written SHOAL_SECTION__KEY'
}

/** `--set http.port=8080` as `{ 'http.port': '8080' }`. Text is read by the key's type; other values are taken as they are. */
export function flagLayer(flags: Readonly<Record<string, unknown>>, known: KnownPlugins, plugins: readonly string[]): AssignedLayer {
  const assignments: Assignment[] = []
  const problems: Problem[] = []
  for (const [key, value] of Object.entries(flags)) {
    const found = findKey(key.split('.'), known, plugins)
    const from = `--set ${key.slice(0, 100)}`
    if (!('path' in found)) problems.push({ path: '', from, message: found.message })
    else assignments.push({ path: found.path, value: typeof value === 'string' ? parseText(value, found.schema) : value, from })
  }
  return { ...layerOf('flag', assignments, problems), warnings: [] }
}

function layerOf(kind: LayerKind, assignments: readonly Assignment[], faults: readonly Problem[]): Layer {
  const value: Record<string, unknown> = {}
  const places = new Map<string, Place>()
  const problems = [...faults]
  for (const [first, second] of givenTwice(assignments)) {
    problems.push({ path: dotted(second.path), from: second.from, message: `is given by ${first.from} already` })
  }
  // the shorter path first, so that SHOAL_LOG='{…}' does not wipe out SHOAL_LOG__LEVEL
  for (const { path, value: given, from } of [...assignments].sort((a, b) => a.path.length - b.path.length)) {
    const blocked = assign(value, path, given)
    if (blocked) problems.push({ path: dotted(path), from, message: `${blocked} has a value that is no section` })
    places.set(pointerOf(path), { from })
  }
  return { kind, value, places, problems }
}

/** Sets a value deep inside; returns the name of a key on the way that holds no section. */
function assign(root: Record<string, unknown>, path: KeyPath, value: unknown): string | undefined {
  let at = root
  for (const [index, key] of path.slice(0, -1).entries()) {
    const below = at[key] ?? {}
    if (typeof below !== 'object' || Array.isArray(below)) return dotted(path.slice(0, index + 1))
    at[key] = below
    at = below as Record<string, unknown>
  }
  const last = path.at(-1)
  if (last !== undefined) at[last] = value
  return undefined
}
