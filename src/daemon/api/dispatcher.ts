/** One request from its first byte of header to its answer: whom it comes from, which route it means, what the route says. */

import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { isShoalError, ShoalError } from '../../errors.js'
import type { HttpExchange, HttpRoute, Logger } from '../../plugin.js'
import type { Action, Principal } from '../../services.js'
import { schemaView } from '../config/schema-walk.js'
import type { Match, PluginRoutes, SessionMatch } from '../host/http.js'
import { linkSignals } from '../util/linked-signal.js'
import { deadline, monotonic } from '../util/wait.js'
import { type Allowed, authorize, authorizeOwner, checkHost, checkOrigin, credentialsOf, type Door, identify } from './auth.js'
import type { Handlers } from './call.js'
import type { Guard } from './port.js'
import { checkInput, parseTarget, readJson, readQuery, type Target } from './request-input.js'
import { bearerChallenge, presentable, securityHeaders, sendError, sendJson, sendText } from './respond.js'
import { type FoundRoute, RouteFinder, unknownRoute } from './route-finder.js'
import { sendEvents } from './sse.js'
import { routeOf } from './table.js'
import type { RouteShape } from './table-route.js'
import type { TrustedProxies } from './trusted-proxies.js'
import { refuseSocket, type WebSocketDoor } from './web-socket.js'

/** What a dispatcher works with. */
export interface DispatcherOptions {
  readonly handlers: Handlers
  readonly guard: Guard
  readonly plugins: Pick<PluginRoutes, 'find' | 'methods' | 'list'>
  readonly allowed: Allowed
  readonly proxies: TrustedProxies
  readonly log: Logger
  /** ms a route has unless the table says otherwise. */
  readonly callTimeout: number
  /** Largest body in bytes unless the table says otherwise. */
  readonly maxBody: number
  readonly heartbeat: number
}

/** One request on its way. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: Target
  readonly door: Door
  /** Aborted when the client goes. */
  readonly signal: AbortSignal
  /** Aborted when the client goes or the server stops: for answers without an end. */
  readonly ending: AbortSignal
}

/** Headers of one request; the server's `maxHeadersCount`. */
export const maxHeaders = 200
/** Parts of a player's query that hold credentials. */
const secretParts = ['token', 'user', 'pass']
const requestMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Answers requests. Never throws. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #routes = new RouteFinder()

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Answers a request. `stopping`: aborted when the server stops. */
  async handle(request: IncomingMessage, response: ServerResponse, kind: Door['kind'], stopping: AbortSignal): Promise<void> {
    const started = monotonic()
    const gone = new AbortController()
    const ending = linkSignals(gone.signal, stopping)
    response.once('close', () => {
      gone.abort(new ShoalError('ERR_ABORTED', 'The client went.'))
      ending.done()
    })
    // a connection that is kept would hold up the end
    ending.signal.addEventListener('abort', () => (response.shouldKeepAlive = false), { once: true })
    const what = `${request.method} ${(request.url ?? '').split('?')[0]?.slice(0, 200)}`
    try {
      for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
      if (stopping.aborted) throw new ShoalError('ERR_STOPPING')
      await this.#answer({ request, response, door: this.#options.proxies.doorOf(request, kind), signal: gone.signal, ending: ending.signal })
    } catch (thrown) {
      this.#fail(request, response, presentable(thrown, this.#options.log, what))
    }
    this.#options.log.debug('request', { what, status: response.statusCode, ms: Math.round(monotonic() - started), door: kind })
  }

  /** Answers an upgrade request. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, kind: Door['kind'], sockets: WebSocketDoor): Promise<void> {
    socket.on('error', () => socket.destroy())
    try {
      const target = parseTarget(request.url)
      const door = this.#options.proxies.doorOf(request, kind)
      this.#admit(request, door)
      if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket')
        throw new ShoalError('ERR_REQUEST_INVALID', 'Only WebSocket upgrades are answered.')
      const match = this.#options.plugins.find('GET', target.pathname, true)
      if (match?.kind !== 'websocket' && match?.kind !== 'media') throw unknownRoute('WebSocket', target.pathname, this.#pluginPaths())
      const who = await this.#admitToPlugin(request, target, door, match, socket)
      const web = await sockets.accept(request, socket, head)
      const { params } = match
      const exchange = { request, socket: web, params, query: target.query, who, signal: web.signal }
      const call = match.kind === 'media' ? match.handlers.websocket?.(match.path, exchange) : match.handler(exchange)
      Promise.resolve(call).catch((thrown: unknown) => {
        const error = presentable(thrown, this.#options.log, `WebSocket ${target.pathname.slice(0, 200)}`)
        web.close(error.status >= 500 ? 1011 : 1008, error.code)
      })
    } catch (thrown) {
      const error = presentable(thrown, this.#options.log, 'WebSocket upgrade')
      if (socket.writable) refuseSocket(socket, error)
      else socket.destroy()
    }
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: ShoalError): void {
    try {
      // what the client still sends is not read to its end
      if (!request.complete && !response.headersSent) response.setHeader('connection', 'close')
      sendError(response, error)
    } catch (thrown) {
      this.#options.log.error('an error could not be shown', { code: error.code, err: thrown })
      response.destroy()
    }
  }

  /** Host and Origin; the origin where CORS headers are due. */
  #admit(request: IncomingMessage, door: Door): string | undefined {
    // the parser drops the headers beyond its limit: the Origin that is looked for could be among them
    if (request.rawHeaders.length >= maxHeaders * 2) throw new ShoalError('ERR_REQUEST_TOO_LARGE', `The request has ${maxHeaders} headers or more.`)
    if (door.kind === 'socket') return undefined
    return checkOrigin(request, door, checkHost(request, door, this.#options.allowed), this.#options.allowed)
  }

  async #answer(begun: Omit<Exchange, 'target'>): Promise<void> {
    const { request, response, door } = begun
    const origin = this.#admit(request, door)
    response.setHeader('vary', 'Origin')
    if (origin !== undefined) {
      response.setHeader('access-control-allow-origin', origin)
      response.setHeader('cross-origin-resource-policy', 'cross-origin')
    }
    const method = request.method ?? ''
    if (method === 'OPTIONS' && request.url === '*') return options(response, requestMethods, undefined)
    const exchange: Exchange = { ...begun, target: parseTarget(request.url) }
    const { pathname } = exchange.target
    if (method === 'OPTIONS') {
      const session = this.#options.plugins.find('POST', pathname, false)
      if (session?.kind === 'session') response.setHeader('accept-post', session.handlers.accepts)
      return options(response, this.#methods(pathname), origin)
    }
    const found = this.#routes.find(method, pathname)
    if (found) return await this.#answerRoute(found, exchange)
    const match = this.#options.plugins.find(method, pathname, false)
    if (match) return await this.#answerPlugin(match, exchange)
    const methods = this.#methods(pathname)
    if (methods.length === 0) throw unknownRoute(method, pathname, this.#pluginPaths())
    response.setHeader('allow', methods.join(', '))
    throw new ShoalError('ERR_METHOD_NOT_ALLOWED', `${pathname} answers ${methods.join(', ')}, not ${method.slice(0, 20)}.`)
  }

  #methods(pathname: string): string[] {
    const methods = [...new Set([...this.#routes.methods(pathname), ...this.#options.plugins.methods(pathname)])]
    return methods.includes('GET') ? [...methods, 'HEAD', 'OPTIONS'] : methods.length > 0 ? [...methods, 'OPTIONS'] : []
  }

  #pluginPaths(): string[] {
    return this.#options.plugins.list().map((route) => route.path)
  }

  async #answerRoute({ id, params }: FoundRoute, exchange: Exchange): Promise<void> {
    const { request, response, target, door } = exchange
    const route = routeOf(id)
    const { guard, callTimeout, maxBody, heartbeat, log } = this.#options
    // public routes ask nobody, so that a load balancer's check costs nothing
    const who: Principal = route.access === 'public' ? { kind: 'client', id: 'anonymous' } : await identify(guard, door, credentialsOf(request, undefined))
    const permit = (): Promise<void> => authorizeOwner(guard, who, id)
    if (route.access === 'owner') await (route.stream ? this.#held(who, { action: 'api.call', target: id }, response, permit) : permit())
    const body = await readJson(request, route.maxBody ?? maxBody)
    if (body !== undefined && !route.body) throw new ShoalError('ERR_REQUEST_INVALID', 'This route takes no body.')
    const input = {
      params: checkInput('params', route.params, params),
      query: checkInput('query', route.query ?? emptySchema, readQuery(target.query, route.query && schemaView(route.query))),
      body: checkInput('body', route.body, route.body ? (body ?? {}) : undefined),
    }
    const handler = this.#options.handlers[id] as (input: unknown, context: { who: Principal; signal: AbortSignal }) => unknown
    if (route.stream) {
      const source = handler(input, { who, signal: exchange.ending }) as AsyncIterable<unknown>
      if (request.method === 'HEAD') return endHead(response, 'text/event-stream; charset=utf-8', source)
      return await sendEvents(response, source, { signal: exchange.ending, heartbeat, explain: (thrown) => presentable(thrown, log, id) })
    }
    const call = (): Promise<unknown> => inTime(id, route.timeout ?? callTimeout, exchange.signal, (signal) => handler(input, { who, signal }))
    if (route.ekuiper) return await answerEkuiper(response, route.ekuiper, call, (thrown) => presentable(thrown, log, id))
    sendJson(response, 200, await call())
  }

  async #answerPlugin(match: Match, exchange: Exchange): Promise<void> {
    const { request, response, target } = exchange
    if (match.kind === 'websocket') throw new ShoalError('ERR_REQUEST_INVALID', 'This is a WebSocket; ask for an upgrade.')
    const who = await this.#admitToPlugin(request, target, exchange.door, match, response)
    if (match.kind === 'json') return await this.#answerJson(match.route, match.params, exchange)
    if (request.method === 'HEAD') endAfterHead(response)
    const own: HttpExchange = { request, response, params: match.params, query: target.query, who, signal: exchange.ending }
    if (match.kind === 'session') return await answerSession(match, own)
    await (match.kind === 'media' ? match.handlers.http(match.path, own) : match.handler(own))
  }

  /** Who may use a plugin's route. Takes credentials out of the query, so that the plugin does not see them. `carrier` is cut when the permission is taken back. */
  async #admitToPlugin(request: IncomingMessage, target: Target, door: Door, match: Match, carrier: ServerResponse | Duplex): Promise<Principal> {
    try {
      return await this.#permitPlugin(request, target, door, match, carrier)
    } catch (error) {
      // players and browsers send a password only where it is asked for; our own pages, which have a token, shall not make them ask
      const asks =
        (match.kind === 'media' || match.kind === 'session') && isShoalError(error, 'ERR_UNAUTHENTICATED') && this.#options.guard.passwords?.() === true
      if (asks && carrier instanceof ServerResponse) carrier.setHeader('www-authenticate', [bearerChallenge, 'Basic realm="shoal", charset="UTF-8"'])
      throw error
    }
  }

  async #permitPlugin(request: IncomingMessage, target: Target, door: Door, match: Match, carrier: ServerResponse | Duplex): Promise<Principal> {
    const { guard } = this.#options
    const player = match.kind === 'session' || (match.kind !== 'json' && (request.method === 'GET' || request.method === 'HEAD'))
    const shown = credentialsOf(request, player ? target.query : undefined)
    if (player) for (const name of secretParts) target.query.delete(name)
    // whoever knows the id of a session opened it
    if (match.kind === 'session' && match.id !== undefined) return { kind: 'client', id: 'anonymous' }
    const who = await identify(guard, door, shown)
    if (match.kind === 'session') {
      await authorize(guard, who, { action: match.handlers.action, target: match.path })
    } else if (match.kind === 'media') {
      const read = { action: 'stream.read', target: match.path } as const
      await this.#held(who, read, carrier, () => authorize(guard, who, read))
    } else if (!match.public) {
      const route = `${match.plugin} ${request.method} ${target.pathname.slice(0, 200)}`
      await this.#held(who, { action: 'api.call', target: route }, carrier, () => authorizeOwner(guard, who, route))
    }
    return who
  }

  /** Asks for permission, and cuts the carrier when it is taken back while the answer goes on. */
  async #held(who: Principal, what: Action, carrier: ServerResponse | Duplex, ask: () => Promise<void>): Promise<void> {
    const release = this.#options.guard.hold?.(who, what, () => carrier.destroy()) ?? (() => {})
    carrier.once('close', release)
    try {
      await ask()
      if (carrier.destroyed) release()
    } catch (error) {
      release()
      throw error
    }
  }

  async #answerJson(route: HttpRoute, params: Readonly<Record<string, string>>, exchange: Exchange): Promise<void> {
    const { request, response, target, signal, ending } = exchange
    const { maxBody, callTimeout, heartbeat, log } = this.#options
    const body = checkInput('body', route.body, await readJson(request, maxBody))
    const query = checkInput('query', route.query, readQuery(target.query, route.query && schemaView(route.query))) as Record<string, unknown>
    const what = `${route.method} ${route.path}`
    const value = await inTime(what, callTimeout, signal, (limited) => route.handler({ params, query, body, signal: limited }), signal)
    if (!isEvents(value)) return sendJson(response, 200, value)
    if (request.method === 'HEAD') return endHead(response, 'text/event-stream; charset=utf-8', value)
    await sendEvents(response, value, { signal: ending, heartbeat, explain: (thrown) => presentable(thrown, log, what) })
  }
}

async function answerSession({ path, id, handlers }: SessionMatch, exchange: HttpExchange): Promise<void> {
  if (id === undefined) await handlers.open(path, exchange)
  else if (exchange.request.method === 'PATCH') await handlers.change(path, id, exchange)
  else await handlers.close(path, id, exchange)
}

/** In eKuiper's shape: 1000 is its code of any error, 1002 of what is not there. */
async function answerEkuiper(
  response: ServerResponse,
  { status = 200, failure }: NonNullable<RouteShape['ekuiper']>,
  call: () => Promise<unknown>,
  explain: (thrown: unknown) => ShoalError,
): Promise<void> {
  try {
    const value = await call()
    if (typeof value === 'string') sendText(response, status, value)
    else sendJson(response, status, value)
  } catch (thrown) {
    const { code, message } = explain(thrown)
    const absent = code === 'ERR_PLUGIN_UNKNOWN'
    if (!response.headersSent) sendJson(response, absent ? 404 : 400, { error: absent ? 1002 : 1000, message: `${failure}${message}` })
  }
}

const emptySchema = { type: 'object', properties: {}, additionalProperties: false }

function isEvents(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** Calls with a signal that also aborts when the time is up. */
async function inTime(what: string, ms: number, parent: AbortSignal, call: (signal: AbortSignal) => unknown, lasting?: AbortSignal): Promise<unknown> {
  const limit = deadline(ms, 'ERR_TIMEOUT', `${what} took longer than ${ms / 1000} s.`, parent)
  const late = new Promise<never>((_, reject) => limit.signal.addEventListener('abort', () => reject(limit.signal.reason), { once: true }))
  try {
    // a handler that answers with events goes on with the client's signal
    return await Promise.race([call(lasting ?? limit.signal), late])
  } finally {
    limit.done()
  }
}

function options(response: ServerResponse, methods: readonly string[], origin: string | undefined): void {
  if (methods.length === 0) throw new ShoalError('ERR_ROUTE_UNKNOWN')
  response.setHeader('allow', methods.join(', '))
  if (origin !== undefined) {
    response.setHeader('access-control-allow-methods', methods.join(', '))
    response.setHeader('access-control-allow-headers', 'authorization, content-type, if-match, range')
    response.setHeader('access-control-allow-private-network', 'true')
    response.setHeader('access-control-max-age', '600')
  }
  response.writeHead(204).end()
}

/** Answers HEAD for a stream of events. */
function endHead(response: ServerResponse, type: string, source: AsyncIterable<unknown>): void {
  Promise.resolve(source[Symbol.asyncIterator]().return?.()).catch(() => {})
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end()
}

/** A handler that writes a live stream would never end an answer to HEAD: the first sign of a body ends it. */
function endAfterHead(response: ServerResponse): void {
  const flush = response.flushHeaders.bind(response)
  const finish = (): boolean => {
    if (!response.writableEnded) response.end()
    return true
  }
  response.write = finish
  response.flushHeaders = () => {
    flush()
    finish()
  }
}
