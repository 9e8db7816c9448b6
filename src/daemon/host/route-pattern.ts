/** Paths of plugin routes: `/summary`, `/items/:id`, `/files/*`. What is accepted, and what a request's path matches. */

import { ShoalError } from '../../errors.js'

/** Longest pattern, in characters. */
const maxPattern = 512

/** A parsed pattern. */
export interface RoutePattern {
  readonly segments: readonly string[]
  /** The pattern without the names of its parameters: two patterns of one shape match the same paths. */
  readonly shape: string
}

/** Parses a pattern. Throws `ERR_PLUGIN_INVALID` that says what is wrong, also for a `*` where `wildcard` is false. */
export function parsePattern(path: unknown, wildcard: boolean): RoutePattern {
  if (typeof path !== 'string' || !path.startsWith('/') || path.length > maxPattern)
    throw invalid(path, `it has to start with / and be at most ${maxPattern} characters long`)
  const segments = path === '/' ? [] : path.slice(1).split('/')
  const names = new Set<string>()
  for (const [at, segment] of segments.entries()) {
    if (segment === '*' && wildcard && at === segments.length - 1) continue
    const name = /^:([A-Za-z_][A-Za-z0-9_]{0,39})$/.exec(segment)?.[1]
    if (name !== undefined && !names.has(name)) names.add(name)
    else if (!/^[A-Za-z0-9._~-]+$/.test(segment) || isDots(segment))
      throw invalid(path, `the part ${JSON.stringify(segment)} is not a plain word, a :parameter used once, or a * at the end`)
  }
  return { segments, shape: segments.map((segment) => (segment.startsWith(':') ? ':' : segment)).join('/') }
}

/**
 * A request's path as decoded segments; `undefined` for a path that no route may match: malformed escapes, an escaped
 * slash, NUL or backslash, empty, `.` and `..` segments, which proxies and file handlers read in different ways. One
 * trailing slash makes a last segment `''`.
 */
export function splitPath(pathname: string): string[] | undefined {
  if (!pathname.startsWith('/') || pathname.length > 4096) return undefined
  const segments: string[] = []
  for (const raw of pathname.slice(1).split('/')) {
    const segment = decode(raw)
    if (segment === undefined || isDots(segment) || /[/\\\0]/.test(segment)) return undefined
    segments.push(segment)
  }
  return segments.slice(0, -1).includes('') ? undefined : segments
}

/** Parameters when the pattern matches the decoded segments, the rest of the path under `*`. */
export function matchPattern(pattern: RoutePattern, segments: readonly string[]): Record<string, string> | undefined {
  const open = pattern.segments.at(-1) === '*'
  if (open ? segments.length < pattern.segments.length : segments.length !== pattern.segments.length) return undefined
  const params: [string, string][] = []
  for (const [at, part] of pattern.segments.entries()) {
    const segment = segments[at] ?? ''
    if (part === '*' && open) params.push(['*', segments.slice(at).join('/')])
    else if (part.startsWith(':')) params.push([part.slice(1), segment])
    else if (part !== segment) return undefined
    if (segment === '') return undefined
  }
  return Object.fromEntries(params)
}

/** Sorts the more exact pattern first: at the first difference a word beats a parameter, and that beats `*`. */
export function moreExact(a: RoutePattern, b: RoutePattern): number {
  const rank = (segment: string | undefined): number => (segment === undefined || segment === '*' ? 2 : segment.startsWith(':') ? 1 : 0)
  for (let at = 0; at < Math.max(a.segments.length, b.segments.length); at++) {
    const difference = rank(a.segments[at]) - rank(b.segments[at])
    if (difference !== 0) return difference
  }
  return 0
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..'
}

function decode(segment: string): string | undefined {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

function invalid(path: unknown, reason: string): ShoalError {
  return new ShoalError(
    'ERR_PLUGIN_INVALID',
    `The route ${typeof path === 'string' ? JSON.stringify(path.slice(0, 80)) : typeof path} cannot be used: ${reason}.`,
  )
}
