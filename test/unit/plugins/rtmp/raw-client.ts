/** A client that sends what a test tells it, right or wrong, and keeps all that comes back. */

import { connect, type Socket } from 'node:net'
import { type AmfValue, encodeAmf0 } from '../../../../src/media/amf/amf0.js'
import { ChunkReader } from '../../../../src/media/rtmp/chunk-reader.js'
import { ChunkWriter } from '../../../../src/media/rtmp/chunk-writer.js'
import { type Command, decodeCommand, isCommand, type StatusInfo, statusOf } from '../../../../src/media/rtmp/command.js'
import { ClientHandshake, handshakeRandomSize } from '../../../../src/media/rtmp/handshake.js'
import type { Message } from '../../../../src/media/rtmp/message.js'
import { until } from './until.js'

export class RawClient {
  readonly messages: Message[] = []
  /** Bytes received beyond the handshake. */
  received = 0
  closed = false
  readonly socket: Socket
  readonly #reader = new ChunkReader()
  readonly #writer = new ChunkWriter()
  readonly #handshake = new ClientHandshake(new Uint8Array(handshakeRandomSize).fill(7))
  #open = false

  private constructor(socket: Socket) {
    this.socket = socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
    socket.on('data', (bytes) => this.#take(bytes))
  }

  /** A TCP connection; nothing is sent. */
  static async dial(port: number): Promise<RawClient> {
    const client = new RawClient(connect(port, '127.0.0.1'))
    await until('the connection', () => !client.socket.connecting)
    return client
  }

  /** With handshake. */
  static async open(port: number): Promise<RawClient> {
    const client = await RawClient.dial(port)
    client.socket.write(client.#handshake.hello)
    await until('the handshake', () => client.#open || client.closed)
    return client
  }

  /** With handshake and `connect`. */
  static async connected(port: number, app = 'live', more: { [key: string]: AmfValue } = {}): Promise<RawClient> {
    const client = await RawClient.open(port)
    client.command(0, 'connect', 1, { app, tcUrl: `rtmp://127.0.0.1/${app}`, ...more })
    await client.reply(1)
    return client
  }

  /** With a message stream as well; its id is 1. */
  static async ready(port: number, app = 'live'): Promise<RawClient> {
    const client = await RawClient.connected(port, app)
    client.command(0, 'createStream', 2, null)
    await client.reply(2)
    return client
  }

  /** Publishing `name`. */
  static async publishing(port: number, name: string): Promise<RawClient> {
    const client = await RawClient.ready(port)
    client.command(1, 'publish', 3, null, name, 'live')
    await client.status('NetStream.Publish.Start')
    return client
  }

  /** What the server announced. */
  get chunkSize(): number {
    return this.#reader.chunkSize
  }

  get commands(): Command[] {
    return this.messages.filter(isCommand).map(decodeCommand)
  }

  get statuses(): StatusInfo[] {
    return this.commands.filter((command) => command.name === 'onStatus').flatMap((command) => statusOf(command) ?? [])
  }

  raw(bytes: readonly number[] | Uint8Array): void {
    this.socket.write(Uint8Array.from(bytes))
  }

  command(stream: number, name: string, transaction: number, object: AmfValue, ...args: AmfValue[]): void {
    this.body(stream, 20, encodeAmf0(name, transaction, object, ...args))
  }

  body(stream: number, type: number, body: Uint8Array | readonly number[], timestamp = 0): void {
    const message = { chunkStream: 3, type, stream, timestamp, body: [Uint8Array.from(body)] }
    for (const part of this.#writer.write(message)) this.socket.write(part)
  }

  /** The `_result` or `_error` of a transaction; absent when the server closed instead. */
  reply(transaction: number): Promise<Command | 'closed'> {
    const find = () => this.commands.find((command) => command.name.startsWith('_') && command.transaction === transaction)
    return until(`a reply to ${transaction}`, () => find() ?? (this.closed ? ('closed' as const) : undefined))
  }

  status(code: string): Promise<StatusInfo> {
    return until(code, () => this.statuses.find((status) => status.code === code))
  }

  end(): Promise<true> {
    return until('the end of the connection', () => this.closed)
  }

  close(): void {
    this.socket.destroy()
  }

  #take(bytes: Uint8Array): void {
    let rest: Uint8Array | undefined = bytes
    if (!this.#open) {
      const step = this.#handshake.push(bytes)
      if (step.send) this.socket.write(step.send)
      this.#open = step.rest !== undefined
      rest = step.rest
    }
    if (!rest) return
    this.received += rest.length
    this.messages.push(...this.#reader.read(rest))
  }
}
