/**
 * The API's listeners: the unix socket of the owner, and TCP for browsers, players and remote tools. Both speak the same
 * routes; what differs is who is believed to call (`auth.ts`).
 */

import { setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, ListenOptions } from 'node:net'
import type { Duplex } from 'node:stream'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { PluginRoutes } from '../host/http.js'
import { closeSocketToOthers, prepareSocketPath } from '../lock.js'
import { Throttle } from '../util/rate.js'
import { delay } from '../util/wait.js'
import type { Door } from './auth.js'
import { Dispatcher, maxHeaders } from './dispatcher.js'
import { createHandlers } from './handlers.js'
import type { DaemonPort, Guard } from './port.js'
import { TrustedProxies } from './trusted-proxies.js'
import { refuseSocket, WebSocketDoor } from './web-socket.js'

/** Limits; times in ms. */
export interface ApiLimits {
  /** Connections of each listener; more are closed at once. Default 2,000. */
  readonly maxConnections: number
  /** Bytes of a request's header. Default 16 KiB. */
  readonly maxHeader: number
  /** Bytes of a body, unless the route says otherwise. Default 1 MiB. */
  readonly maxBody: number
  /** A client may take this long to send the header … Default 10,000. */
  readonly headerTimeout: number
  /** … and this long for the whole request. Default 30,000. */
  readonly requestTimeout: number
  /** A handler may take this long, unless the route says otherwise. Default 30,000. */
  readonly callTimeout: number
  /** An idle connection is kept this long. Default 5,000. */
  readonly keepAlive: number
  /** Between the comments of an event stream. Default 15,000. */
  readonly heartbeat: number
  /** How often slow clients are looked for. Default 2,000. */
  readonly checkInterval: number
}

const defaultLimits: ApiLimits = {
  maxConnections: 2000,
  maxHeader: 16 * 1024,
  maxBody: 1024 * 1024,
  headerTimeout: 10_000,
  requestTimeout: 30_000,
  callTimeout: 30_000,
  keepAlive: 5000,
  heartbeat: 15_000,
  checkInterval: 2000,
}

/** How a server is made. */
export interface ApiServerOptions {
  readonly port: DaemonPort
  readonly guard: Guard
  readonly plugins: Pick<PluginRoutes, 'find' | 'methods' | 'list'>
  readonly log: Logger
  /** Config `http.allowedHosts`; asked for each request, so that a change counts at once. */
  readonly allowedHosts?: () => readonly string[]
  /** Config `http.allowedOrigins`. */
  readonly allowedOrigins?: () => readonly string[]
  /** Config `http.trustedProxies`. */
  readonly trustedProxies?: () => readonly string[]
  readonly limits?: Partial<ApiLimits>
}

/** The API of one daemon. */
export class ApiServer {
  /** Connections that were closed because there were too many. */
  refused = 0
  readonly #options: ApiServerOptions
  readonly #limits: ApiLimits
  readonly #dispatcher: Dispatcher
  readonly #sockets = new WebSocketDoor()
  readonly #servers: Server[] = []
  readonly #upgraded = new Set<Duplex>()
  readonly #stopping = new AbortController()
  readonly #crowded = new Throttle(10_000)

  constructor(options: ApiServerOptions) {
    const { guard, plugins, log, allowedHosts = () => [], allowedOrigins = () => [], trustedProxies = () => [] } = options
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    setMaxListeners(0, this.#stopping.signal)
    const { callTimeout, maxBody, heartbeat } = this.#limits
    const allowed = { hosts: allowedHosts, origins: allowedOrigins }
    const proxies = new TrustedProxies(trustedProxies)
    const handlers = createHandlers(options.port, plugins)
    this.#dispatcher = new Dispatcher({ handlers, guard, plugins, allowed, proxies, log, callTimeout, maxBody, heartbeat })
  }

  /** Listens on a unix socket that only this user can open. Throws `ERR_SOCKET_PATH_TOO_LONG`, `ERR_MODE_UNSAFE`, `ERR_ALREADY_RUNNING`. */
  async listenSocket(path: string): Promise<void> {
    await prepareSocketPath(path)
    await this.#listen(
      'socket',
      { path },
      (error) => new ShoalError('ERR_START_FAILED', `The control socket ${path} cannot be opened: ${error.message}`, { cause: error }),
    )
    await closeSocketToOthers(path)
  }

  /** Listens on TCP; port 0 takes a free one. Returns where. Throws `ERR_PORT_IN_USE` that names port and key. */
  async listenTcp(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    const server = await this.#listen('tcp', { host, port }, (error) => cannotListen(host, port, error))
    return { host, port: (server.address() as AddressInfo).port }
  }

  /**
   * Takes no new connections, ends event streams, lets calls that are under way finish for `grace` ms (default 2,000), then
   * cuts what is left. Idempotent.
   */
  async stop(grace = 2000): Promise<void> {
    const closed = this.#servers.splice(0).map((server) => closing(server))
    this.#stopping.abort(new ShoalError('ERR_STOPPING'))
    this.#sockets.close(false)
    const all = Promise.all([...closed.map(({ done }) => done), ...[...this.#upgraded].map(ended)])
    const timer = new AbortController()
    await Promise.race([all, delay(grace, timer.signal).catch(() => {})])
    timer.abort()
    for (const { server } of closed) server.closeAllConnections()
    this.#sockets.close(true)
    for (const socket of this.#upgraded) socket.destroy()
    await all
  }

  async #listen(kind: Door['kind'], where: ListenOptions, fail: (error: NodeJS.ErrnoException) => ShoalError): Promise<Server> {
    if (this.#stopping.signal.aborted) throw new ShoalError('ERR_STOPPING')
    const server = this.#createServer(kind)
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => reject(fail(error))
      server.once('error', failed)
      server.listen(where, () => {
        server.off('error', failed)
        resolve()
      })
    })
    server.on('error', (error) => this.#options.log.error('listener failed', { kind, err: error }))
    this.#servers.push(server)
    return server
  }

  #createServer(kind: Door['kind']): Server {
    const limits = this.#limits
    const server = createServer({
      maxHeaderSize: limits.maxHeader,
      headersTimeout: limits.headerTimeout,
      requestTimeout: limits.requestTimeout,
      connectionsCheckingInterval: limits.checkInterval,
      keepAliveTimeout: limits.keepAlive,
      // a missing Host header gets our own answer
      requireHostHeader: false,
      // a body cut short must not look like a whole one
      insecureHTTPParser: false,
    })
    server.maxConnections = limits.maxConnections
    server.maxHeadersCount = maxHeaders
    server.on('request', (request, response) => void this.#dispatcher.handle(request, response, kind, this.#stopping.signal))
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head, kind))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerBroken(error, socket))
    server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => response.writeHead(417, { connection: 'close' }).end())
    server.on('drop', () => {
      this.refused++
      this.#crowded.run((more) => this.#options.log.warn('too many connections; closed', { limit: limits.maxConnections, more }))
    })
    return server
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, kind: Door['kind']): void {
    this.#upgraded.add(socket)
    socket.once('close', () => this.#upgraded.delete(socket))
    void this.#dispatcher.upgrade(request, socket, head, kind, this.#sockets)
  }
}

/** Closes a listener; idle connections go at once. */
function closing(server: Server): { readonly server: Server; readonly done: Promise<void> } {
  const done = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  return { server, done }
}

function ended(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** Why the port could not be had, and what to set. */
function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): ShoalError {
  const details = { cause: error, data: { host, port, setting: 'http.port' } }
  if (error.code === 'EADDRINUSE') {
    return new ShoalError('ERR_PORT_IN_USE', `Port ${port} on ${host}, for HTTP, is in use by another program.`, {
      ...details,
      hint: 'Set http.port to another one; 0 takes any free one.',
    })
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return new ShoalError('ERR_START_FAILED', `${host} is no address of this machine: ${error.message}`, { ...details, hint: 'Set http.host.' })
  }
  if (error.code === 'EACCES')
    return new ShoalError('ERR_START_FAILED', `Port ${port} is reserved for the administrator.`, { ...details, hint: 'Set http.port to 1024 or more.' })
  return new ShoalError('ERR_START_FAILED', `HTTP cannot listen on ${host} port ${port}: ${error.message}`, details)
}

/** Answers what is no HTTP, too long or too slow. */
function answerBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') refuseSocket(socket, new ShoalError('ERR_REQUEST_TOO_LARGE', 'The header of the request is too large.'))
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuseSocket(socket, new ShoalError('ERR_TIMEOUT', 'The request took too long to arrive.'))
  else refuseSocket(socket, new ShoalError('ERR_REQUEST_INVALID', 'This is not a valid HTTP request.'))
}
