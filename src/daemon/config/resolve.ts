/** From layers to one configuration: defaults filled in, plugin sections beside the daemon's own, everything checked. */

import { checkValue, type Fault } from './check.js'
import { unknownKey } from './find-key.js'
import { dotted, isMapping, type KeyPath, pointerOf, valueAt } from './key-path.js'
import { type Layer, type Merged, mergeLayers } from './layer.js'
import { hostKeys, hostPart, type KnownPlugins, ownPart } from './plugin-schema.js'
import type { Place, Problem } from './problem.js'
import { type Config, coreSchema, sectionNames } from './schema.js'
import { schemaView, withDefaults } from './schema-walk.js'

/** What came out. With problems there is no configuration. */
export interface Resolved {
  readonly config: Config | undefined
  readonly problems: readonly Problem[]
  readonly merged: Merged
}

/** Merges, fills in, checks and freezes. */
export function resolveLayers(layers: readonly Layer[], known: KnownPlugins): Resolved {
  const merged = mergeLayers(layers)
  const unreadable = layers.flatMap((layer) => layer.problems)
  if (layers.some((layer) => layer.broken)) return { config: undefined, problems: unreadable, merged }
  const { plugins: sections, ...own } = merged.value
  const core = withDefaults(schemaView(coreSchema), own)
  const plugins = resolvePlugins(sections, known)
  const config = { ...(core as Record<string, unknown>), plugins: plugins.value }
  const single = [...checkValue(schemaView(coreSchema), core).map((fault) => topLevel(fault, known)), ...plugins.faults]
  // what could not be read is not also wrong
  const unread = new Set(unreadable.map((problem) => problem.path).filter((path) => path !== ''))
  const faults = [...single.filter((fault) => !unread.has(dotted(fault.path))), ...contradictions(config, single)]
  const problems = byPlace([...unreadable, ...faults.map((fault) => placed(fault, merged))])
  return problems.length > 0 ? { config: undefined, problems, merged } : { config: deepFreeze(config) as unknown as Config, problems, merged }
}

/** A plugin's section at the top level is an easy mistake. */
function topLevel(fault: Fault, known: KnownPlugins): Fault {
  const [name] = fault.path
  if (!fault.atKey || fault.path.length !== 1 || typeof name !== 'string') return fault
  if (Object.hasOwn(known.pluginSchemas, name)) return { ...fault, message: `plugins are configured one level deeper, as plugins.${name}` }
  return { ...fault, message: unknownKey(name, sectionNames, 'section') }
}

function resolvePlugins(sections: unknown, known: KnownPlugins): { value: Record<string, unknown>; faults: Fault[] } {
  const given = sections === undefined || sections === null ? {} : sections
  if (!isMapping(given)) return { value: {}, faults: [{ path: ['plugins'], atKey: false, message: 'must be a section with a key for each plugin' }] }
  const value = new Map<string, unknown>()
  const faults: Fault[] = []
  for (const name of new Set([...Object.keys(known.pluginSchemas), ...Object.keys(given)])) {
    const section = resolvePlugin(name, given[name], known)
    value.set(name, section.value)
    faults.push(...section.faults)
  }
  return { value: Object.fromEntries(value), faults }
}

function resolvePlugin(name: string, given: unknown, known: KnownPlugins): { value: unknown; faults: Fault[] } {
  const path = ['plugins', name]
  const section = given === undefined || given === null ? {} : given
  if (!isMapping(section)) return { value: {}, faults: [{ path, atKey: false, message: 'must be a section with keys' }] }
  const entries = Object.entries(section)
  const host = withDefaults(hostPart(known, name), Object.fromEntries(entries.filter(([key]) => hostKeys.includes(key))))
  const schema = ownPart(known, name)
  const rest = Object.fromEntries(entries.filter(([key]) => !hostKeys.includes(key)))
  const own = schema ? withDefaults(schema, rest) : rest
  const faults = [...unknownPlugin(name, section, known), ...checkValue(hostPart(known, name), host, path), ...(schema ? checkOwn(schema, own, path) : [])]
  return { value: { ...(isMapping(own) && own), ...(isMapping(host) && host) }, faults }
}

/** Unknown keys are told together with those of the host. */
function checkOwn(schema: ReturnType<typeof schemaView>, own: unknown, path: KeyPath): Fault[] {
  const keys = [...Object.keys(schema.properties ?? {}), ...hostKeys]
  return checkValue(schema, own, path).map((fault) => {
    const name = fault.path.at(-1)
    return fault.atKey && fault.path.length === path.length + 1 ? { ...fault, message: unknownKey(String(name), keys, 'key') } : fault
  })
}

function unknownPlugin(name: string, section: Readonly<Record<string, unknown>>, known: KnownPlugins): Fault[] {
  const path = ['plugins', name]
  const hint = ' (one that is not built in needs "use" with its package or path)'
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    return [{ path, atKey: true, message: 'a plugin name is a-z, 0-9 and -, at most 40 characters, and begins with a letter' }]
  if (Object.hasOwn(known.pluginSchemas, name) || section['use'] !== undefined) return []
  const message = `${unknownKey(name, Object.keys(known.pluginSchemas), 'plugin')}${hint}`
  return [{ path, atKey: true, message }]
}

/** Values that fit each for itself and not together. */
function contradictions(config: Readonly<Record<string, unknown>>, single: readonly Fault[]): Fault[] {
  const faults: Fault[] = []
  const fits = (path: KeyPath): boolean => !single.some((fault) => dotted(fault.path) === dotted(path))
  const [latency, buffer] = [valueAt(config, ['streams', 'maxLatency']), valueAt(config, ['streams', 'bufferTime'])]
  const both = fits(['streams', 'maxLatency']) && fits(['streams', 'bufferTime'])
  if (both && typeof latency === 'number' && typeof buffer === 'number' && latency > buffer) {
    faults.push({ path: ['streams', 'maxLatency'], atKey: false, message: `must be at most streams.bufferTime, which is ${buffer} ms, not ${latency}` })
  }
  for (const [section, key] of [
    ['cluster', 'secret'],
    ['swarm', 'networkKey'],
  ] as const) {
    const both = valueAt(config, [section, key]) !== undefined && valueAt(config, [section, `${key}File`]) !== undefined
    if (both) faults.push({ path: [section, `${key}File`], atKey: true, message: `stands beside ${section}.${key}; only one of the two may be set` })
  }
  const paths = new Map<string, number>()
  const pulls = config['pulls']
  for (const [index, pull] of (Array.isArray(pulls) ? pulls : []).entries()) {
    const path = valueAt(pull, ['path'])
    if (typeof path !== 'string') continue
    const first = paths.get(path)
    if (first !== undefined) faults.push({ path: ['pulls', index, 'path'], atKey: false, message: `is fed by pulls[${first}] already` })
    else paths.set(path, index)
  }
  return faults
}

function placed(fault: Fault, merged: Merged): Problem {
  const key = fault.atKey ? merged.keys.get(pointerOf(fault.path)) : undefined
  return { ...toPlace(key ?? originOf(merged, fault.path)), path: dotted(fault.path), message: fault.message }
}

/** Problems of one file in the order of its lines; files in the order of their first problem. */
function byPlace(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))]
  const rank = ({ file, line = 0, column = 0 }: Problem): number[] => [files.indexOf(file), line, column]
  const compare = (a: number[], b: number[]): number => a.map((value, at) => value - (b[at] ?? 0)).find((difference) => difference !== 0) ?? 0
  return [...problems].sort((a, b) => compare(rank(a), rank(b)))
}

function toPlace(place: Place): Place {
  const { file, line, column, from } = place
  return {
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
    ...(from !== undefined && { from }),
  }
}

/** Where the value at `path`, or the nearest section around it that somebody wrote, stands. */
function originOf(merged: Merged, path: KeyPath): Place {
  for (let length = path.length; length > 0; length--) {
    const origin = merged.origins.get(pointerOf(path.slice(0, length)))
    if (origin) return origin
  }
  return {}
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
