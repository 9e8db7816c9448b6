/** Holds a value against a schema and says everything that is wrong, each with what is allowed. */

import { Value } from 'typebox/value'
import { isSecretKey, redactText } from '../util/redact.js'
import { unknownKey } from './find-key.js'
import { isMapping, type KeyPath } from './key-path.js'
import { allowedText, propertyOf, type SchemaView, schemaView } from './schema-walk.js'

/** One thing that is wrong. */
export interface Fault {
  readonly path: KeyPath
  /** The key is wrong, not its value. */
  readonly atKey: boolean
  readonly message: string
}

/** Keywords that this file does not take apart: such a schema is checked as a whole. */
const combined = ['anyOf', 'allOf', 'oneOf', 'not', 'if', '$ref', '$defs', 'dependentSchemas', 'dependentRequired', 'propertyNames', 'const', 'enum']

/** Everything that is wrong with `value`. A schema that cannot be used is a fault, too. */
export function checkValue(schema: SchemaView, value: unknown, path: KeyPath = []): Fault[] {
  const plain = !combined.some((keyword) => Object.hasOwn(schema, keyword))
  if (plain && schema.type === 'object' && isMapping(value)) return checkMapping(schema, value, path)
  if (plain && schema.type === 'array' && Array.isArray(value)) return checkList(schema, value, path)
  try {
    return Value.Check(schema, value) ? [] : [{ path, atKey: false, message: wrongValue(schema, value, path) }]
  } catch (error) {
    return [{ path, atKey: false, message: `cannot be checked, because its schema is broken: ${String(error).slice(0, 200)}` }]
  }
}

function checkMapping(schema: SchemaView, value: Readonly<Record<string, unknown>>, path: KeyPath): Fault[] {
  const faults = Object.entries(value).flatMap(([key, part]) => {
    const property = propertyOf(schema, key) ?? patternOf(schema, key)
    if (property) return checkValue(property, part, [...path, key])
    if (isMapping(schema.additionalProperties)) return checkValue(schema.additionalProperties, part, [...path, key])
    if (schema.additionalProperties !== false) return []
    const message = unknownKey(key, Object.keys(schema.properties ?? {}), 'key')
    return [{ path: [...path, key], atKey: true, message }]
  })
  const missing = (schema.required ?? []).filter((key) => value[key] === undefined)
  return [
    ...faults,
    ...missing.map((key) => ({ path: [...path, key], atKey: false, message: `is missing; it must be ${allowedText(propertyOf(schema, key) ?? {})}` })),
  ]
}

function patternOf(schema: SchemaView, key: string): SchemaView | undefined {
  const found = Object.entries(schema.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, 'u').test(key))
  return found && schemaView(found[1])
}

function checkList(schema: SchemaView, value: readonly unknown[], path: KeyPath): Fault[] {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = schema
  const wrong = value.length < minItems || value.length > maxItems
  const faults: Fault[] = wrong ? [{ path, atKey: false, message: `must be ${allowedText(schema)}, not ${value.length}` }] : []
  return items ? [...faults, ...value.flatMap((item, index) => checkValue(items, item, [...path, index]))] : faults
}

function wrongValue(schema: SchemaView, value: unknown, path: KeyPath): string {
  if (value === null) return `has no value; it must be ${allowedText(schema)}`
  if (isSecret(schema, path)) return `must be ${allowedText(schema)} (the value is not shown)`
  return `must be ${allowedText(schema)}, not ${shown(value)}`
}

/** The value as far as a person may see it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isMapping(value)) return 'a section with keys'
  const text = typeof value === 'string' ? redactText(value) : String(value)
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text).replace(/^"(.*)"$/, typeof value === 'string' ? '"$1"' : '$1')
}

/** Is the value at `path` never shown? */
export function isSecret(schema: SchemaView | undefined, path: KeyPath): boolean {
  if (schema?.secret === true || schema?.writeOnly === true || schema?.format === 'password') return true
  const name = path.findLast((key) => typeof key === 'string')
  return typeof name === 'string' && isSecretKey(name)
}
