/** A node with nothing but a hub, one plugin with viewers and an HTTP server in front of it. */

import { once, setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Match, PluginRoutes } from '../../../src/daemon/host/http.js'
import { resolveConfig } from '../../../src/daemon/host/validate.js'
import { Hub } from '../../../src/daemon/streams/hub.js'
import type { HttpExchange, Plugin, PluginContext, PullJob, WebSocketExchange } from '../../../src/plugin.js'
import { pullFile } from '../../../src/plugins/file/pull.js'
import type { Publication, StreamVersion } from '../../../src/stream.js'
import { type MemoryLog, memoryLog } from '../../../src/testing/memory-log.js'

export class ViewingNode {
  readonly log: MemoryLog = memoryLog()
  readonly hub: Hub
  readonly #server: Server
  readonly #routes = new PluginRoutes()
  readonly #stop = new AbortController()
  readonly #sockets = new Set<Socket>()
  /** What is offered of any stream in other codecs. */
  readonly versions: StreamVersion[] = []
  /** Exchanges whose handler has not returned. */
  open = 0

  readonly #plugin: Plugin

  constructor(plugin: Plugin, config: object, limits: Partial<ConstructorParameters<typeof Hub>[0]>) {
    this.#plugin = plugin
    setMaxListeners(0, this.#stop.signal)
    this.hub = new Hub({ node: 'test-node', log: this.log, ...limits })
    plugin.start?.(this.#context(resolveConfig(plugin, config)))
    this.#server = createServer((request, response) => this.#answer(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  static start(plugin: Plugin, config: object = {}, limits: Partial<ConstructorParameters<typeof Hub>[0]> = {}): Promise<ViewingNode> {
    return new ViewingNode(plugin, { wait: 0, ...config }, limits).listen()
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}/${path}`
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  /** The answer of a JSON route of the plugin. */
  async read<T>(path: string): Promise<T> {
    const match = this.#routes.find('GET', `/${this.#plugin.name}${path}`, false)
    if (match?.kind !== 'json') throw new Error(`no route ${path}`)
    return (await match.route.handler({ params: {}, query: {}, body: undefined, signal: this.#stop.signal })) as T
  }

  /** The plugin stops: all exchanges are aborted. */
  stopPlugin(): void {
    this.#stop.abort()
  }

  async close(): Promise<void> {
    this.stopPlugin()
    this.hub.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** The bundled clip as a stream; `shift` µs are added to its times. Ends when the returned function is called. */
  async feed(path: string, options: { speed?: number; shift?: number } = {}): Promise<() => Promise<void>> {
    const controller = new AbortController()
    const publish = (tracks: Publication['tracks']): Publication => moved(this.hub.publish(path, tracks, { publisher: 'test' }), options.shift ?? 0)
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const job: PullJob = {
      url: new URL('file:sample'),
      path,
      options: { speed: options.speed ?? 1 },
      log: this.log,
      signal: controller.signal,
      run: () => {
        throw new Error('not used')
      },
      publish: (tracks) => {
        resolve()
        return publish(tracks)
      },
    }
    const done = pullFile(job, [])
    await Promise.race([begun, done])
    return async () => {
      controller.abort()
      await done
      this.hub.stop(path)
    }
  }

  #context(config: unknown): PluginContext {
    const routes = this.#routes
    const { name } = this.#plugin
    const http: PluginContext['http'] = {
      route: (route) => void routes.route(name, route),
      raw: (method, path, handler, options) => void routes.raw(name, method, path, handler, options),
      websocket: (path, handler, options) => void routes.websocket(name, path, handler, options),
      media: (extension, handlers) => void routes.media(name, extension, handlers),
      extensions: () => routes.extensions(),
      session: (segment, handlers) => void routes.session(name, segment, handlers),
    }
    const run: PluginContext['run'] = (task, body) => {
      const done = Promise.resolve(body({ signal: this.#stop.signal, run }))
      return { name: task, state: 'running', done, stop: () => done }
    }
    const { hub, versions } = this
    const streams = {
      publish: hub.publish.bind(hub),
      subscribe: hub.subscribe.bind(hub),
      list: () => hub.list(),
      events: hub.events.bind(hub),
      versions: () => versions,
    }
    const factories = { puller: () => {}, pusher: () => {} }
    return { config, log: this.log, http, streams, signal: this.#stop.signal, run, ...factories } as unknown as PluginContext
  }

  #exchange(request: IncomingMessage, socket: Duplex, match: Match): Omit<HttpExchange, 'response'> & { done(): void } {
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    socket.once('close', abort)
    this.#stop.signal.addEventListener('abort', abort)
    this.open++
    const done = (): void => {
      this.open--
      socket.off('close', abort)
      this.#stop.signal.removeEventListener('abort', abort)
    }
    const query = new URL(request.url ?? '/', 'http://x').searchParams
    return { request, params: match.params, query, who: { kind: 'client', id: 'anonymous' }, signal: controller.signal, done }
  }

  #match(request: IncomingMessage, websocket: boolean): Match | undefined {
    return this.#routes.find(request.method ?? 'GET', new URL(request.url ?? '/', 'http://x').pathname, websocket)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const match = this.#match(request, false)
    if (match?.kind !== 'media' && match?.kind !== 'raw') {
      response.writeHead(404).end()
      return
    }
    const { done, ...rest } = this.#exchange(request, request.socket, match)
    const exchange: HttpExchange = { ...rest, response }
    await (match.kind === 'media' ? match.handlers.http(match.path, exchange) : match.handler(exchange))
    done()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const match = this.#match(request, true)
    if (match?.kind !== 'media') return void socket.destroy()
    new WebSocketServer({ noServer: true, perMessageDeflate: false }).handleUpgrade(request, socket, head, async (client: WebSocket) => {
      const { done, ...rest } = this.#exchange(request, socket, match)
      const exchange: WebSocketExchange = { ...rest, socket: socketLike(client, socket) }
      await match.handlers.websocket?.(match.path, exchange)
      done()
    })
  }
}

function socketLike(client: WebSocket, transport: Duplex): WebSocketExchange['socket'] {
  return {
    get bufferedAmount() {
      return client.bufferedAmount
    },
    transport,
    send: (data, done) => client.send(data, done),
    close: (code, reason) => client.close(code, reason),
    messages: (async function* () {})(),
  }
}

function moved(publication: Publication, shift: number): Publication {
  return {
    path: publication.path,
    tracks: publication.tracks,
    signal: publication.signal,
    subscribers: 0,
    update: (track) => publication.update(track),
    close: (reason) => publication.close(reason),
    write: (frame) => {
      const { decodeTime, timestamp } = frame
      publication.write({ ...frame, timestamp: timestamp + shift, ...(decodeTime !== undefined && { decodeTime: decodeTime + shift }) })
    },
    [Symbol.asyncDispose]: async () => publication.close(),
  }
}

/** A client that sends one request and keeps the bytes of the answer. */
export class RawClient {
  readonly socket: Socket
  #chunks: Buffer[] = []
  closed = false

  constructor(port: number, request: string) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.closed = true
    })
    this.socket.on('data', (chunk) => this.#chunks.push(chunk))
    this.socket.write(request)
  }

  static get(port: number, target: string): RawClient {
    return new RawClient(port, `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  }

  get bytes(): Buffer {
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }

  get head(): string {
    return this.bytes.toString('latin1').split('\r\n\r\n')[0] ?? ''
  }

  get body(): Buffer {
    const at = this.bytes.indexOf('\r\n\r\n')
    return at < 0 ? Buffer.alloc(0) : this.bytes.subarray(at + 4)
  }

  destroy(): void {
    this.socket.destroy()
  }
}
