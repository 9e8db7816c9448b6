/** Looks into JSON Schemas: the part that describes one value, what it allows in words, and its defaults. */

import { isMapping, type KeyPath } from './key-path.js'

/** The keywords that are read here. Anything else in a schema is left to the validator. */
export interface SchemaView {
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaView>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | SchemaView
  readonly patternProperties?: Readonly<Record<string, SchemaView>>
  readonly items?: SchemaView
  readonly anyOf?: readonly SchemaView[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly description?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly format?: string
  readonly writeOnly?: boolean
  readonly unit?: string
  readonly expects?: string
  readonly live?: boolean
  readonly secret?: boolean
  /** What stands in place of a default that only the machine knows. */
  readonly defaultText?: string
  readonly examples?: readonly unknown[]
}

/** A schema from elsewhere; `{}`, which allows everything, where it is none. */
export function schemaView(schema: unknown): SchemaView {
  return isMapping(schema) ? (schema as SchemaView) : {}
}

/** The schema of the values under names that `properties` does not list. */
export function restOf(schema: SchemaView): SchemaView | undefined {
  if (isMapping(schema.additionalProperties)) return schema.additionalProperties
  return Object.values(schema.patternProperties ?? {})[0]
}

/** The schema of the value at `path`; `undefined` where nothing is said about it. */
export function schemaAt(schema: SchemaView, path: KeyPath): SchemaView | undefined {
  let at: SchemaView | undefined = schema
  for (const key of path) {
    const mapping: SchemaView | undefined = at?.anyOf?.find((one) => one.properties && Object.hasOwn(one.properties, key)) ?? at
    if (typeof key === 'number') at = mapping?.items
    else if (mapping?.properties && Object.hasOwn(mapping.properties, key)) at = mapping.properties[key]
    else at = mapping && restOf(mapping)
    if (!at) return undefined
  }
  return at
}

/** What a value must be, after "must be": `a whole number from 0 to 65535`. */
export function allowedText(schema: SchemaView): string {
  if (schema.expects) return schema.expects
  if (schema.enum) return oneOf(schema.enum)
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.anyOf) return oneOfSchemas(schema.anyOf)
  if (schema.type === 'integer') return `a whole number${range(schema)}`
  if (schema.type === 'number') return `a number${range(schema)}`
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'string') return `text${length(schema.minLength, schema.maxLength, 'characters')}`
  if (schema.type === 'array') return `a list${length(schema.minItems, schema.maxItems, 'items')}`
  if (schema.type === 'object') return 'a section with keys'
  return 'another value'
}

function oneOf(values: readonly unknown[]): string {
  const words = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
  return words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`
}

function oneOfSchemas(schemas: readonly SchemaView[]): string {
  if (schemas.every((schema) => schema.const !== undefined)) return oneOf(schemas.map((schema) => schema.const))
  return [...new Set(schemas.map(allowedText))].join(', or ')
}

function range({ minimum, maximum, unit }: SchemaView): string {
  const suffix = unit ? ` ${unit}` : ''
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}${suffix}`
  if (minimum !== undefined) return ` of at least ${minimum}${suffix}`
  return maximum === undefined ? suffix && ` of${suffix}` : ` of at most ${maximum}${suffix}`
}

function length(least: number | undefined, most: number | undefined, what: string): string {
  if (least !== undefined && least > 0 && most !== undefined) return ` of ${least} to ${most} ${what}`
  if (least !== undefined && least > 0) return ` of at least ${least} ${what}`
  return most === undefined ? '' : ` of at most ${most} ${what}`
}

/** A copy of `value` with defaults where it says nothing. Sections that are required are made; `null` for a section is an empty one. */
export function withDefaults(schema: SchemaView, value: unknown): unknown {
  const given = value === undefined || (value === null && schema.type === 'object') ? startOf(schema) : value
  if (Array.isArray(given)) return schema.items ? given.map((item) => withDefaults(schemaView(schema.items), item)) : given
  if (!isMapping(given)) return given
  const rest = restOf(schema)
  const filled = new Map(Object.entries(given).map(([key, part]) => [key, withDefaults(propertyOf(schema, key) ?? rest ?? {}, part)]))
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (filled.has(key)) continue
    const required = schema.required?.includes(key) === true && property.type === 'object'
    if (required || property.default !== undefined) filled.set(key, withDefaults(property, undefined))
  }
  return Object.fromEntries(filled)
}

function startOf(schema: SchemaView): unknown {
  return schema.default === undefined && schema.type === 'object' ? {} : structuredClone(schema.default)
}

/** The schema of one named property. */
export function propertyOf(schema: SchemaView, key: string): SchemaView | undefined {
  return schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
}
