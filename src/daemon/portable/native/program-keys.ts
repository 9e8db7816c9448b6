/** Keys in the section of a plugin that is a program of its own: the daemon's, not the plugin's. */

import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ShoalError } from '../../../errors.js'

const keys = Type.Object(
  {
    attach: Type.Optional(Type.Boolean({ description: 'Wait for the program on a unix socket instead of starting it.' })),
    nice: Type.Optional(Type.Integer({ minimum: 0, maximum: 19, description: 'How far it stands back behind the daemon for processor time.' })),
    callTimeout: Type.Optional(Type.Integer({ minimum: 10, maximum: 29_000, description: 'ms that the program has for one call.' })),
    memoryLimit: Type.Optional(
      Type.Integer({
        minimum: 1024 * 1024,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Resident bytes of the process and its children; more ends it, and it is started again.',
      }),
    ),
  },
  { additionalProperties: false },
)

/** The keys, as far as they are given. */
export type ProgramKeys = Static<typeof keys>

/** Splits a section into these keys and the plugin's own. Throws `ERR_PLUGIN_CONFIG` that names the key. */
export function programKeys(plugin: string, config: unknown): { readonly keys: ProgramKeys; readonly own: unknown } {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return { keys: {}, own: config }
  const entries = Object.entries(config)
  const given: unknown = Object.fromEntries(entries.filter(([name]) => Object.hasOwn(keys.properties, name)))
  if (!Value.Check(keys, given)) {
    const [first] = Value.Errors(keys, given)
    throw new ShoalError('ERR_PLUGIN_CONFIG', `The configuration of ${plugin} is wrong: ${first?.instancePath.slice(1) ?? 'a key'} ${first?.message ?? ''}.`)
  }
  return { keys: given, own: Object.fromEntries(entries.filter(([name]) => !Object.hasOwn(keys.properties, name))) }
}
