/** A stream through other members as the wire of a connection: what TCP is for a direct one. */

import type { AbortOptions, MultiaddrConnection, Stream, StreamMessageEvent } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import { ShoalError } from '../../errors.js'

/** Bytes that may wait here for the stream; the muxer above sends no more than small control frames while it is held back. */
const maxWaiting = 4 * 1024 * 1024

/** ms that the far end gets to close its half. */
const closeTimeout = 1000

/** The wire. Make it in the turn in which the handshake releases the stream. */
class TunnelConnection extends AbstractMultiaddrConnection {
  readonly #stream: Stream

  constructor(stream: Stream, address: string) {
    const { log, direction } = stream
    super({ remoteAddr: multiaddr(address), direction, log, maxWriteBufferLength: maxWaiting, inactivityTimeout: stream.inactivityTimeout })
    this.#stream = stream
    stream.addEventListener('close', (event) => this.onTransportClosed(event.error))
    stream.addEventListener('remoteCloseWrite', () => {
      this.onRemoteCloseWrite()
      this.close().catch((error: Error) => this.abort(error))
    })
    stream.addEventListener('message', (event: StreamMessageEvent) => this.onData(event.data))
    stream.addEventListener('drain', () => this.safeDispatchEvent('drain'))
    if (stream.status !== 'open') this.onTransportClosed(new ShoalError('ERR_PEER_UNREACHABLE', 'The tunnel closed at once.'))
  }

  /** What the stream does not take waits in this object's own buffer until the next drain. */
  sendData(data: Uint8ArrayList): SendResult {
    if (this.#stream.writableNeedsDrain) return { sentBytes: 0, canSendMore: false }
    const sentBytes = data.byteLength
    return { sentBytes, canSendMore: this.#stream.send(data) }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    const late = setTimeout(() => this.#stream.abort(new ShoalError('ERR_TIMEOUT', 'The far end of a tunnel did not close it.')), closeTimeout)
    late.unref()
    this.#stream.addEventListener('close', () => clearTimeout(late))
    await this.#stream.close(options)
  }

  sendReset(): void {
    this.#stream.abort(new ShoalError('ERR_PEER_UNREACHABLE', 'The connection over the tunnel was cut.'))
  }

  sendPause(): void {
    this.#stream.pause()
  }

  sendResume(): void {
    this.#stream.resume()
  }
}

/** A stream as the wire of a connection with the address `address`. */
export function tunnelConnection(stream: Stream, address: string): MultiaddrConnection {
  return new TunnelConnection(stream, address)
}
