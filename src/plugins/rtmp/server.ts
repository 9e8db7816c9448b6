/** The listening side: accepts connections, gives each its own supervised task, counts them. */

import { createServer, type Server, type Socket } from 'node:net'
import { isShoalError, ShoalError } from '../../errors.js'
import type { PluginContext, TaskScope } from '../../plugin.js'
import type { RtmpConfig } from './config.js'
import { FrameChunks } from './player.js'
import { Session, type SessionHost } from './session.js'

/** What `GET /rtmp/info` answers. */
export interface RtmpInfo {
  readonly address: string
  readonly port: number
  /** Connections now. */
  readonly sessions: number
}

/** ms between two warnings about clients. */
const warnInterval = 1000

/** The RTMP server of one plugin instance. */
export class RtmpServer {
  readonly #ctx: PluginContext<RtmpConfig>
  readonly #host: SessionHost
  readonly #server: Server
  #scope: TaskScope | undefined
  #sessions = 0
  #warned = Number.NEGATIVE_INFINITY
  #held = 0

  constructor(ctx: PluginContext<RtmpConfig>) {
    this.#ctx = ctx
    this.#host = { ctx, chunks: new FrameChunks(ctx.config.chunkSize) }
    this.#server = createServer({ allowHalfOpen: false }, (socket) => this.#accept(socket))
  }

  /** Where it listens, and how many are connected. */
  info(): RtmpInfo {
    const bound = this.#server.address()
    const { address, port } = typeof bound === 'object' && bound !== null ? bound : { address: this.#ctx.config.host, port: 0 }
    return { address, port, sessions: this.#sessions }
  }

  /** Binds the port and starts to serve, until the plugin's scope ends. Rejects with `ERR_PORT_IN_USE` or `ERR_START_FAILED`. */
  async start(): Promise<void> {
    await this.#listen()
    const { address, port } = this.info()
    this.#ctx.log.info('listening', { address, port })
    this.#ctx.run('listener', async (scope) => {
      this.#scope = scope
      await closed(this.#server)
    })
  }

  #listen(): Promise<void> {
    const { host, port } = this.#ctx.config
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port))
      this.#server.once('error', failed)
      this.#server.listen({ host, port, signal: this.#ctx.signal }, () => {
        this.#server.off('error', failed)
        this.#server.on('error', (error) => this.#warn('cannot accept connections', { err: error }))
        resolve()
      })
    })
  }

  #accept(socket: Socket): void {
    const { maxConnections } = this.#ctx.config
    // Until the session listens: an error on a socket nobody listens to would end the process.
    socket.on('error', () => {})
    if (!this.#scope || this.#scope.signal.aborted || this.#sessions >= maxConnections) {
      socket.destroy()
      this.#warn('connection refused: too many', { maxConnections })
      return
    }
    this.#sessions++
    this.#scope.run(`session ${socket.remoteAddress}:${socket.remotePort}`, async (scope) => this.#serve(socket, scope))
  }

  async #serve(socket: Socket, scope: TaskScope): Promise<void> {
    const client = `${socket.remoteAddress}:${socket.remotePort}`
    try {
      await new Session(socket, this.#host, scope).run()
    } catch (error) {
      const { code, message } = ShoalError.from(error)
      if (isShoalError(error)) this.#warn('session ended', { client, code, reason: message })
      else this.#ctx.log.debug('connection lost', { client, reason: message })
    } finally {
      this.#sessions--
      socket.destroy()
    }
  }

  /** Clients can make warnings at will: at most one an interval, with the number held back. */
  #warn(msg: string, fields: Record<string, unknown>): void {
    const now = performance.now()
    if (now - this.#warned < warnInterval) {
      this.#held++
      return
    }
    this.#ctx.log.warn(msg, { ...fields, ...(this.#held > 0 && { heldBack: this.#held }) })
    this.#warned = now
    this.#held = 0
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.once('close', resolve)
    else resolve()
  })
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ShoalError {
  if (error.code === 'EADDRINUSE') {
    return new ShoalError('ERR_PORT_IN_USE', `RTMP cannot listen: port ${port} on ${host} is in use.`, {
      hint: 'Set plugins.rtmp.port to another port, or to 0 for any free one.',
      cause: error,
    })
  }
  return new ShoalError('ERR_START_FAILED', `RTMP cannot listen on ${host}:${port}: ${error.message}.`, {
    hint: 'See plugins.rtmp.host and plugins.rtmp.port.',
    cause: error,
  })
}
