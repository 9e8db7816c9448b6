/** A connection over TLS that runs on the socket itself: ciphertext never comes into JavaScript. */

import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AbortOptions, MessageStream, StreamCloseEvent } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'

/** ms that the last bytes get once the far end has ended. */
const lastMoment = 1000

/** What is secured, what with, and the socket below both. */
export interface TlsParts {
  /** The connection over TCP: it closes with the socket, and tells why. */
  readonly below: MessageStream
  readonly remoteAddr: Multiaddr
  readonly socket: Socket
  readonly tls: TLSSocket
}

/** Plain bytes on one side, the TLS socket on the other. */
export class TlsConnection extends AbstractMultiaddrConnection {
  readonly #below: MessageStream
  readonly #tls: TLSSocket
  #corked = false

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

  /** All that is sent within one turn of the loop goes out as one write: small frames share a record and a system call. */
  sendData(data: Uint8ArrayList): SendResult {
    this.#cork()
    let canSendMore = true
    for (const part of data) canSendMore = this.#tls.write(part)
    return { sentBytes: data.byteLength, canSendMore }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    if (this.#tls.destroyed) return
    const closed = new Promise<void>((resolve) => this.#tls.once('close', () => resolve()))
    this.#tls.destroySoon()
    const { signal } = options ?? {}
    if (!signal) return closed
    signal.throwIfAborted()
    await Promise.race([closed, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))])
  }

  sendReset(error: Error): void {
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

  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#tls.cork()
    process.nextTick(() => {
      this.#corked = false
      this.#tls.uncork()
    })
  }

  #closedBelow({ error, local }: StreamCloseEvent): void {
    if (!error) this.onTransportClosed()
    else if (local) this.abort(error)
    else this.onRemoteReset()
  }
}
