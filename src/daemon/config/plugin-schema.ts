/** Schemas of the plugins' sections, and the whole schema made of them and the daemon's own. */

import { isMapping } from './key-path.js'
import { coreSchema, pluginHostSchema } from './schema.js'
import { type SchemaView, schemaView } from './schema-walk.js'

/** Plugins that are known without being loaded. */
export interface KnownPlugins {
  /** Name → JSON Schema of its own keys; `undefined` for a plugin that takes none or whose schema is not known. */
  readonly pluginSchemas: Readonly<Record<string, object | undefined>>
  /** Plugins that do not start unless `enabled: true`. */
  readonly offByDefault?: readonly string[]
}

/** Keys of a section that belong to the host. */
export const hostKeys: readonly string[] = Object.keys(pluginHostSchema.properties)

/** The host's part of a section. */
export function hostPart(known: KnownPlugins, name: string): SchemaView {
  const host = schemaView(pluginHostSchema)
  if (!known.offByDefault?.includes(name)) return host
  return { ...host, properties: { ...host.properties, enabled: { ...host.properties?.['enabled'], default: false } } }
}

/** The plugin's own part; keys it does not list are refused unless it says otherwise. `undefined`: anything goes. */
export function ownPart(known: KnownPlugins, name: string): SchemaView | undefined {
  const schema = Object.hasOwn(known.pluginSchemas, name) ? known.pluginSchemas[name] : undefined
  if (!isMapping(schema)) return undefined
  return strict(schemaView(schema))
}

/** Sections that list their keys and do not say that others are allowed refuse others, however deep. */
function strict(schema: SchemaView): SchemaView {
  if (schema.items) return { ...schema, items: strict(schema.items) }
  if (!schema.properties) return schema
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, strict(part)]))
  const open = ['additionalProperties', 'patternProperties', 'anyOf', 'allOf', 'oneOf', '$ref'].some((keyword) => Object.hasOwn(schema, keyword))
  return { ...schema, properties, ...(!open && { additionalProperties: false }) }
}

/** A plugin's whole section. */
export function sectionSchema(known: KnownPlugins, name: string): SchemaView {
  const host = hostPart(known, name)
  const own = ownPart(known, name)
  if (!own) return { ...host, additionalProperties: true }
  return { ...own, type: 'object', properties: { ...own.properties, ...host.properties }, required: [...(own.required ?? [])] }
}

/** JSON Schema of the whole configuration; served by `shoal config schema` and used by editors. */
export function configSchema(known: KnownPlugins): SchemaView & { readonly $schema: string; readonly title: string } {
  const names = Object.keys(known.pluginSchemas).sort()
  const plugins: SchemaView = {
    type: 'object',
    description: 'Plugins by name.',
    properties: Object.fromEntries(names.map((name) => [name, sectionSchema(known, name)])),
    additionalProperties: { ...schemaView(pluginHostSchema), required: ['use'], additionalProperties: true },
  }
  const core = schemaView(coreSchema)
  // every section has defaults, so a file may leave out any of them
  const properties = Object.fromEntries(Object.entries({ ...core.properties, plugins }).map(([name, schema]) => [name, withoutDefaulted(schema)]))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of Shoal',
    type: 'object',
    properties,
    additionalProperties: false,
  }
}

/** Requires only keys that have no default; sections have one as a whole. */
function withoutDefaulted(schema: SchemaView): SchemaView {
  if (schema.items) return { ...schema, items: withoutDefaulted(schema.items) }
  if (!schema.properties) return schema
  const { required = [], ...rest } = schema
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([name, part]) => [name, withoutDefaulted(part)]))
  const needed = required.filter((name) => {
    const part = schema.properties?.[name]
    return part?.default === undefined && part?.defaultText === undefined && part?.type !== 'object'
  })
  return { ...rest, properties, ...(needed.length > 0 && { required: needed }) }
}

/** A plugin's own keys, without those of the host: what `PluginEntry.config` is. */
export function ownConfig(section: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(section).filter(([key]) => !hostKeys.includes(key)))
}
