/** `ctx.http`: a plugin's handlers, contained, with signals that also abort when the plugin stops. */

import { ShoalError } from '../../errors.js'
import type { Http, HttpExchange, HttpRequest, HttpRoute, MediaHandlers, SessionHandlers, WebSocketExchange } from '../../plugin.js'
import { type Link, linkSignals } from '../util/linked-signal.js'
import { abortable, monotonic } from '../util/wait.js'
import { shoalError } from './containment.js'
import type { Hosted } from './hosted.js'
import type { PluginRoutes } from './http.js'
import type { HostLimits } from './limits.js'

/** Makes it. */
export function pluginHttp(hosted: Hosted, routes: PluginRoutes, limits: Pick<HostLimits, 'call' | 'patience'>): Http {
  const { name } = hosted
  const add = (label: string, register: () => () => void): void => {
    const closed = hosted.closed()
    if (closed) throw closed
    hosted.registrations.add('route', label, register)
  }
  return {
    route: (route) => add(`${route.method} /${name}${route.path}`, () => routes.route(name, containRoute(hosted, route, limits.call))),
    raw: (method, path, handler, options) =>
      add(`${method} /${name}${path}`, () => {
        const call = (exchange: HttpExchange): Promise<void> => {
          watchAnswer(hosted, `${method} ${path}`, exchange, limits.patience)
          return callRaw(hosted, path, exchange, handler)
        }
        return routes.raw(name, method, path, call, options)
      }),
    websocket: (path, handler, options) =>
      add(`WS /${name}${path}`, () => routes.websocket(name, path, (exchange) => callWebSocket(hosted, path, exchange, handler), options)),
    media: (extension, handlers) => add(`GET /*.${extension}`, () => routes.media(name, extension, containMedia(hosted, extension, handlers), hosted.rank)),
    extensions: () => routes.extensions(),
    session: (segment, handlers) => add(`POST /*/${segment}`, () => routes.session(name, segment, containSession(hosted, segment, handlers), hosted.rank)),
  }
}

function containRoute(hosted: Hosted, route: HttpRoute, limit: number): HttpRoute {
  // a missing handler has to reach PluginRoutes as it is, to be refused there
  if (typeof route.handler !== 'function') return route
  return { ...route, handler: (request) => callRoute(hosted, route, request, limit) }
}

async function callRoute(hosted: Hosted, route: HttpRoute, request: HttpRequest, limit: number): Promise<unknown> {
  const late = new AbortController()
  const link = linkSignals(request.signal, hosted.scope.signal, late.signal)
  const where = `${route.method} ${route.path}`
  const { params, query, body } = request
  const outcome = await hosted.contain(where, () => route.handler({ params, query, body, signal: link.signal }), limit)
  if (outcome.kind === 'done' && isAsyncIterable(outcome.value)) return untilAborted(outcome.value, link, (error) => fault(hosted, where, error))
  if (outcome.kind === 'hung') late.abort(outcome.error)
  link.done()
  if (outcome.kind === 'done') return outcome.value
  throw outcome.kind === 'hung' ? hosted.note(where, outcome) : fault(hosted, where, outcome.error)
}

/** A ShoalError below 500 is an answer, and nobody's fault is that the plugin stopped; anything else is the plugin's and counted. */
function fault(hosted: Hosted, where: string, error: unknown): ShoalError {
  const known = shoalError(error)
  return known.status < 500 || known.code === 'ERR_STOPPING' ? known : hosted.note(where, { kind: 'threw', error })
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function'
}

/** Iterates until the link aborts, also when the plugin's own iterator does not notice. */
function untilAborted(source: AsyncIterable<unknown>, link: Link, failed: (error: unknown) => Error): AsyncIterableIterator<unknown> {
  const iterator = source[Symbol.asyncIterator]()
  const end: IteratorReturnResult<undefined> = { done: true, value: undefined }
  const close = (): typeof end => {
    link.done()
    // not awaited: a generator that hangs in an await never answers
    new Promise((resolve) => resolve(iterator.return?.())).catch(() => {})
    return end
  }
  return {
    async next() {
      try {
        const result = await abortable(iterator.next(), link.signal)
        if (result.done) link.done()
        return result
      } catch (error) {
        const gone = link.signal.aborted
        close()
        if (gone) return end
        throw failed(error)
      }
    },
    async return() {
      return close()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function containMedia(hosted: Hosted, extension: string, handlers: MediaHandlers): MediaHandlers {
  if (typeof handlers.http !== 'function') return handlers
  const where = `*.${extension}`
  return {
    http: (path, exchange) => callRaw(hosted, where, exchange, (own) => handlers.http(path, own)),
    ...(handlers.websocket && {
      websocket: (path, exchange) => callWebSocket(hosted, where, exchange, (own) => handlers.websocket?.(path, own)),
    }),
  }
}

/** Names a handler while it sends not even a status, and once a client has left for that. */
function watchAnswer(hosted: Hosted, where: string, { response }: HttpExchange, patience: number): void {
  const done = hosted.calls.begin(where, () => response.headersSent)
  const began = monotonic()
  response.once('close', () => {
    done()
    const ms = monotonic() - began
    if (response.headersSent || ms < patience || hosted.scope.signal.aborted) return
    hosted.note(where, { kind: 'hung', error: new ShoalError('ERR_TIMEOUT', `It had not answered after ${Math.floor(ms / 1000)} s, when the client left.`) })
  })
}

function containSession(hosted: Hosted, segment: string, handlers: SessionHandlers): SessionHandlers {
  // missing handlers have to reach PluginRoutes as they are, to be refused there
  if ([handlers.open, handlers.change, handlers.close].some((handler) => typeof handler !== 'function')) return handlers
  const where = `*/${segment}`
  return {
    action: handlers.action,
    accepts: handlers.accepts,
    open: (path, exchange) => callRaw(hosted, where, exchange, (own) => handlers.open(path, own)),
    change: (path, id, exchange) => callRaw(hosted, where, exchange, (own) => handlers.change(path, id, own)),
    close: (path, id, exchange) => callRaw(hosted, where, exchange, (own) => handlers.close(path, id, own)),
  }
}

async function callRaw(hosted: Hosted, where: string, exchange: HttpExchange, handler: (exchange: HttpExchange) => void | Promise<void>): Promise<void> {
  const { request, response, params, query, who } = exchange
  // the handler may return early and go on writing: the response, not the handler, says when it is over
  const link = linkSignals(exchange.signal, hosted.scope.signal)
  if (response.destroyed || response.writableFinished) link.done()
  else response.once('close', link.done)
  onStop(hosted, link, () => response.destroy())
  await callOwner(hosted, where, link, () => handler({ request, response, params, query, who, signal: link.signal }))
}

async function callWebSocket(
  hosted: Hosted,
  where: string,
  exchange: WebSocketExchange,
  handler: (exchange: WebSocketExchange) => void | Promise<void>,
): Promise<void> {
  const { request, socket, params, query, who } = exchange
  const link = linkSignals(exchange.signal, hosted.scope.signal)
  if (socket.transport.destroyed) link.done()
  else socket.transport.once('close', link.done)
  onStop(hosted, link, () => socket.close(1001, 'the plugin stopped'))
  await callOwner(hosted, where, link, () => handler({ request, socket, params, query, who, signal: link.signal }))
}

function onStop(hosted: Hosted, link: Link, close: () => void): void {
  link.signal.addEventListener('abort', () => hosted.scope.signal.aborted && close(), { once: true })
}

async function callOwner(hosted: Hosted, where: string, link: Link, call: () => void | Promise<void>): Promise<void> {
  try {
    await call()
  } catch (error) {
    // what fails because the client went is nobody's fault
    if (!link.signal.aborted) throw fault(hosted, where, error)
  }
}
