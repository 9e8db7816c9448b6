/** The calling side: connects to an RTSP server, makes requests, hears what it sends. */

import { randomBytes } from 'node:crypto'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { isShoalError, ShoalError } from '../../errors.js'
import { Authorizer, chooseChallenge } from '../../media/rtsp/authorization.js'
import { encodeRequest, encodeResponse, type Fields, headerOf, printable, type RtspResponse, type RtspUnit } from '../../media/rtsp/message.js'
import type { RtspAddress } from './address.js'
import { Connection } from './connection.js'

/** ms for TCP and for the answer to each request. */
export const defaultCallTimeout = 5000

/** ms a server may take nothing of what waits for it. */
const stallTimeout = 10_000

/** ms in which the last words may be handed over. */
const lingerTimeout = 200

/** Seconds a session lives without a sign of us, where the server does not say (RFC 2326 section 12.37). */
const defaultSessionTimeout = 60

/** Signs of life in a row without an answer, after which a server counts as gone. */
const maxUnanswered = 3

interface Call {
  resolve(response: RtspResponse): void
  reject(error: unknown): void
}

/** A connection to an RTSP server. */
export class RtspClient {
  readonly connection: Connection
  /** Settles when the connection ends, and never rejects; {@link RtspClient.failure} says why. */
  readonly closed: Promise<void>
  /** Interleaved packets. To be set. */
  packet: (channel: number, bytes: Uint8Array) => void = () => {}
  readonly #address: RtspAddress
  readonly #timeout: number
  readonly #calls = new Map<string, Call>()
  #sequence = 0
  #authorizer: Authorizer | undefined
  #session: string | undefined
  /** What the session is about. */
  #aggregate: string
  #sessionTimeout = defaultSessionTimeout
  #keepAlive: NodeJS.Timeout | undefined
  #failure: unknown
  #leaving: Promise<void> | undefined

  private constructor(socket: Socket, address: RtspAddress, timeout: number) {
    this.#address = address
    this.#aggregate = address.uri
    this.#timeout = timeout
    this.connection = new Connection(socket, stallTimeout)
    this.closed = this.connection
      .run((unit) => this.#take(unit))
      .then(
        () => this.#end(new ShoalError('ERR_SOURCE_FAILED', `${this.#where} closed the connection.`)),
        (error) => this.#end(error),
      )
  }

  /** Connects. Rejects with `ERR_SOURCE_FAILED` or the reason of `signal`, which also cuts the connection later. */
  static async open(address: RtspAddress, signal: AbortSignal, timeout = defaultCallTimeout): Promise<RtspClient> {
    const client = new RtspClient(await openSocket(address, signal, timeout), address, timeout)
    const stop = (): void => client.fail(reasonOf(signal))
    signal.addEventListener('abort', stop, { once: true })
    void client.closed.then(() => signal.removeEventListener('abort', stop))
    return client
  }

  /** Why the connection ended; absent while it lasts. */
  get failure(): unknown {
    return this.#failure
  }

  /**
   * Makes a request, with credentials when the server asks for them. Resolves with the answer, whatever its status, but
   * rejects with `ERR_UNAUTHENTICATED` for 401 and 403, and with `ERR_SOURCE_FAILED` where none comes.
   */
  async request(method: string, uri: string, fields: Fields = {}, body = ''): Promise<RtspResponse> {
    let response = await this.#call(method, uri, fields, body)
    const { login } = this.#address
    const challenge = response.status === 401 && login && chooseChallenge(response.headers.get('www-authenticate') ?? [])
    if (challenge) {
      // a nonce that has expired makes a new challenge
      this.#authorizer = new Authorizer(challenge, login, randomBytes(8).toString('hex'))
      response = await this.#call(method, uri, fields, body)
    }
    if (response.status === 401 || response.status === 403) throw new ShoalError('ERR_UNAUTHENTICATED', this.#refusal(method, response))
    return response
  }

  /** As {@link request}; any status but 200 rejects with `ERR_SOURCE_FAILED`. */
  async demand(method: string, uri: string, fields: Fields = {}, body = ''): Promise<RtspResponse> {
    const response = await this.request(method, uri, fields, body)
    if (response.status === 200) return response
    throw new ShoalError('ERR_SOURCE_FAILED', this.#refusal(method, response))
  }

  /** Asks for signs of life within the session's time limit, until the end. `method`: what the server knows for it. */
  keepAlive(method: string, uri: string): void {
    this.#aggregate = uri
    const interval = Math.max(500, Math.min(30_000, (this.#sessionTimeout * 1000) / 2))
    let known = method
    let unanswered = 0
    this.#keepAlive = setInterval(() => {
      this.request(known, uri).then(
        ({ status }) => {
          unanswered = 0
          if (status === 454) this.fail(new ShoalError('ERR_SOURCE_FAILED', `${this.#where} has ended the session.`))
          // some promise GET_PARAMETER and do not know it
          else if (status >= 400) known = 'OPTIONS'
        },
        // a camera may be too busy to answer while it sends; when it is gone, more than an answer is missing
        (error) => (this.#failure !== undefined || isShoalError(error, 'ERR_UNAUTHENTICATED') || ++unanswered >= maxUnanswered) && this.fail(error),
      )
    }, interval)
  }

  /** Ends the connection with `error`; {@link RtspClient.closed} follows. */
  fail(error: unknown): void {
    this.#failure ??= error
    void this.end()
  }

  /** Says goodbye, without waiting for an answer, and closes. Idempotent. */
  end(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  async #leave(): Promise<void> {
    this.packet = () => {}
    clearInterval(this.#keepAlive)
    const session = this.#session
    if (session !== undefined) this.#send('TEARDOWN', this.#aggregate, {}, '')
    this.#session = undefined
    await this.connection.end(lingerTimeout)
    await this.closed
  }

  get #where(): string {
    return `${this.#address.host}:${this.#address.port}`
  }

  #refusal(method: string, { status, reason }: RtspResponse): string {
    return `${this.#where} refused ${method}: ${status} ${printable(reason)}.`
  }

  #send(method: string, uri: string, fields: Fields, body: string): string {
    const sequence = String(++this.#sequence)
    const own = { CSeq: sequence, 'User-Agent': 'Shoal', Session: this.#session, Authorization: this.#authorizer?.value(method, uri) }
    this.connection.send(encodeRequest(method, uri, { ...own, ...fields }, body))
    return sequence
  }

  #call(method: string, uri: string, fields: Fields, body: string): Promise<RtspResponse> {
    return new Promise<RtspResponse>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      const sequence = this.#send(method, uri, fields, body)
      const late = new ShoalError('ERR_SOURCE_FAILED', `${this.#where} did not answer ${method} within ${this.#timeout} ms.`)
      const timer = setTimeout(() => settle(() => reject(late)), this.#timeout)
      const settle = (then: () => void): void => {
        clearTimeout(timer)
        this.#calls.delete(sequence)
        then()
      }
      this.#calls.set(sequence, { resolve: (response) => settle(() => resolve(response)), reject: (error) => settle(() => reject(error)) })
    })
  }

  #take(unit: RtspUnit): void {
    if (unit.type === 'data') this.packet(unit.channel, unit.packet)
    else if (unit.type === 'response') this.#response(unit)
    else this.connection.send(encodeResponse(unit.method === 'OPTIONS' ? 200 : 501, { CSeq: headerOf(unit.headers, 'cseq') }))
  }

  #response(response: RtspResponse): void {
    const session = headerOf(response.headers, 'session')
    if (session !== undefined) {
      this.#session = session.split(';')[0]?.trim()
      const timeout = /;\s*timeout\s*=\s*(\d{1,6})/i.exec(session)?.[1]
      // 0 is said where there is none
      if (Number(timeout) > 0) this.#sessionTimeout = Number(timeout)
    }
    // 100: the answer proper follows
    if (response.status < 200) return
    const sequence = headerOf(response.headers, 'cseq')
    // answers come in order: without a number it is that of the oldest request
    const call = sequence === undefined ? this.#calls.values().next().value : this.#calls.get(sequence)
    call?.resolve(response)
  }

  #end(error: unknown): void {
    clearInterval(this.#keepAlive)
    const message = error instanceof Error ? error.message : String(error)
    this.#failure ??= isShoalError(error) ? error : new ShoalError('ERR_SOURCE_FAILED', `The connection to ${this.#where} broke: ${message}.`, { cause: error })
    // a fault is not the socket's own: it is still open
    this.connection.cut()
    for (const call of [...this.#calls.values()]) call.reject(this.#failure)
  }
}

/** The reason of an aborted signal as an error. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new ShoalError('ERR_ABORTED')
}

function openSocket(address: RtspAddress, signal: AbortSignal, timeout: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(reasonOf(signal))
    const { host, port, tls } = address
    const socket = dial(address)
    const ready = tls ? 'secureConnect' : 'connect'
    const settle = (error?: Error): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      socket.removeAllListeners(ready).removeAllListeners('error')
      // A socket without a listener for errors would end the process.
      socket.on('error', () => {})
      if (!error) resolve(socket)
      else {
        socket.destroy()
        reject(error)
      }
    }
    const fail = (why: string, cause?: unknown): void => settle(new ShoalError('ERR_SOURCE_FAILED', `Cannot connect to ${host}:${port}: ${why}.`, { cause }))
    const stop = (): void => settle(reasonOf(signal))
    const timer = setTimeout(() => fail(`no answer within ${timeout} ms`), timeout)
    socket.once(ready, () => settle()).once('error', (error) => fail(error.message, error))
    signal.addEventListener('abort', stop, { once: true })
  })
}

function dial({ host, port, tls }: RtspAddress): Socket {
  if (!tls) return connect({ host, port })
  // an address has no name to send
  return connectTls({ host, port, rejectUnauthorized: tls.verify, ...(isIP(host) === 0 && { servername: host }) })
}
