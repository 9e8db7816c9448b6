/** Checks what comes from outside the project before it runs: plugin objects and their configuration. */

import { Value } from 'typebox/value'
import { ShoalError } from '../../errors.js'
import type { Plugin, Schema } from '../../plugin.js'
import { describe } from './containment.js'
import { fillDefaults } from './schema-defaults.js'

/** Plugins with these names would hide the daemon's own routes. */
const reservedNames = ['api', 'healthz', 'readyz', 'shoal']
const members = ['start', 'handlePayload', 'onPeerForgotten', 'shutdown'] as const
const maxKinds = 1000

/** Is `name` a plugin name: `[a-z][a-z0-9-]*`, at most 40 characters, not reserved? */
export function isPluginName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z][a-z0-9-]{0,39}$/.test(name) && !reservedNames.includes(name)
}

/** Throws `ERR_PLUGIN_INVALID` with the reason unless `value` keeps the contract of {@link Plugin}. */
export function checkPlugin(value: unknown): asserts value is Plugin {
  let reason: string | undefined
  try {
    reason = faultOf(value)
  } catch (error) {
    // a getter of the plugin object threw
    reason = describe(error)
  }
  if (reason !== undefined) throw new ShoalError('ERR_PLUGIN_INVALID', `The plugin object breaks the contract: ${reason}.`)
}

function faultOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `it is ${value === null ? 'null' : `a ${typeof value}`}, not an object`
  const plugin = value as Record<string, unknown>
  if (!isPluginName(plugin['name'])) return `its name ${quote(plugin['name'])} is reserved or not [a-z][a-z0-9-]* of at most 40 characters`
  const member = members.find((name) => plugin[name] !== undefined && typeof plugin[name] !== 'function')
  if (member) return `${member} is not a function`
  if (plugin['config'] !== undefined && (typeof plugin['config'] !== 'object' || plugin['config'] === null)) return 'config is not a JSON Schema'
  return faultOfInfo(plugin['info']) ?? faultOfKinds(plugin) ?? faultOfSlots('provides', plugin['provides']) ?? faultOfSlots('requires', plugin['requires'])
}

function faultOfInfo(info: unknown): string | undefined {
  if (info === undefined) return undefined
  if (typeof info !== 'object' || info === null) return 'info is not an object'
  const wrong = Object.entries(info).find(([, text]) => text !== undefined && typeof text !== 'string')
  return wrong && `info.${wrong[0]} is not a string`
}

function faultOfKinds(plugin: Record<string, unknown>): string | undefined {
  const kinds = plugin['payloadKinds']
  if (kinds === undefined) return undefined
  if (!Array.isArray(kinds)) return 'payloadKinds is not a list'
  if (kinds.length > maxKinds) return `it claims ${kinds.length} payload kinds, at most ${maxKinds} are allowed`
  const wrong = kinds.find((kind) => typeof kind !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(kind))
  if (wrong !== undefined || kinds.includes(undefined)) return `the payload kind ${quote(wrong)} is not 1 to 255 printable ASCII characters`
  if (new Set(kinds).size < kinds.length) return 'it claims a payload kind twice'
  if (kinds.length > 0 && plugin['handlePayload'] === undefined) return 'it claims payload kinds and has no handlePayload'
  return undefined
}

function faultOfSlots(member: string, slots: unknown): string | undefined {
  if (slots === undefined) return undefined
  if (!Array.isArray(slots)) return `${member} is not a list`
  const wrong = slots.find((slot) => typeof slot !== 'string' || slot === '' || slot.length > 100)
  if (wrong !== undefined || slots.includes(undefined)) return `${member} holds ${quote(wrong)}, which is not the name of a service slot`
  return new Set(slots).size < slots.length ? `${member} names a slot twice` : undefined
}

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : describe(value)
}

/**
 * The configuration of a plugin with defaults filled in, deeply frozen. Absent = `{}`. Throws `ERR_PLUGIN_CONFIG` that
 * names each wrong key and what is wrong with it, never its value, which may be a secret.
 */
export function resolveConfig(plugin: Plugin, given: unknown): unknown {
  const schema: Schema & Record<string, unknown> = { ...plugin.config }
  const value = copy(plugin.name, given ?? schema['default'] ?? {})
  if (!plugin.config) return freeze(value)
  try {
    const filled = fillDefaults(schema, value)
    if (Value.Check(schema, filled)) return freeze(filled)
    throw wrongConfig(plugin.name, schema, filled)
  } catch (error) {
    if (error instanceof ShoalError) throw error
    throw new ShoalError('ERR_PLUGIN_INVALID', `The config schema of ${plugin.name} cannot be used: ${describe(error)}.`, { cause: error })
  }
}

function copy(name: string, value: unknown): unknown {
  try {
    return structuredClone(value)
  } catch (error) {
    throw new ShoalError('ERR_PLUGIN_CONFIG', `The configuration of ${name} is not plain data: ${describe(error)}.`, { cause: error })
  }
}

type Fault = ReturnType<typeof Value.Errors>[number]

function wrongConfig(name: string, schema: Schema & Record<string, unknown>, value: unknown): ShoalError {
  const faults = Value.Errors(schema, value)
  const lines = new Map<string, string>()
  for (const fault of faults) {
    // keyword `boolean` only repeats what additionalProperties says better, and `const` what anyOf does
    if (fault.keyword === 'boolean' || (fault.keyword === 'const' && faults.some((other) => other.keyword === 'anyOf'))) continue
    const at = pathOf(fault)
    lines.set(at, `${at} ${sentence(fault, faults)}`)
  }
  const data = { plugin: name, keys: [...lines.keys()] }
  return new ShoalError('ERR_PLUGIN_CONFIG', `The configuration of ${name} is wrong: ${[...lines.values()].slice(0, 20).join('; ')}.`, { data })
}

function pathOf(fault: Fault): string {
  const names = fault.instancePath.split('/').slice(1)
  if (fault.keyword === 'additionalProperties') names.push(fault.params.additionalProperties.join(', '))
  return names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')).join('.') || '(whole)'
}

function sentence(fault: Fault, faults: readonly Fault[]): string {
  if (fault.keyword === 'additionalProperties') return 'is not a key it knows'
  if (fault.keyword === 'enum') return `must be one of ${fault.params.allowedValues.map(String).join(', ')}`
  if (fault.keyword !== 'anyOf') return fault.message
  const allowed = faults.flatMap((other) => (other.keyword === 'const' && other.instancePath === fault.instancePath ? [String(other.params.allowedValue)] : []))
  return allowed.length > 0 ? `must be one of ${allowed.join(', ')}` : fault.message
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) freeze(part)
  return value
}
