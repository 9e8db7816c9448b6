/** Where a viewer's bytes go: an HTTP response or a WebSocket. */

import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { ShoalError } from '../errors.js'
import type { WebSocketExchange } from '../plugin.js'
import { headersOf } from './answer.js'
import type { LiveWriter, Parts } from './format.js'
import { sendQueue } from './send-queue.js'

/** What of a stream is told before its bytes. */
export type Begun = Pick<LiveWriter, 'contentType' | 'leftOut' | 'announcement'>

/** One viewer's connection. */
export interface Sink {
  readonly via: 'http' | 'websocket'
  /** Bytes written and not yet taken by the system. */
  readonly waiting: number
  /** The socket that fires `drain` and `close`. */
  readonly socket: Duplex
  /** Begins a stream, or another one in its place; false where the protocol has no form for that. */
  begin(writer: Begun): boolean
  /** Writes one batch: one system call, or one message. */
  write(parts: Parts): void
  /** Ends after what is written; a reason is told where the protocol can. */
  end(reason?: ShoalError): void
}

/** A response whose body is written to the socket directly, past Node's bookkeeping for each write. */
export class HttpSink implements Sink {
  readonly via = 'http'
  readonly socket: Duplex
  readonly #response: ServerResponse

  /** Throws `ERR_REQUEST_INVALID` for a pipelined request, whose response has no socket yet. */
  constructor(response: ServerResponse) {
    if (!response.socket) throw new ShoalError('ERR_REQUEST_INVALID', 'A stream is not sent in answer to a pipelined request.')
    this.#response = response
    this.socket = response.socket
    void sendQueue.bound(this.socket)
  }

  get waiting(): number {
    return this.socket.writableLength
  }

  begin(writer: Begun): boolean {
    if (this.#response.headersSent) return false
    // Without a length Node would send chunks; a stream ends with its connection instead, and its bytes go out as they are.
    this.#response.removeHeader('Transfer-Encoding')
    this.#response.writeHead(200, headersOf(writer))
    this.#response.flushHeaders()
    return true
  }

  write(parts: Parts): void {
    const { socket } = this
    if (socket.destroyed || socket.writableEnded) return
    if (parts.length === 1) {
      socket.write(parts[0])
      return
    }
    socket.cork()
    for (const part of parts) socket.write(part)
    socket.uncork()
  }

  end(): void {
    this.#response.end()
  }
}

/** A WebSocket that gets one binary message for each batch. */
export class WebSocketSink implements Sink {
  readonly via = 'websocket'
  readonly socket: Duplex
  readonly #exchange: WebSocketExchange

  constructor(exchange: WebSocketExchange) {
    this.#exchange = exchange
    this.socket = exchange.socket.transport
    void sendQueue.bound(this.socket)
  }

  get waiting(): number {
    return this.#exchange.socket.bufferedAmount
  }

  begin({ announcement }: Begun): boolean {
    if (announcement !== undefined && !this.socket.destroyed) this.#exchange.socket.send(announcement)
    return true
  }

  write(parts: Parts): void {
    const [only] = parts
    if (!only || this.socket.destroyed) return
    this.#exchange.socket.send(parts.length === 1 ? only : Buffer.concat(parts))
  }

  end(reason?: ShoalError): void {
    if (reason) closeWith(this.#exchange, reason)
    else this.#exchange.socket.close(1000, 'the stream ended')
  }
}

/** Closes a WebSocket with 4000 + HTTP status, and the error code as the reason. */
export function closeWith(exchange: WebSocketExchange, error: ShoalError): void {
  exchange.socket.close(4000 + error.status, error.code)
}

/** How a wait for the client ended; `gone` also when the signal aborts. */
export type Outcome = 'taken' | 'gone' | 'stalled'

/** Waits at most `ms` until everything written is taken by the system. */
export function drained({ socket }: Sink, ms: number, signal: AbortSignal): Promise<Outcome> {
  return socket.writableNeedDrain ? settled(socket, ms, signal) : Promise.resolve(signal.aborted || socket.destroyed ? 'gone' : 'taken')
}

/** Waits at most `ms` until the connection, which was ended, is gone. */
export async function closed({ socket }: Sink, ms: number, signal: AbortSignal): Promise<Outcome> {
  let outcome: Outcome = 'taken'
  for (const until = performance.now() + ms; outcome === 'taken'; ) outcome = await settled(socket, until - performance.now(), signal)
  return outcome
}

function settled(socket: Duplex, ms: number, signal: AbortSignal): Promise<Outcome> {
  if (signal.aborted || socket.destroyed) return Promise.resolve('gone')
  return new Promise((resolve) => {
    const settle = (outcome: Outcome) => (): void => {
      clearTimeout(timer)
      socket.off('drain', onDrain).off('close', onClose)
      signal.removeEventListener('abort', onClose)
      resolve(outcome)
    }
    const onDrain = settle('taken')
    const onClose = settle('gone')
    const timer = setTimeout(settle('stalled'), Math.max(0, ms))
    socket.once('drain', onDrain).once('close', onClose)
    signal.addEventListener('abort', onClose, { once: true })
  })
}
