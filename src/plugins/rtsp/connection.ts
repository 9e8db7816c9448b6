/** One RTSP connection over TCP, either side: messages and interleaved packets, back-pressure, orderly end. */

import type { Socket } from 'node:net'
import { ShoalError } from '../../errors.js'
import { encodeInterleaved, RtspReader, type RtspUnit } from '../../media/rtsp/message.js'
import { Watchdog } from '../../receiving/watchdog.js'

/** Bytes that may wait in the socket before a sender has to wait. */
const backlogLimit = 256 * 1024

/** Bytes of answers after which a client that reads none of them is not read either. */
const replyLimit = 64 * 1024

/** ms an ending connection has to hand over what was written. */
const lingerTimeout = 1000

/** An RTSP connection. Owns its socket. */
export class Connection {
  /** `10.0.0.4:51234`. */
  readonly name: string
  /** Remote address without port. */
  readonly address: string
  /** Our address, as the other side sees it. */
  readonly localAddress: string
  readonly #socket: Socket
  readonly #stallTimeout: number
  readonly #reader = new RtspReader()
  #replied = 0
  #error: Error | undefined

  /** `stallTimeout`: ms in which a receiver may take nothing of what waits for it. */
  constructor(socket: Socket, stallTimeout: number) {
    this.#socket = socket
    this.#stallTimeout = stallTimeout
    this.address = socket.remoteAddress ?? ''
    this.localAddress = socket.localAddress ?? ''
    this.name = `${this.address.includes(':') ? `[${this.address}]` : this.address}:${socket.remotePort ?? 0}`
    socket.setNoDelay(true).setKeepAlive(true, 30_000)
    // Errors surface where the socket is read; a socket without a listener would end the process.
    socket.on('error', (error) => {
      this.#error ??= error
    })
  }

  /**
   * Reads until the other side closes; the next unit waits for the promise of `take`. Rejects with `ERR_PROTOCOL`, the
   * reason of {@link cut}, what `take` throws, or the error of the socket, which is still open for a last word where the
   * fault is not its own.
   */
  async run(take: (unit: RtspUnit) => void | Promise<void>): Promise<void> {
    try {
      for await (const bytes of this.#socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        for (const unit of this.#reader.read(bytes)) {
          const pending = take(unit)
          if (pending) await pending
        }
        if (this.#replied < replyLimit) continue
        await this.backlog()
        this.#replied = 0
      }
    } catch (error) {
      throw this.#error ?? error
    }
    if (this.#error) throw this.#error
  }

  /** Writes a message. */
  send(message: Uint8Array): void {
    this.#replied += message.length
    this.write(message)
  }

  /** Writes one packet. */
  packet(channel: number, packet: Uint8Array): void {
    this.write(encodeInterleaved(channel, packet))
  }

  /** Writes bytes as they are. After the end it is a no-op. */
  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  /** Holds writes back until `writes` returns, to hand them over in one go. */
  together(writes: () => void): void {
    this.#socket.cork()
    writes()
    this.#socket.uncork()
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

  /** Waits until all is handed to the system. Time counts only while nothing moves. */
  #drained(): Promise<void> {
    const socket = this.#socket
    return new Promise<void>((resolve, reject) => {
      const stalled = (): void => this.cut(new ShoalError('ERR_SLOW_CONSUMER', `${this.name} took nothing for ${this.#stallTimeout} ms.`))
      // The socket's own timer sees parts of a large write move, but also sees what the other side sends: hence a second one.
      const overdue = new Watchdog(this.#stallTimeout * 6, stalled)
      const done = (): void => {
        overdue.stop()
        socket.setTimeout(0)
        socket.off('drain', done).off('close', done).off('timeout', stalled)
        if (socket.destroyed) reject(this.#error ?? new ShoalError('ERR_ABORTED', `${this.name} is closed.`))
        else resolve()
      }
      if (socket.destroyed) return done()
      socket.once('drain', done).once('close', done).once('timeout', stalled).setTimeout(this.#stallTimeout)
    })
  }
}
