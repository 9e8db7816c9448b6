/** Defaults of a JSON Schema. TypeBox fills them in for its own types only; a plugin may bring any JSON Schema. */

/** Deepest nesting that is followed; deeper parts keep what they have. */
const maxDepth = 32

/** `value` with the `default` of each absent property, in objects, arrays and `allOf`. Changes `value` where it is an object, so give a copy. */
export function fillDefaults(schema: unknown, value: unknown, depth = 0): unknown {
  if (!isRecord(schema) || depth > maxDepth) return value
  const filled = value === undefined && schema['default'] !== undefined ? structuredClone(schema['default']) : value
  if (Array.isArray(filled)) return filled.map((item) => fillDefaults(schema['items'], item, depth + 1))
  if (isRecord(filled)) {
    for (const [key, part] of Object.entries(isRecord(schema['properties']) ? schema['properties'] : {})) {
      const inner = fillDefaults(part, Object.hasOwn(filled, key) ? filled[key] : undefined, depth + 1)
      if (inner !== undefined) filled[key] = inner
    }
  }
  const all = Array.isArray(schema['allOf']) ? schema['allOf'] : []
  return all.reduce((result: unknown, part) => fillDefaults(part, result, depth + 1), filled)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
