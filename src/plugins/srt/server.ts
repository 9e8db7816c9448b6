/** The listening side: gives each caller its own supervised task, counts them. */

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isShoalError, ShoalError } from '../../errors.js'
import type { PluginContext, TaskScope } from '../../plugin.js'
import type { LiveFormat } from '../../viewing/format.js'
import { checkPassphrase } from './address.js'
import type { SrtConfig } from './config.js'
import type { Connections } from './connections.js'
import type { Accepted, SrtListener } from './engine.js'
import type { LazyEngine } from './lazy-engine.js'
import { type SessionHost, serve } from './session.js'

/** What `GET /srt/info` answers. */
export interface SrtInfo {
  /** Absent while it does not listen. */
  readonly address?: string
  readonly port?: number
  /** Callers now. */
  readonly sessions: number
  /** Why it does not listen although it should. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string }
}

/** ms between two warnings about callers. */
const warnInterval = 1000

/** The SRT listener of one plugin instance. */
export class SrtServer {
  readonly #ctx: PluginContext<SrtConfig>
  readonly #host: SessionHost
  #listener: SrtListener | undefined
  #failure: ShoalError | undefined
  #scope: TaskScope | undefined
  #sessions = 0
  #warned = Number.NEGATIVE_INFINITY

  constructor(ctx: PluginContext<SrtConfig>, format: LiveFormat, connections: Connections) {
    this.#ctx = ctx
    this.#host = { ctx, format, connections }
  }

  info(): SrtInfo {
    const { endpoint } = this.#listener ?? {}
    const error = this.#failure?.toJSON().error
    return { ...endpoint, sessions: this.#sessions, ...(error && { error }) }
  }

  /** Begins to listen. Without the library it says so, and the daemon goes on. Rejects with `ERR_PORT_IN_USE`, `ERR_START_FAILED`, `ERR_URL_INVALID` for a passphrase that SRT does not take. */
  async start(engine: LazyEngine): Promise<void> {
    const { host, port, passphrase, latency } = this.#ctx.config
    checkPassphrase(passphrase)
    try {
      const opened = await engine.open()
      const address = isIP(host) === 0 ? (await lookup(host)).address : host
      this.#ctx.run('listener', (scope) => this.#run(scope))
      this.#listener = opened.listen({ address, port }, { latency, passphrase }, (connection) => this.#accept(connection))
    } catch (error) {
      if (!isShoalError(error, 'ERR_DEPENDENCY_MISSING')) throw error
      this.#failure = error
      this.#ctx.log.warn('SRT does not listen', { code: error.code, reason: error.message, hint: error.hint })
      return
    }
    this.#ctx.log.info('listening', { ...this.#listener.endpoint })
  }

  async #run(scope: TaskScope): Promise<void> {
    this.#scope = scope
    await new Promise<void>((resolve) => scope.signal.addEventListener('abort', () => resolve(), { once: true }))
    this.#listener?.close()
  }

  #accept(connection: Accepted): void {
    const { maxConnections } = this.#ctx.config
    if (!this.#scope || this.#scope.signal.aborted || this.#sessions >= maxConnections) {
      connection.socket.close()
      this.#warn('caller refused: too many', { maxConnections })
      return
    }
    this.#sessions++
    const { address, port } = connection.remote
    this.#scope.run(`session ${address}:${port}`, async (scope) => this.#serve(connection, scope))
  }

  async #serve(connection: Accepted, scope: TaskScope): Promise<void> {
    const caller = `${connection.remote.address}:${connection.remote.port}`
    try {
      await serve(connection, this.#host, scope)
    } catch (error) {
      const { code, message } = ShoalError.from(error)
      if (code !== 'ERR_ABORTED') this.#warn('session ended', { caller, code, reason: message })
    } finally {
      this.#sessions--
    }
  }

  /** Callers can make warnings at will. */
  #warn(msg: string, fields: Record<string, unknown>): void {
    const now = performance.now()
    if (now - this.#warned < warnInterval) return
    this.#warned = now
    this.#ctx.log.warn(msg, fields)
  }
}
