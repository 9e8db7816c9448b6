/** The default of the `endpoint` slot: the HTTP API on the control socket and on TCP. It has its own guards and needs no door. */

import { ShoalError } from '../../errors.js'
import type { Endpoint } from '../../services.js'
import type { ApiServer } from '../api/server.js'
import type { Config } from '../config/config.js'

/** How it is made. */
export interface HttpEndpointOptions {
  /** Absent until it was made. */
  readonly api: () => ApiServer | undefined
  /** Path of the control socket. */
  readonly socket: string
  readonly config: () => Config['http']
}

/** Opens before all other endpoints; the daemon closes it after the plugins, so that a stop can be watched. */
export class HttpEndpoint implements Endpoint {
  readonly name = 'http'
  /** Where TCP listens, if it does. */
  where: { readonly host: string; readonly port: number } | undefined
  readonly #options: HttpEndpointOptions

  constructor(options: HttpEndpointOptions) {
    this.#options = options
  }

  /** Throws as the API server's listeners do. */
  async open(): Promise<{ readonly address: string }> {
    const { socket, config } = this.#options
    const api = this.#options.api()
    if (!api) throw new ShoalError('ERR_NOT_RUNNING', 'The daemon has not got as far as its API.')
    await api.listenSocket(socket)
    const { enabled, host, port } = config()
    if (enabled) this.where = await api.listenTcp(host, port)
    return { address: this.where ? `http://${this.where.host}:${this.where.port}` : `unix:${socket}` }
  }

  async close(): Promise<void> {
    await this.#options.api()?.stop()
  }
}
