/** The listening side: accepts connections, in clear text and in TLS, gives each its own supervised task, counts them. */

import type { Socket } from 'node:net'
import { isShoalError, ShoalError } from '../../errors.js'
import type { PluginContext, TaskScope } from '../../plugin.js'
import type { RtspConfig } from './config.js'
import { Listener, type ListenerOptions, readCredentials } from './listener.js'
import { Nonces } from './nonces.js'
import { PacketCache } from './player.js'
import type { SessionHost } from './role.js'
import { Session } from './session.js'
import type { Sources } from './sources.js'

/** What `GET /rtsp/info` answers. */
export interface RtspInfo {
  readonly address: string
  readonly port: number
  /** Port of `rtsps`, where it is served. */
  readonly tlsPort?: number
  /** Connections now, those in TLS among them. */
  readonly sessions: number
}

/** ms between two warnings about clients. */
const warnInterval = 1000

/** The RTSP server of one plugin instance. */
export class RtspServer {
  readonly #ctx: PluginContext<RtspConfig>
  readonly #host: Omit<SessionHost, 'secure'>
  readonly #plain: Listener
  #secure: Listener | undefined
  #scope: TaskScope | undefined
  #sessions = 0
  #warned = Number.NEGATIVE_INFINITY
  #held = 0

  constructor(ctx: PluginContext<RtspConfig>, sources: Sources) {
    this.#ctx = ctx
    this.#host = { ctx, cache: new PacketCache(), nonces: new Nonces(), sources }
    this.#plain = new Listener({ ...this.#shared(false), port: ctx.config.port, setting: 'plugins.rtsp.port' })
  }

  /** Where it listens, and how many are connected. */
  info(): RtspInfo {
    return { ...this.#plain.bound, ...(this.#secure && { tlsPort: this.#secure.bound.port }), sessions: this.#sessions }
  }

  /** Binds the ports and starts to serve, until the plugin's scope ends. Rejects with `ERR_PORT_IN_USE` or `ERR_START_FAILED`. */
  async start(): Promise<void> {
    const { config, dataDir, signal, log } = this.#ctx
    const credentials = await readCredentials(config.tls, dataDir)
    if (credentials) this.#secure = new Listener({ ...this.#shared(true), port: config.tls.port, setting: 'plugins.rtsp.tls.port', credentials })
    const listeners = [this.#plain, ...(this.#secure ? [this.#secure] : [])]
    for (const listener of listeners) await listener.start(signal)
    const { sessions: _, ...where } = this.info()
    log.info('listening', where)
    this.#ctx.run('listener', async (scope) => {
      this.#scope = scope
      await Promise.all(listeners.map(({ closed }) => closed))
    })
  }

  #shared(secure: boolean): Pick<ListenerOptions, 'host' | 'maxConnections' | 'accept' | 'failed'> {
    const { host, maxConnections } = this.#ctx.config
    return { host, maxConnections, accept: (socket) => this.#accept(socket, secure), failed: (msg, err) => this.#warn(msg, { err }) }
  }

  #accept(socket: Socket, secure: boolean): void {
    const { maxConnections } = this.#ctx.config
    // Until the session listens: an error on a socket nobody listens to would end the process.
    socket.on('error', () => {})
    if (!this.#scope || this.#scope.signal.aborted || this.#sessions >= maxConnections) {
      socket.destroy()
      this.#warn('connection refused: too many', { maxConnections })
      return
    }
    this.#sessions++
    this.#scope.run(`session ${socket.remoteAddress}:${socket.remotePort}`, async (scope) => this.#serve(socket, scope, secure))
  }

  async #serve(socket: Socket, scope: TaskScope, secure: boolean): Promise<void> {
    const client = `${socket.remoteAddress}:${socket.remotePort}`
    try {
      await new Session(socket, { ...this.#host, secure }, scope).run()
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
