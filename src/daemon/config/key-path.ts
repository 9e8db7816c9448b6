/** Names of values: as a list of keys, as a JSON pointer for look-ups, and as people write them. */

/** Keys from the root; a number is the index of a list. */
export type KeyPath = readonly (string | number)[]

/** JSON pointer (RFC 6901). */
export function pointerOf(path: KeyPath): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** `pulls[0].url`. */
export function dotted(path: KeyPath): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? key : `${text}.${key}`), '')
}

/** The value at a path; `undefined` where there is none. Own properties only. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<string | number, unknown>)[key]
  }
  return at
}

/** Is it an object with keys, and no list? */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
