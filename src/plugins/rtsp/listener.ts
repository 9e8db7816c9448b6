/** A port that clients connect to, in clear text or in TLS. */

import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { resolve as resolvePath } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { ShoalError } from '../../errors.js'
import type { RtspConfig } from './config.js'

/** ms in which a client must have agreed on the keys of TLS. */
const handshakeTimeout = 10_000

/** Certificate with its chain, and its key, both PEM. */
export interface Credentials {
  readonly cert: Buffer
  readonly key: Buffer
}

/** What a listener needs. */
export interface ListenerOptions {
  readonly host: string
  readonly port: number
  /** The configuration key of the port, for messages. */
  readonly setting: string
  readonly maxConnections: number
  /** TLS; absent = clear text. */
  readonly credentials?: Credentials
  /** A client is there; in TLS after the handshake. */
  readonly accept: (socket: Socket) => void
  /** The server has a fault, or a client one with TLS. */
  readonly failed: (msg: string, error: Error) => void
}

/** Listens to one port. */
export class Listener {
  readonly #options: ListenerOptions
  readonly #server: Server
  /** Resolves when nobody listens any more. */
  readonly closed: Promise<void>

  /** Throws `ERR_START_FAILED` where the credentials are none. */
  constructor(options: ListenerOptions) {
    this.#options = options
    this.#server = makeServer(options)
    this.closed = new Promise((resolve) => this.#server.once('close', resolve))
  }

  /** Where it listens. */
  get bound(): { readonly address: string; readonly port: number } {
    const bound: string | AddressInfo | null = this.#server.address()
    return typeof bound === 'object' && bound !== null ? { address: bound.address, port: bound.port } : { address: this.#options.host, port: 0 }
  }

  /** Binds the port, until `signal` aborts. Rejects with `ERR_PORT_IN_USE` or `ERR_START_FAILED`. */
  start(signal: AbortSignal): Promise<void> {
    const { host, port, failed } = this.#options
    return new Promise((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void => reject(listenError(error, this.#options))
      this.#server.once('error', refused)
      this.#server.listen({ host, port, signal }, () => {
        this.#server.off('error', refused)
        this.#server.on('error', (error) => failed('cannot accept connections', error))
        resolve()
      })
    })
  }
}

/** Reads the files of `plugins.rtsp.tls`; undefined where there are none. Relative names begin in `folder`. Rejects with `ERR_START_FAILED`. */
export async function readCredentials({ certificate, key }: RtspConfig['tls'], folder: string): Promise<Credentials | undefined> {
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined) {
    throw new ShoalError('ERR_START_FAILED', 'RTSP in TLS needs a certificate and its key.', {
      hint: 'Set both plugins.rtsp.tls.certificate and plugins.rtsp.tls.key, or neither.',
    })
  }
  try {
    const [cert, secret] = await Promise.all([certificate, key].map((file) => readFile(resolvePath(folder, file))))
    if (!cert || !secret) throw new Error('a file is missing')
    return { cert, key: secret }
  } catch (error) {
    throw credentialsError(error)
  }
}

function makeServer({ credentials, maxConnections, accept, failed }: ListenerOptions): Server {
  if (!credentials) return createServer({ allowHalfOpen: false }, accept)
  try {
    const server = createTlsServer({ ...credentials, allowHalfOpen: false, handshakeTimeout, minVersion: 'TLSv1.2' }, accept)
    // those that have not agreed yet count too: nobody else counts them
    server.maxConnections = maxConnections
    server.on('tlsClientError', (error, socket) => {
      socket.destroy()
      failed('TLS handshake failed', error)
    })
    return server
  } catch (error) {
    throw credentialsError(error)
  }
}

function credentialsError(error: unknown): ShoalError {
  const why = error instanceof Error ? error.message : String(error)
  return new ShoalError('ERR_START_FAILED', `RTSP cannot use its certificate: ${why}.`, {
    hint: 'See plugins.rtsp.tls.certificate and plugins.rtsp.tls.key: files in PEM that belong together and that the daemon may read.',
    cause: error,
  })
}

function listenError(error: NodeJS.ErrnoException, { host, port, setting }: ListenerOptions): ShoalError {
  if (error.code === 'EADDRINUSE') {
    return new ShoalError('ERR_PORT_IN_USE', `RTSP cannot listen: port ${port} on ${host} is in use.`, {
      hint: `Set ${setting} to another port, or to 0 for any free one.`,
      cause: error,
    })
  }
  return new ShoalError('ERR_START_FAILED', `RTSP cannot listen on ${host}:${port}: ${error.message}.`, {
    hint: `See plugins.rtsp.host and ${setting}.`,
    cause: error,
  })
}
