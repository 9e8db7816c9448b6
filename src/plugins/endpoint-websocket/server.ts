/** The listener: a small HTTP server that answers nothing but upgrades. */

import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { ShoalError } from '../../errors.js'
import type { Logger } from '../../plugin.js'
import type { Endpoint, EndpointDoor, EndpointSession } from '../../services.js'
import { checkUpgrade, credentialsOf, placeOf, protocol } from './admission.js'
import { Client } from './client.js'
import type { WebSocketConfig } from './config.js'

/** What is shown of it. */
export interface WebSocketStatus {
  /** `ws://HOST:PORT`; absent while it does not listen. */
  readonly address?: string
  readonly clients: number
  /** Clients that were cut because they did not read. */
  readonly cut: number
  /** Handshakes that were refused. */
  readonly refused: number
}

/** ms for clients to say goodbye. */
const farewell = 1000

/** The endpoint. */
export class WebSocketEndpoint implements Endpoint {
  readonly name = 'websocket'
  readonly #config: WebSocketConfig
  readonly #log: Logger
  readonly #clients = new Set<Client>()
  readonly #upgrading = new Set<Duplex>()
  #door: EndpointDoor | undefined
  #http: Server | undefined
  #sockets: WebSocketServer | undefined
  #address: string | undefined
  #cut = 0
  #refused = 0

  constructor(config: WebSocketConfig, log: Logger) {
    this.#config = config
    this.#log = log
  }

  /** Rejects with `ERR_PORT_IN_USE`, `ERR_PLUGIN_FAILED`. */
  async open(door: EndpointDoor): Promise<{ readonly address: string }> {
    const { host, port, maxMessage } = this.#config
    this.#door = door
    this.#sockets = new WebSocketServer({
      ...{ noServer: true, clientTracking: false, maxPayload: maxMessage, perMessageDeflate: false },
      handleProtocols: () => protocol,
    })
    const http = createServer({ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 2000 })
    http.maxConnections = this.#config.maxConnections + 50
    http.on('request', (_, response) => response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end())
    http.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head))
    http.on('clientError', (_, socket) => socket.destroy())
    await listen(http, host, port)
    http.on('error', (err) => this.#log.warn('listener failed', { err }))
    this.#http = http
    const at = http.address()
    this.#address = `ws://${host.includes(':') ? `[${host}]` : host}:${typeof at === 'object' && at !== null ? at.port : port}`
    return { address: this.#address }
  }

  /** Lets clients read why, for a moment. */
  async close(): Promise<void> {
    const http = this.#http
    this.#http = undefined
    this.#address = undefined
    if (!http) return
    const closed = new Promise<void>((resolve) => http.close(() => resolve()))
    for (const client of this.#clients) client.close()
    for (const socket of this.#upgrading) socket.destroy()
    const timer = setTimeout(() => {
      for (const client of this.#clients) client.destroy()
      http.closeAllConnections()
    }, farewell)
    await closed
    clearTimeout(timer)
  }

  status(): WebSocketStatus {
    return { ...(this.#address !== undefined && { address: this.#address }), clients: this.#clients.size, cut: this.#cut, refused: this.#refused }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    this.#upgrading.add(socket)
    socket.once('close', () => this.#upgrading.delete(socket))
    try {
      checkUpgrade(request, this.#config)
      if (this.#clients.size + this.#upgrading.size > this.#config.maxConnections) throw new ShoalError('ERR_OVERLOADED', 'Too many clients.')
      const session = await this.#loginByHeader(request)
      this.#accept(request, socket, head, session)
    } catch (error) {
      this.#refused++
      refuse(socket, ShoalError.from(error))
    }
  }

  async #loginByHeader(request: IncomingMessage): Promise<EndpointSession | undefined> {
    const credentials = credentialsOf(request)
    return credentials && (await this.#door?.login({ ...credentials, ...placeOf(request) }))
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, session: EndpointSession | undefined): void {
    const [sockets, door] = [this.#sockets, this.#door]
    if (!sockets || !door || !this.#http || socket.destroyed) {
      session?.close()
      throw new ShoalError('ERR_STOPPING')
    }
    // a handshake that fails, or a client that goes meanwhile, leaves no session behind
    const abandoned = (): void => session?.close()
    socket.once('close', abandoned)
    sockets.handleUpgrade(request, socket, head, (web) => {
      socket.off('close', abandoned)
      this.#upgrading.delete(socket)
      const cut = (): void => {
        this.#cut++
        this.#log.warn('slow client was cut', { address: placeOf(request).address })
      }
      const client = new Client({ web, door, config: this.#config, place: placeOf(request), session, cut })
      this.#clients.add(client)
      web.once('close', () => this.#clients.delete(client))
    })
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port))
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ShoalError {
  if (error.code !== 'EADDRINUSE') return new ShoalError('ERR_PLUGIN_FAILED', `Cannot listen on ${host} port ${port}: ${error.message}`, { cause: error })
  return new ShoalError('ERR_PORT_IN_USE', `Port ${port} on ${host} is in use by another program.`, {
    cause: error,
    hint: 'Set plugins.endpoint-websocket.port.',
  })
}

/** Answers a handshake with an error. */
function refuse(socket: Duplex, error: ShoalError): void {
  if (!socket.writable) return void socket.destroy()
  const body = `${JSON.stringify(error)}\n`
  const demand = error.status === 401 ? 'WWW-Authenticate: Bearer, Basic realm="shoal"\r\n' : ''
  const lines = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'].join('\r\n')
  socket.end(`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Refused'}\r\n${demand}${lines}\r\n\r\n${body}`)
  // a client that neither reads the answer nor closes its side must not keep the connection
  const timer = setTimeout(() => socket.destroy(), farewell)
  socket.once('close', () => clearTimeout(timer))
}
