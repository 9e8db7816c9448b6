/** The calling side: connects to an RTMP server, makes calls, hears what it says. */

import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { isShoalError, ShoalError } from '../../errors.js'
import type { AmfValue } from '../../media/amf/amf0.js'
import {
  type Command,
  decodeCommand,
  enhancedCapabilities,
  isCommand,
  objectOf,
  printable,
  type StatusInfo,
  statusOf,
  textOf,
} from '../../media/rtmp/command.js'
import { ClientHandshake, handshakeRandomSize } from '../../media/rtmp/handshake.js'
import { type Message, MessageType, readUserControl, UserControlType } from '../../media/rtmp/message.js'
import type { RtmpAddress } from './address.js'
import { Connection } from './connection.js'

/** What the server says unasked. */
export interface ClientEvents {
  /** Audio, video or data. */
  media?(message: Message): void
  /** `onStatus` that is no error. */
  status?(status: StatusInfo): void
  /** The server said that the stream is over. */
  ended?(): void
}

/** ms for TCP, for the handshake, and for the reply to each call. */
export const defaultCallTimeout = 5000

/** Chunk size of what is sent. */
const chunkSize = 60_000

/** ms a server may take nothing of what waits for it. */
const stallTimeout = 10_000

interface Call {
  resolve(reply: Command): void
  reject(error: unknown): void
}

/** A connection to an RTMP server. */
export class RtmpClient {
  readonly connection: Connection
  /** Settles when the connection ends, and never rejects; {@link RtmpClient.failure} says why. */
  readonly closed: Promise<void>
  /** To be set after {@link RtmpClient.open}; what a server says before is not heard. */
  events: ClientEvents = {}
  readonly #address: RtmpAddress
  readonly #callTimeout: number
  readonly #calls = new Map<number, Call>()
  #transaction = 0
  #failure: unknown
  #opened: Call | undefined

  private constructor(socket: Socket, address: RtmpAddress, callTimeout: number) {
    this.#address = address
    this.#callTimeout = callTimeout
    this.connection = new Connection(socket, { stallTimeout })
    const handshake = new ClientHandshake(randomBytes(handshakeRandomSize))
    this.connection.write([handshake.hello])
    this.closed = this.connection.run(handshake, { opened: () => this.#opened?.resolve(noReply), message: (message) => this.#message(message) }).then(
      () => this.#end(new ShoalError('ERR_SOURCE_FAILED', `${this.#where} closed the connection.`)),
      (error) => this.#end(error),
    )
  }

  /**
   * Connects, shakes hands and sends `connect`. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED` when the server
   * says so, or the reason of `signal`, which also cuts the connection later.
   */
  static async open(address: RtmpAddress, signal: AbortSignal, callTimeout = defaultCallTimeout): Promise<RtmpClient> {
    const socket = await openSocket(address, signal, callTimeout)
    const client = new RtmpClient(socket, address, callTimeout)
    const stop = (): void => client.connection.cut(reasonOf(signal))
    signal.addEventListener('abort', stop, { once: true })
    void client.closed.then(() => signal.removeEventListener('abort', stop))
    try {
      await client.#reply('the handshake', (call) => {
        client.#opened = call
      })
      await client.call('connect', client.#connectObject())
      client.connection.announce(chunkSize)
      return client
    } catch (error) {
      client.connection.cut()
      throw error
    }
  }

  /** Why the connection ended; absent while it lasts. */
  get failure(): unknown {
    return this.#failure
  }

  /** Calls the server; its `_result`. Rejects with `ERR_SOURCE_FAILED` or `ERR_UNAUTHENTICATED` and what the server said. */
  call(name: string, object: AmfValue, ...args: readonly AmfValue[]): Promise<Command> {
    const transaction = ++this.#transaction
    return this.#reply(name, (call) => {
      this.#calls.set(transaction, call)
      this.connection.command(0, name, transaction, object, ...args)
    }).finally(() => this.#calls.delete(transaction))
  }

  /** Sends a command that wants no reply. */
  tell(stream: number, name: string, ...args: readonly AmfValue[]): void {
    this.connection.command(stream, name, ++this.#transaction, null, ...args)
  }

  /** Opens a message stream; its id. */
  async createStream(): Promise<number> {
    const { args } = await this.call('createStream', null)
    if (typeof args[0] === 'number' && args[0] >= 0 && args[0] < 2 ** 32) return args[0]
    throw new ShoalError('ERR_SOURCE_FAILED', `${this.#where} gave no message stream.`)
  }

  /** Ends the connection with `error`; a promise of {@link RtmpClient.closed} follows. */
  fail(error: unknown): void {
    this.#failure ??= error
    this.connection.cut()
  }

  /** Hands over what was written, then closes. */
  async end(): Promise<void> {
    await this.connection.end()
    await this.closed
  }

  get #where(): string {
    return `${this.#address.host}:${this.#address.port}`
  }

  /** Waits for a reply that `start` arranges, within the time limit. */
  #reply(what: string, start: (call: Call) => void): Promise<Command> {
    return new Promise<Command>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      const timer = setTimeout(
        () => call.reject(new ShoalError('ERR_SOURCE_FAILED', `${this.#where} did not answer ${what} within ${this.#callTimeout} ms.`)),
        this.#callTimeout,
      )
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer)
          then(value)
        }
      const call: Call = { resolve: settle(resolve), reject: settle(reject) }
      start(call)
    })
  }

  #connectObject(): AmfValue {
    const { app, tcUrl } = this.#address
    return {
      app,
      type: 'nonprivate',
      flashVer: 'FMLE/3.0 (compatible; Shoal)',
      tcUrl,
      fpad: false,
      capabilities: 15,
      audioCodecs: 0x0400,
      videoCodecs: 0x0080,
      videoFunction: 0,
      objectEncoding: 0,
      ...enhancedCapabilities(),
    }
  }

  #message(message: Message): void {
    if (isCommand(message)) this.#command(decodeCommand(message))
    else if (message.type !== MessageType.userControl) this.events.media?.(message)
    else if (readUserControl(message.body).type === UserControlType.streamEof) this.events.ended?.()
  }

  #command(command: Command): void {
    const call = this.#calls.get(command.transaction)
    if (command.name === '_result') call?.resolve(command)
    else if (command.name === '_error') call?.reject(this.#refusal(statusOf(command), textOf(objectOf(command.args[0])['description'])))
    else if (command.name === 'onStatus') this.#status(statusOf(command))
  }

  #status(status: StatusInfo | undefined): void {
    if (!status) return
    if (status.level === 'error') this.fail(this.#refusal(status, ''))
    else if (endings.has(status.code)) this.events.ended?.()
    else this.events.status?.(status)
  }

  #refusal(status: StatusInfo | undefined, otherwise: string): ShoalError {
    const said = status ? [status.code, status.description].filter(Boolean).join(': ') : otherwise || 'no reason given'
    // Other servers have no code for it, only words.
    const notAllowed = status?.error === 'ERR_FORBIDDEN' || /auth|password|token|credential|forbidden|denied/i.test(said)
    const code = notAllowed ? 'ERR_UNAUTHENTICATED' : 'ERR_SOURCE_FAILED'
    return new ShoalError(code, `${this.#where} refused: ${printable(said)}`)
  }

  #end(error: unknown): void {
    this.#failure ??= isShoalError(error)
      ? error
      : new ShoalError('ERR_SOURCE_FAILED', `The connection to ${this.#where} broke: ${messageOf(error)}.`, { cause: error })
    this.#opened?.reject(this.#failure)
    for (const call of [...this.#calls.values()]) call.reject(this.#failure)
  }
}

const noReply: Command = { name: '', transaction: 0, object: null, args: [] }

/** Status codes with which servers say that a stream is over. */
const endings = new Set(['NetStream.Play.UnpublishNotify', 'NetStream.Play.Complete', 'NetStream.Play.Stop'])

/** The reason of an aborted signal as an error. */
export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new ShoalError('ERR_ABORTED')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function openSocket({ host, port }: RtmpAddress, signal: AbortSignal, timeout: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const settle = (error?: Error): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      socket.removeAllListeners('connect').removeAllListeners('error')
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
    socket.once('connect', () => settle()).once('error', (error) => fail(error.message, error))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
