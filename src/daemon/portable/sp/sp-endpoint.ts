/** Listening for SP connections, and dialling one again and again. */

import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { ShoalError } from '../../../errors.js'
import { abortable, Backoff, delay } from '../../util/wait.js'
import { oneAtATime } from './one-at-a-time.js'
import { parseSpAddress, type SpAddress } from './sp-address.js'
import { SpPipe, type SpPipeOptions } from './sp-pipe.js'

/** What both need. `onPipe` lasts as long as the pipe is used; its end closes the pipe. */
export interface SpEndpointOptions extends Omit<SpPipeOptions, 'transport'> {
  onPipe(pipe: SpPipe): Promise<void>
  /** Something went wrong with one connection; it is given up. */
  onError?(error: unknown): void
}

/** Connections that may shake hands at a time, and that may be open. */
const maxPending = 64
const maxPipes = 256

/** Pauses between dials, ms: as nanomsg and nng do. */
const redial = { min: 100, max: 5000 }

/** A listening endpoint. */
export class SpListener {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #ending = new AbortController()
  #pending = 0

  private constructor(options: SpEndpointOptions, transport: SpAddress['transport']) {
    this.#server = createServer({ pauseOnConnect: false }, (socket) => void this.#accept(socket, { ...options, transport }))
  }

  /**
   * Listens. A socket file that nobody answers on is taken away first; the new one is for this user alone. Rejects with
   * `ERR_PORT_IN_USE`, `ERR_URL_INVALID`, `ERR_START_FAILED`.
   */
  static async open(address: string, options: SpEndpointOptions): Promise<SpListener> {
    const parsed = parseSpAddress(address)
    const listener = new SpListener(options, parsed.transport)
    if (parsed.transport === 'tcp') await listening(listener.#server, parsed, address)
    // between the look and the listening nobody else may take the file for stale
    else await oneAtATime(parsed.path, () => listener.#listenAt(parsed.path, address))
    return listener
  }

  async #listenAt(path: string, address: string): Promise<void> {
    if (await isTaken(path)) throw new ShoalError('ERR_PORT_IN_USE', `Something listens on ${address} already.`)
    removeStale(path)
    await listening(this.#server, { transport: 'ipc', path }, address)
    chmodSync(path, 0o600)
  }

  /** TCP: the port that was taken; 0 on ipc. */
  get port(): number {
    const address = this.#server.address()
    return address && typeof address === 'object' ? address.port : 0
  }

  /** Listens no more and closes its connections. */
  async close(): Promise<void> {
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #accept(socket: Socket, options: SpEndpointOptions & SpPipeOptions): Promise<void> {
    socket.on('error', () => {})
    if (this.#pending >= maxPending || this.#sockets.size >= maxPipes || this.#ending.signal.aborted) return void socket.destroy()
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    this.#pending++
    try {
      const pipe = await SpPipe.open(socket, options, this.#ending.signal).finally(() => this.#pending--)
      await options.onPipe(pipe)
    } catch (error) {
      options.onError?.(error)
    } finally {
      socket.destroySoon()
    }
  }
}

/** A dialling endpoint: one connection, made again whenever it is lost, until it is closed. */
export class SpDialer {
  readonly #ending = new AbortController()
  readonly #running: Promise<void>
  readonly #first = Promise.withResolvers<void>()

  /** Throws `ERR_URL_INVALID`. */
  constructor(address: string, options: SpEndpointOptions) {
    this.#running = this.#run(parseSpAddress(address), options)
    this.#first.promise.catch(() => {})
  }

  /** Resolves with the first connection; rejects when the dialer is closed before, or the signal aborts. */
  async connected(signal?: AbortSignal): Promise<void> {
    await abortable(this.#first.promise, signal)
  }

  /** Dials no more and closes its connection. */
  async close(): Promise<void> {
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    this.#first.reject(new ShoalError('ERR_STOPPING'))
    await this.#running
  }

  async #run(address: SpAddress, options: SpEndpointOptions): Promise<void> {
    const { signal } = this.#ending
    const backoff = new Backoff(redial)
    while (!signal.aborted) {
      try {
        await this.#once(address, options, backoff)
      } catch (error) {
        if (!signal.aborted) options.onError?.(error)
      }
      await delay(backoff.next(), signal).catch(() => {})
    }
  }

  async #once(address: SpAddress, options: SpEndpointOptions, backoff: Backoff): Promise<void> {
    const { signal } = this.#ending
    const socket = connect(target(address))
    const stop = (): void => void socket.destroy()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await connected(socket)
      const pipe = await SpPipe.open(socket, { ...options, transport: address.transport }, signal)
      backoff.reset()
      this.#first.resolve()
      await options.onPipe(pipe)
    } finally {
      signal.removeEventListener('abort', stop)
      socket.destroySoon()
    }
  }
}

const target = (address: SpAddress): NetConnectOpts => (address.transport === 'ipc' ? { path: address.path } : { host: address.host, port: address.port })

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (cause) => reject(new ShoalError('ERR_PEER_UNREACHABLE', 'The SP address cannot be reached.', { cause })))
    socket.once('close', () => reject(new ShoalError('ERR_PEER_UNREACHABLE', 'The SP address cannot be reached.')))
  })
}

function listening(server: Server, address: SpAddress, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new ShoalError(cause.code === 'EADDRINUSE' ? 'ERR_PORT_IN_USE' : 'ERR_START_FAILED', `Cannot listen on ${text}: ${cause.message}`, { cause })),
    )
    server.listen(address.transport === 'ipc' ? { path: address.path } : { host: address.host, port: address.port }, resolve)
  })
}

/** Is a socket file in use? Only one on which nobody listens any more is not. */
async function isTaken(path: string): Promise<boolean> {
  const socket = connect({ path })
  try {
    return await connected(socket).then(
      () => true,
      (error: ShoalError) => !['ENOENT', 'ECONNREFUSED'].includes((error.cause as NodeJS.ErrnoException | undefined)?.code ?? ''),
    )
  } finally {
    socket.destroy()
  }
}

function removeStale(path: string): void {
  try {
    // a connection to a file that is no socket is refused as well
    if (!lstatSync(path).isSocket()) throw new ShoalError('ERR_START_FAILED', `${path} is there and is no socket.`)
    unlinkSync(path)
  } catch (error) {
    if (error instanceof ShoalError) throw error
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new ShoalError('ERR_START_FAILED', `${path} cannot be removed.`, { cause: error })
  }
}
