/** A connection over TLS that runs on the socket itself: ciphertext never comes into JavaScript. */

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type AbortOptions, type MessageStream, type StreamCloseEvent, StreamStateError } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import { handOver } from './libp2p-direct.js'

/** ms that the last bytes get once the far end has ended. */
const lastMoment = 1000

/** Bytes that are gathered for one write at most: from 128 KiB on, glibc has each buffer made by the kernel, page by page. */
const unit = 127 * 1024

/** What is secured, what with, and the socket below both. */
export interface TlsParts {
  /** The connection over TCP: it closes with the socket, and tells why. */
  readonly below: MessageStream
  readonly remoteAddr: Multiaddr
  readonly socket: Socket
  readonly tls: TLSSocket
}

/**
 * Plain bytes on one side, the TLS socket on the other. What is sent goes past libp2p's own queue: the TLS socket has one, and who
 * is told to wait waits. All that is sent before the loop goes on is one write of one buffer: small frames share a record and a
 * system call, and OpenSSL takes such a write without copying it once more.
 */
export class TlsConnection extends AbstractMultiaddrConnection {
  readonly #below: MessageStream
  readonly #tls: TLSSocket
  #gathered: Uint8Array[] = []
  #size = 0
  #scheduled = false

  /** Make it when the handshake is done: from then on it takes what the socket reads. */
  constructor({ below, remoteAddr, socket, tls }: TlsParts) {
    const { log, direction, inactivityTimeout, maxReadBufferLength } = below
    super({ remoteAddr, direction, log: log.newScope('tls'), inactivityTimeout, maxReadBufferLength })
    this.#below = below
    this.#tls = tls
    tls.on('data', (bytes) => this.onData(bytes))
    tls.on('drain', () => this.safeDispatchEvent('drain'))
    tls.on('error', (error) => this.abort(error))
    // as over TCP: the link is down when the far end has ended it, not when what waits for that end is gone
    tls.once('end', () => this.#ended())
    below.addEventListener('close', (event) => this.#closedBelow(event))
    // who closes the connection below waits for what was sent over this one
    socket.destroySoon = () => {
      this.close().catch((error: Error) => this.abort(error))
    }
    if (below.status !== 'open' || tls.readableEnded) this.#ended()
  }

  override send(data: Uint8Array | Uint8ArrayList): boolean {
    if (this.writeStatus === 'closed' || this.writeStatus === 'closing') {
      throw new StreamStateError(`Cannot write to a stream that is ${this.writeStatus}`)
    }
    if (this.#size + data.byteLength > unit) this.#write()
    if (data instanceof Uint8Array) this.#gathered.push(data)
    else for (const part of data) this.#gathered.push(part)
    this.#size += data.byteLength
    this.#writeSoon()
    if (this.#size + this.#tls.writableLength >= this.#tls.writableHighWaterMark) this.writableNeedsDrain = true
    return !this.writableNeedsDrain
  }

  /** Where libp2p sends what is in its queue: {@link send} puts nothing there. */
  sendData(data: Uint8ArrayList): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.send(data) }
  }

  override onData(data: Uint8Array | Uint8ArrayList): void {
    if (!handOver(this, data)) super.onData(data)
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    this.#write()
    if (this.#tls.destroyed) return
    const closed = new Promise<void>((resolve) => this.#tls.once('close', () => resolve()))
    this.#tls.destroySoon()
    const { signal } = options ?? {}
    if (!signal) return closed
    signal.throwIfAborted()
    await Promise.race([closed, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))])
  }

  sendReset(error: Error): void {
    this.#drop()
    this.#below.abort(error)
  }

  sendPause(): void {
    this.#tls.pause()
  }

  sendResume(): void {
    this.#tls.resume()
  }

  /** The far end has ended. What still waits for it gets a moment: Node forgets such a write where one before it fails, and would wait for ever. */
  #ended(): void {
    const late = setTimeout(() => this.#tls.destroy(), lastMoment).unref()
    this.#tls.once('close', () => clearTimeout(late))
    this.onTransportClosed()
  }

  #writeSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#write()
      // who was told to wait for what was gathered and what waits together must be told to go on, also if TLS itself does not wait
      if (this.writableNeedsDrain && this.#tls.writable && !this.#tls.writableNeedDrain) this.safeDispatchEvent('drain')
    })
  }

  #write(): void {
    if (this.#size === 0) return
    const [first] = this.#gathered
    const bytes = first?.byteLength === this.#size ? first : Buffer.concat(this.#gathered, this.#size)
    this.#drop()
    if (this.#tls.writable) this.#tls.write(bytes)
  }

  #drop(): void {
    this.#gathered = []
    this.#size = 0
  }

  #closedBelow({ error, local }: StreamCloseEvent): void {
    if (!error) this.onTransportClosed()
    else if (local) this.abort(error)
    else this.onRemoteReset()
  }
}
