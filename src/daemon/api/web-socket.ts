/** WebSockets of plugins: from an upgrade request to the object that a plugin's handler gets. Source: RFC 6455. */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { ShoalError } from '../../errors.js'
import type { WebSocketLike } from '../../plugin.js'
import { BoundedQueue } from '../util/queue.js'
import { securityHeaders } from './respond.js'

/** Largest message from a client, in bytes. */
const maxMessage = 64 * 1024
/** Messages that wait for the plugin before the client is held back … */
const highWater = 64
/** … and until it may send again. */
const lowWater = 16
/** ms that a refused client has to read why. */
const lingering = 1000
/** ms between pings; a client that does not answer one until the next is gone. */
const pingInterval = 30_000

/** Accepts upgrades. The library is loaded with the first. */
export class WebSocketDoor {
  #server: WebSocketServer | undefined
  readonly #open = new Set<WebSocket>()

  /** Completes the handshake. Rejects with `ERR_REQUEST_INVALID` when the client's part of it is wrong; the socket is then gone. */
  async accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<AcceptedSocket> {
    const server = await this.#load()
    return new Promise((resolve, reject) => {
      const failed = (): void => reject(new ShoalError('ERR_REQUEST_INVALID', 'The WebSocket handshake is wrong.'))
      socket.once('close', failed)
      server.handleUpgrade(request, socket, head, (web) => {
        socket.off('close', failed)
        this.#open.add(web)
        web.once('close', () => this.#open.delete(web))
        resolve(new AcceptedSocket(web, socket))
      })
    })
  }

  /** Tells every client that the daemon goes; `destroy` ends the connections at once. */
  close(destroy: boolean): void {
    for (const web of this.#open) {
      if (destroy) web.terminate()
      else web.close(1001, 'the daemon stops')
    }
  }

  async #load(): Promise<WebSocketServer> {
    const { WebSocketServer: Server } = await import('ws')
    this.#server ??= new Server({ noServer: true, clientTracking: false, maxPayload: maxMessage, perMessageDeflate: false })
    return this.#server
  }
}

/** One accepted WebSocket, in the shape of the contract. */
export class AcceptedSocket implements WebSocketLike {
  readonly transport: Duplex
  readonly messages: AsyncIterable<Uint8Array | string>
  /** Aborted when the connection is over. */
  readonly signal: AbortSignal
  readonly #web: WebSocket

  constructor(web: WebSocket, transport: Duplex) {
    const over = new AbortController()
    this.#web = web
    this.transport = transport
    this.signal = over.signal
    this.messages = receive(web)
    keepAlive(web)
    // ws closes the connection by itself; without a listener the error would end the process
    web.on('error', () => {})
    web.once('close', () => over.abort(new ShoalError('ERR_ABORTED', 'The WebSocket was closed.')))
  }

  get bufferedAmount(): number {
    return this.#web.bufferedAmount
  }

  send(data: Uint8Array | string, done?: (error?: Error) => void): void {
    this.#web.send(data, (error) => done?.(error ?? undefined))
  }

  close(code = 1000, reason = ''): void {
    this.#web.close(code, reason.slice(0, 100))
  }
}

/** Messages in a bounded queue; a client that sends faster than the plugin reads is held back by TCP. */
function receive(web: WebSocket): AsyncIterable<Uint8Array | string> {
  // paused sockets still deliver what one read brought, at most 64 KiB: in the smallest of messages some thousands
  const queue = new BoundedQueue<Uint8Array | string>({ limit: 65_536 })
  web.on('message', (data, isBinary) => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)])
    queue.push(isBinary ? new Uint8Array(bytes) : bytes.toString('utf8'))
    if (queue.size >= highWater && !web.isPaused) web.pause()
  })
  web.once('close', () => queue.close())
  return {
    async *[Symbol.asyncIterator]() {
      for await (const message of queue) {
        if (queue.size <= lowWater && web.isPaused) web.resume()
        yield message
      }
    },
  }
}

function keepAlive(web: WebSocket): void {
  let answered = true
  web.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    // a paused socket reads no pong; the plugin decides how long it stays paused
    if (!answered && !web.isPaused) return web.terminate()
    answered = false
    web.ping()
  }, pingInterval)
  timer.unref()
  web.once('close', () => clearInterval(timer))
}

/** Answers with an error where there is no `ServerResponse`: upgrades, and what is no HTTP. Then closes. */
export function refuseSocket(socket: Duplex, error: ShoalError): void {
  const body = `${JSON.stringify(error)}\n`
  const headers = { ...securityHeaders, 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${error.status} ${error.code}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  // a client that neither reads the answer nor closes its side must not keep the connection
  const timer = setTimeout(() => socket.destroy(), lingering)
  socket.once('close', () => clearTimeout(timer))
}
