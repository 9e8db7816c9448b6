/** One RTMP connection over TCP, either side: handshake, chunks, acknowledgements, pings, back-pressure, orderly end. */

import type { Socket } from 'node:net'
import { ShoalError } from '../../errors.js'
import type { AmfValue } from '../../media/amf/amf0.js'
import { ChunkReader } from '../../media/rtmp/chunk-reader.js'
import { byteLength, ChunkWriter, type OutgoingMessage } from '../../media/rtmp/chunk-writer.js'
import { encodeCommand, type StatusInfo } from '../../media/rtmp/command.js'
import type { ClientHandshake, ServerHandshake } from '../../media/rtmp/handshake.js'
import {
  type Message,
  MessageType,
  peerBandwidth,
  readControl,
  readUserControl,
  splitAggregate,
  UserControlType,
  uint32,
  userControl,
} from '../../media/rtmp/message.js'
import { Watchdog } from '../../receiving/watchdog.js'
import { Pace } from '../../viewing/pace.js'
import { sendQueue } from '../../viewing/send-queue.js'
import { consume } from './consume.js'

/** Times in ms. */
export interface ConnectionOptions {
  /** Without a byte from the other side for this long, it is cut; pings are sent from a third of it on. Absent: never, for servers that say nothing to a publisher. */
  readonly idleTimeout?: number
  /** A receiver that takes nothing for this long while data waits is cut. */
  readonly stallTimeout: number
}

/** What is done with the messages of a connection. */
export interface ConnectionEvents {
  /** The handshake is over. */
  opened(): void
  /** One message; the next waits for the promise. */
  message(message: Message): void | Promise<void>
}

/** Bytes that may wait in the socket before a sender has to wait. */
const backlogLimit = 256 * 1024

/** Window both sides acknowledge in, bytes. */
const windowSize = 2_500_000

/** Bytes of replies after which a connection that reads none of them is not read either. */
const replyLimit = 64 * 1024

/** ms an ending connection has to hand over what was written. */
const lingerTimeout = 1000

/** Chunk streams of what is sent: control messages must use 2 (section 5.4). */
const controlStream = 2
const commandStream = 3

/** An RTMP connection. Owns its socket. */
export class Connection {
  /** `10.0.0.4:51234`. */
  readonly name: string
  /** Remote address without port. */
  readonly address: string
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #reader = new ChunkReader()
  readonly #writer = new ChunkWriter()
  #received = 0
  #replied = 0
  #acknowledged = 0
  #window = windowSize
  #heard = performance.now()
  readonly #pace = new Pace(backlogLimit)
  #isLate = false
  #error: Error | undefined

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.address = socket.remoteAddress ?? ''
    this.name = `${this.address.includes(':') ? `[${this.address}]` : this.address}:${socket.remotePort ?? 0}`
    socket.setNoDelay(true).setKeepAlive(true, 30_000)
    // Errors surface where the socket is read; a socket without a listener would end the process.
    socket.on('error', (error) => {
      this.#error ??= error
    })
  }

  /** Chunk size of what is sent. */
  get chunkSize(): number {
    return this.#writer.chunkSize
  }

  /**
   * Reads until the other side closes. Rejects with `ERR_PROTOCOL` or `ERR_MEDIA_INVALID` for what breaks the rules,
   * `ERR_TIMEOUT` or `ERR_SLOW_CONSUMER` when it was cut, what `events` throws, or the error of the socket. The socket
   * is still open for a last word after a rejection that is not the socket's own.
   */
  async run(handshake: ServerHandshake | ClientHandshake, events: ConnectionEvents): Promise<void> {
    const { idleTimeout } = this.#options
    let open = false
    const pings = idleTimeout === undefined ? undefined : setInterval(() => this.#watch(idleTimeout, open), idleTimeout / 6)
    try {
      await consume(this.#socket, (bytes) => {
        this.#heard = performance.now()
        if (open) return this.#take(bytes, events)
        const { send, rest } = handshake.push(bytes)
        if (send) this.write([send])
        if (!rest) return undefined
        open = true
        events.opened()
        return this.#take(rest, events)
      })
    } catch (error) {
      throw this.#error ?? error
    } finally {
      clearInterval(pings)
    }
    if (this.#error) throw this.#error
  }

  /** Announces the chunk size and the window of this side; servers also say how much they take unacknowledged. */
  announce(chunkSize: number, { bandwidth = false } = {}): void {
    this.#control(MessageType.windowSize, uint32(windowSize))
    if (bandwidth) this.#control(MessageType.setPeerBandwidth, peerBandwidth(windowSize))
    this.write(this.#writer.setChunkSize(chunkSize))
  }

  /** Sends a command on message stream `stream`. */
  command(stream: number, name: string, transaction: number, object: AmfValue, ...args: readonly AmfValue[]): void {
    const body = encodeCommand(name, transaction, object, ...args)
    this.send({
      chunkStream: commandStream,
      type: MessageType.command,
      stream,
      timestamp: 0,
      body: [body],
    })
  }

  /** Sends `onStatus`. */
  status(stream: number, info: StatusInfo): void {
    this.command(stream, 'onStatus', 0, null, { ...info })
  }

  /** Sends a user control message. */
  userControl(type: number, value: number): void {
    this.#control(MessageType.userControl, userControl(type, value))
  }

  /** Says how many ms of media this receiver wants ahead (section 7.1.7). */
  setBufferLength(stream: number, ms: number): void {
    this.#control(MessageType.userControl, Uint8Array.of(0, UserControlType.setBufferLength, ...uint32(stream), ...uint32(ms)))
  }

  /** Sends a message. */
  send(message: OutgoingMessage): void {
    this.#replied += byteLength(message.body)
    this.write(this.#writer.write(message))
  }

  /** Writes parts of chunks in one go. After the end it is a no-op. */
  write(parts: readonly Uint8Array[]): void {
    const socket = this.#socket
    if (!socket.writable) return
    if (parts.length > 1) socket.cork()
    for (const part of parts) socket.write(part)
    if (parts.length > 1) socket.uncork()
  }

  /** As {@link write}, for media: see {@link room}. */
  stream(parts: readonly Uint8Array[]): void {
    const before = this.#socket.writableLength
    this.write(parts)
    this.#isLate = this.#pace.wrote(before, this.#socket.writableLength)
  }

  /** Bounds what the system keeps for a receiver that takes slowly. */
  boundSendQueue(): void {
    void sendQueue.bound(this.#socket)
  }

  /**
   * A promise to wait for before more media is written; absent when there is room. It gives the age that the next frame may have,
   * as `deliver` of a subscription takes it. Rejects with `ERR_SLOW_CONSUMER`, or when the connection ends.
   */
  room(): Promise<number | undefined> | undefined {
    return this.#isLate ? this.#emptied() : undefined
  }

  async #emptied(): Promise<number | undefined> {
    const started = performance.now()
    this.#isLate = false
    if (this.#socket.writableNeedDrain) await this.#drained()
    return this.#pace.resumed(performance.now() - started)
  }

  /** A promise to wait for before more is written; absent when there is room. Rejects with `ERR_SLOW_CONSUMER`, or when the connection ends. */
  backlog(): Promise<void> | undefined {
    return this.#socket.writableLength > backlogLimit ? this.#drained() : undefined
  }

  /** Cuts the connection now; `run` rejects with `reason` where one is given. */
  cut(reason?: Error): void {
    this.#error ??= reason
    this.#socket.destroy()
  }

  /** Ends the connection: what was written is handed over, within `linger` ms. Idempotent. */
  async end(linger = lingerTimeout): Promise<void> {
    const socket = this.#socket
    if (socket.closed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), linger)
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.end()
      // Unread data would turn the close into a reset, which takes the last words from the other side.
      socket.resume()
    })
  }

  #take(bytes: Uint8Array, events: ConnectionEvents): Promise<void> | undefined {
    this.#received += bytes.length
    return this.#serve(this.#reader.read(bytes), events)
  }

  /** All messages in order; a promise only where one of them gives one. */
  #serve(messages: Iterator<Message, void>, events: ConnectionEvents): Promise<void> | undefined {
    for (let next = messages.next(); !next.done; next = messages.next()) {
      const message = next.value
      if (this.#obey(message)) continue
      const pending = message.type === MessageType.aggregate ? this.#serve(splitAggregate(message), events) : events.message(message)
      if (pending) {
        // what was read is in memory that the next read uses
        this.#reader.own()
        return pending.then(() => this.#serve(messages, events))
      }
    }
    return this.#acknowledge()
  }

  #acknowledge(): Promise<void> | undefined {
    if (this.#received - this.#acknowledged >= this.#window) {
      this.#acknowledged = this.#received
      this.#control(MessageType.acknowledgement, uint32(this.#received))
    }
    if (this.#replied < replyLimit) return undefined
    this.#replied = 0
    return this.backlog()
  }

  /** Handles what concerns the connection alone; false for anything else. */
  #obey(message: Message): boolean {
    if (message.type === MessageType.acknowledgement) return true
    if (message.type === MessageType.windowSize) {
      // At least a few reads, so that a window of 1 byte does not become an answer to each of them.
      this.#window = Math.max(64 * 1024, readControl(message))
      return true
    }
    if (message.type === MessageType.setPeerBandwidth) {
      this.#control(MessageType.windowSize, uint32(readControl(message)))
      return true
    }
    if (message.type !== MessageType.userControl) return false
    const { type, value } = readUserControl(message.body)
    if (type === UserControlType.pingRequest) this.userControl(UserControlType.pingResponse, value)
    return type === UserControlType.pingRequest || type === UserControlType.pingResponse
  }

  #control(type: number, body: Uint8Array): void {
    this.send({
      chunkStream: controlStream,
      type,
      stream: 0,
      timestamp: 0,
      body: [body],
    })
  }

  /** A ping is a message: before the handshake is over the other side would take it for a part of that. */
  #watch(idleTimeout: number, open: boolean): void {
    const silence = performance.now() - this.#heard
    if (silence >= idleTimeout) this.cut(new ShoalError('ERR_TIMEOUT', `${this.name} sent nothing for ${idleTimeout} ms.`))
    else if (open && silence >= idleTimeout / 3) this.userControl(UserControlType.pingRequest, Math.trunc(this.#heard))
  }

  /** Waits until all is handed to the system. Time counts only while nothing moves. */
  #drained(): Promise<void> {
    const socket = this.#socket
    const { stallTimeout } = this.#options
    return new Promise<void>((resolve, reject) => {
      const stalled = (): void => this.cut(new ShoalError('ERR_SLOW_CONSUMER', `${this.name} took nothing for ${stallTimeout} ms.`))
      // The socket's own timer sees parts of a large write move, but also sees what the other side sends: hence a second one.
      const overdue = new Watchdog(stallTimeout * 6, stalled)
      const done = (): void => {
        overdue.stop()
        socket.setTimeout(0)
        socket.off('drain', done).off('close', done).off('timeout', stalled)
        if (socket.destroyed) reject(this.#error ?? new ShoalError('ERR_ABORTED', `${this.name} is closed.`))
        else resolve()
      }
      if (socket.destroyed) return done()
      socket.once('drain', done).once('close', done).once('timeout', stalled).setTimeout(stallTimeout)
    })
  }
}
