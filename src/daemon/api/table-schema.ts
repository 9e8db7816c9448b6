/**
 * Builds the JSON Schemas of the route table. They have TypeBox's types, so `Static` infers from them, but are made
 * without loading TypeBox: the command line reads the table at every start, and the library alone takes 0.1 s to load.
 *
 * Source: JSON Schema draft 2020-12, validation vocabulary.
 */

import type {
  Static,
  TArray,
  TBoolean,
  TEnum,
  TInteger,
  TLiteral,
  TNumber,
  TObject,
  TOptional,
  TProperties,
  TSchema,
  TString,
  TUnion,
  TUnknown,
  TUnsafe,
} from 'typebox'

/** What every schema may say beside its type. */
interface Notes {
  readonly description?: string
  readonly default?: unknown
}

/** Schemas that {@link optional} made. Kept beside them, because a mark in the schema would show in OpenAPI. */
const optionals = new WeakSet<object>()

/** Text; lengths in UTF-16 units. */
export function text(options: Notes & { readonly minLength?: number; readonly maxLength?: number; readonly pattern?: string } = {}): TString {
  return { type: 'string', ...options } as unknown as TString
}

/** A whole number. */
export function integer(options: Notes & { readonly minimum?: number; readonly maximum?: number } = {}): TInteger {
  return { type: 'integer', ...options } as unknown as TInteger
}

/** Any finite number. */
export function number(options: Notes = {}): TNumber {
  return { type: 'number', ...options } as unknown as TNumber
}

/** `true` or `false`. */
export function flag(options: Notes = {}): TBoolean {
  return { type: 'boolean', ...options } as unknown as TBoolean
}

/** One of some words. */
export function oneOf<const Words extends string[]>(words: readonly [...Words], options: Notes = {}): TEnum<Words> {
  return { type: 'string', enum: words, ...options } as unknown as TEnum<Words>
}

/** A list. */
export function list<Item extends TSchema>(items: Item, options: Notes & { readonly maxItems?: number } = {}): TArray<Item> {
  return { type: 'array', items, ...options } as unknown as TArray<Item>
}

/** An object with these properties and no others. Properties with a default need not be given: the server fills them in before it validates. */
export function record<Properties extends TProperties>(properties: Properties, options: Notes = {}): TObject<Properties> {
  const required = Object.entries(properties).flatMap(([name, schema]) => (optionals.has(schema) || 'default' in schema ? [] : [name]))
  return { type: 'object', required, properties, additionalProperties: false, ...options } as unknown as TObject<Properties>
}

/** An object with any names; each value fits `value`. */
export function dictionary<Value extends TSchema>(value: Value, options: Notes = {}): TUnsafe<Record<string, Static<Value>>> {
  return { type: 'object', additionalProperties: value, ...options } as unknown as TUnsafe<Record<string, Static<Value>>>
}

/** One of several shapes. */
export function either<Types extends TSchema[]>(...anyOf: [...Types]): TUnion<Types> {
  return { anyOf } as unknown as TUnion<Types>
}

/** A property with one fixed text: tells the shapes of an {@link either} apart. */
export function tag<const Word extends string>(word: Word): TEnum<[Word]> {
  return { type: 'string', enum: [word] } as unknown as TEnum<[Word]>
}

/** The version of an answer's shape, first in every answer. A number rises only when a field changes its meaning or goes. */
export function shapeVersion<const Version extends number>(version: Version): TLiteral<Version> {
  return { type: 'integer', const: version } as unknown as TLiteral<Version>
}

/** Any JSON value. */
export function anything(options: Notes = {}): TUnknown {
  return { ...options } as unknown as TUnknown
}

/** A property that may be absent. */
export function optional<Type extends TSchema>(type: Type): TOptional<Type> {
  const copy = { ...type } as unknown as TOptional<Type>
  optionals.add(copy)
  return copy
}
