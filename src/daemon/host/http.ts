/**
 * Routes of plugins: which handler answers a path. It opens no port and knows no request; the API asks `find`.
 *
 * A plugin's routes live under `/PLUGIN/…` and cannot leave it, so two plugins never meet. Media extensions live at the
 * root: `/STREAM/PATH.EXT`; a plugin's own route wins where both match. Paths are matched by decoded segments; see
 * `splitPath` for what is never matched. A trailing slash matters, but for a plugin's root, which answers with and without.
 */

import { ShoalError } from '../../errors.js'
import type { HttpExchange, HttpRoute, MediaHandlers, SessionHandlers, WebSocketExchange } from '../../plugin.js'
import { normalizePath } from '../streams/path.js'
import { matchPattern, moreExact, parsePattern, type RoutePattern, splitPath } from './route-pattern.js'

/** Handler of {@link PluginRoutes.raw}. */
export type RawHandler = (exchange: HttpExchange) => void | Promise<void>
/** Handler of {@link PluginRoutes.websocket}. */
export type WebSocketHandler = (exchange: WebSocketExchange) => void | Promise<void>

type Target =
  | { readonly kind: 'json'; readonly route: HttpRoute }
  | { readonly kind: 'raw'; readonly handler: RawHandler }
  | { readonly kind: 'websocket'; readonly handler: WebSocketHandler }

/** What answers a request. `public`: no token is needed; the API still checks Host and Origin, and for media asks `permission`. */
export type Match = { readonly plugin: string; readonly params: Record<string, string>; readonly public: boolean } & (
  | Target
  | { readonly kind: 'media'; readonly path: string; readonly handlers: MediaHandlers }
  | SessionMatch
)

/** A session: `id` is absent where one is opened. */
export interface SessionMatch {
  readonly kind: 'session'
  readonly path: string
  readonly id: string | undefined
  readonly handlers: SessionHandlers
}

/** A route as lists and OpenAPI show it. */
export interface RouteInfo {
  readonly plugin: string
  readonly kind: Match['kind']
  /** `GET` for WebSockets and media. */
  readonly method: string
  /** Whole path: `/monitor/summary`, `/*.flv`. */
  readonly path: string
  readonly public: boolean
  readonly route?: HttpRoute
  /** The plugin whose earlier claim of the extension wins. */
  readonly shadowedBy?: string
}

interface Entry {
  readonly plugin: string
  readonly method: string
  readonly pattern: RoutePattern
  readonly path: string
  readonly public: boolean
  readonly target: Target
}

interface Claim<Handlers> {
  readonly plugin: string
  readonly rank: number
  readonly handlers: Handlers
}

const methods: readonly unknown[] = ['GET', 'POST', 'PUT', 'DELETE']

/** The routes of all plugins. */
export class PluginRoutes {
  readonly #entries = new Map<string, Entry[]>()
  readonly #media = new Map<string, Claim<MediaHandlers>[]>()
  readonly #sessions = new Map<string, Claim<SessionHandlers>[]>()

  /** Adds a JSON route; returns the undo, as all of these do. Throws `ERR_PLUGIN_INVALID`: bad path, bad method, no handler, or there is such a route. */
  route(plugin: string, route: HttpRoute): () => void {
    requireFunction(plugin, 'the route handler', route.handler)
    return this.#add(plugin, route.method, route.path, route.public === true, { kind: 'json', route })
  }

  /** Adds a route whose handler writes the response itself. */
  raw(plugin: string, method: 'GET' | 'POST', path: string, handler: RawHandler, options: { readonly public?: boolean } = {}): () => void {
    requireFunction(plugin, 'the raw handler', handler)
    return this.#add(plugin, method, path, options.public === true, { kind: 'raw', handler })
  }

  /** Adds a WebSocket. It may share its path with a GET route. */
  websocket(plugin: string, path: string, handler: WebSocketHandler, options: { readonly public?: boolean } = {}): () => void {
    requireFunction(plugin, 'the WebSocket handler', handler)
    return this.#add(plugin, 'GET', path, options.public === true, { kind: 'websocket', handler })
  }

  /** Claims an extension: 1 to 10 of `[a-z0-9]`, without the dot. Of several claims the one with the lowest rank answers, the others wait. */
  media(plugin: string, extension: string, handlers: MediaHandlers, rank = 0): () => void {
    if (!/^[a-z0-9]{1,10}$/.test(extension))
      throw invalid(plugin, `the extension ${JSON.stringify(String(extension).slice(0, 40))} is not 1 to 10 of a-z and 0-9`)
    requireFunction(plugin, 'the media handler http', handlers.http)
    if (handlers.websocket !== undefined) requireFunction(plugin, 'the media handler websocket', handlers.websocket)
    return claim(this.#media, extension, { plugin, rank, handlers })
  }

  /** Claims a last segment: 1 to 20 of `[a-z0-9-]`. As with {@link media}, the claim with the lowest rank answers. */
  session(plugin: string, segment: string, handlers: SessionHandlers, rank = 0): () => void {
    if (!/^[a-z0-9-]{1,20}$/.test(segment))
      throw invalid(plugin, `the segment ${JSON.stringify(String(segment).slice(0, 40))} is not 1 to 20 of a-z, 0-9 and -`)
    for (const name of ['open', 'change', 'close'] as const) requireFunction(plugin, `the session handler ${name}`, handlers[name])
    if (handlers.action !== 'stream.read' && handlers.action !== 'stream.publish')
      throw invalid(plugin, 'the action of a session is not stream.read or stream.publish')
    return claim(this.#sessions, segment, { plugin, rank, handlers })
  }

  /** What answers this path. HEAD counts as GET. `pathname`: as in the request line, still escaped, without query. */
  find(method: string, pathname: string, websocket: boolean): Match | undefined {
    const segments = splitPath(pathname)
    if (!segments) return undefined
    const wanted = method === 'HEAD' ? 'GET' : method
    const found = this.#matching(segments).find(({ entry }) => entry.method === wanted && (entry.target.kind === 'websocket') === websocket)
    if (found) return { plugin: found.entry.plugin, params: found.params, public: found.entry.public, ...found.entry.target }
    return wanted === 'GET' ? this.#findMedia(segments, websocket) : this.#findSession(wanted, segments)
  }

  /** Methods this path answers to, for `ERR_METHOD_NOT_ALLOWED`; empty = there is no such route. */
  methods(pathname: string): readonly string[] {
    const segments = splitPath(pathname)
    if (!segments) return []
    const found = this.#matching(segments).map(({ entry }) => entry.method)
    if (this.#findMedia(segments, false)) found.push('GET')
    for (const method of ['POST', 'PATCH', 'DELETE']) if (this.#findSession(method, segments)) found.push(method)
    return [...new Set(found)]
  }

  /** Extensions and session segments that are claimed. */
  extensions(): readonly string[] {
    return [...this.#media.keys(), ...this.#sessions.keys()]
  }

  /** Every route, shadowed media claims too. */
  list(): readonly RouteInfo[] {
    const routes = [...this.#entries.values()].flat().map((entry): RouteInfo => {
      const { plugin, method, path, target } = entry
      return { plugin, kind: target.kind, method, path: `/${plugin}${path}`, public: entry.public, ...(target.kind === 'json' && { route: target.route }) }
    })
    const media = [...this.#media].flatMap(([extension, claims]) =>
      claims.map(({ plugin }, at): RouteInfo => {
        const first = at > 0 ? claims[0]?.plugin : undefined
        return { plugin, kind: 'media', method: 'GET', path: `/*.${extension}`, public: true, ...(first !== undefined && { shadowedBy: first }) }
      }),
    )
    const sessions = [...this.#sessions].flatMap(([segment, claims]) =>
      claims.map(({ plugin }, at): RouteInfo => {
        const first = at > 0 ? claims[0]?.plugin : undefined
        return { plugin, kind: 'session', method: 'POST', path: `/*/${segment}`, public: true, ...(first !== undefined && { shadowedBy: first }) }
      }),
    )
    return [...routes, ...media, ...sessions]
  }

  #add(plugin: string, method: string, path: string, isPublic: boolean, target: Target): () => void {
    if (!methods.includes(method)) throw invalid(plugin, `the method ${String(method).slice(0, 20)} is not one of ${methods.join(', ')}`)
    const pattern = parsePattern(path, target.kind !== 'json')
    const entries = this.#entries.get(plugin) ?? []
    const socket = target.kind === 'websocket'
    const same = entries.find((one) => one.method === method && one.pattern.shape === pattern.shape && (one.target.kind === 'websocket') === socket)
    if (same) throw invalid(plugin, `${method} ${path} matches the same paths as ${same.path}, which it has already`)
    const entry: Entry = { plugin, method, pattern, path, public: isPublic, target }
    this.#entries.set(
      plugin,
      [...entries, entry].sort((a, b) => moreExact(a.pattern, b.pattern)),
    )
    return () => remove(this.#entries, plugin, entry)
  }

  /** Entries that match, the most exact first. */
  #matching(segments: readonly string[]): { entry: Entry; params: Record<string, string> }[] {
    const [plugin = '', ...rest] = segments
    const path = rest.length === 1 && rest[0] === '' ? [] : rest
    return (this.#entries.get(plugin) ?? []).flatMap((entry) => {
      const params = matchPattern(entry.pattern, path)
      return params ? [{ entry, params }] : []
    })
  }

  #findSession(method: string, segments: readonly string[]): Match | undefined {
    const id = method === 'POST' ? undefined : method === 'PATCH' || method === 'DELETE' ? segments.at(-1) : ''
    if (id === '') return undefined
    const stream = id === undefined ? segments : segments.slice(0, -1)
    const found = this.#sessions.get(stream.at(-1) ?? '')?.[0]
    const path = found && stream.length > 1 ? streamPath(stream.slice(0, -1)) : undefined
    if (!found || path === undefined) return undefined
    return { plugin: found.plugin, params: {}, public: true, kind: 'session', path, id, handlers: found.handlers }
  }

  #findMedia(segments: readonly string[], websocket: boolean): Match | undefined {
    const last = segments.at(-1) ?? ''
    const dot = last.lastIndexOf('.')
    const claim = dot > 0 ? this.#media.get(last.slice(dot + 1))?.[0] : undefined
    if (!claim || (websocket && !claim.handlers.websocket)) return undefined
    const path = streamPath([...segments.slice(0, -1), last.slice(0, dot)])
    if (path === undefined) return undefined
    return { plugin: claim.plugin, params: {}, public: true, kind: 'media', path, handlers: claim.handlers }
  }
}

/** In the hub's spelling, so that `permission` is asked about the very path that is read. */
function streamPath(segments: readonly string[]): string | undefined {
  try {
    return normalizePath(segments.join('/'))
  } catch {
    return undefined
  }
}

/** Adds a claim, the lowest rank first. Throws `ERR_PLUGIN_INVALID` for a second one of a plugin. */
function claim<Handlers>(map: Map<string, Claim<Handlers>[]>, name: string, added: Claim<Handlers>): () => void {
  const claims = map.get(name) ?? []
  if (claims.some(({ plugin }) => plugin === added.plugin)) throw invalid(added.plugin, `it claims ${name} twice`)
  map.set(
    name,
    [...claims, added].sort((a, b) => a.rank - b.rank),
  )
  return () => remove(map, name, added)
}

function remove<T>(map: Map<string, T[]>, key: string, value: T): void {
  const rest = (map.get(key) ?? []).filter((one) => one !== value)
  if (rest.length > 0) map.set(key, rest)
  else map.delete(key)
}

function requireFunction(plugin: string, what: string, value: unknown): void {
  if (typeof value !== 'function') throw invalid(plugin, `${what} is not a function`)
}

function invalid(plugin: string, reason: string): ShoalError {
  return new ShoalError('ERR_PLUGIN_INVALID', `A route of ${plugin} cannot be added: ${reason}.`)
}
