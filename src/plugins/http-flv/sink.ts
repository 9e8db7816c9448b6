/** Where a viewer's bytes go: an HTTP response or a WebSocket. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { ShoalError } from '../../errors.js'
import type { WebSocketExchange } from '../../plugin.js'
import type { Parts } from './tags.js'

/** One viewer's connection. */
export interface Sink {
  readonly via: 'http' | 'websocket'
  /** Bytes written and not yet taken by the system. */
  readonly waiting: number
  /** The socket that fires `drain` and `close`. */
  readonly socket: Duplex
  /** Writes one batch: one system call, or one message. */
  write(parts: Parts): void
  /** Ends after what is written; a reason is told where the protocol can. */
  end(reason?: ShoalError): void
}

const headers = {
  'Content-Type': 'video/x-flv',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  Connection: 'close',
}

/** Answers with the head alone: what HEAD gets, and what comes before the stream. */
export function sendHead(response: ServerResponse): void {
  // Without a length Node would send chunks; a stream ends with its connection instead, and its bytes go out as they are.
  response.removeHeader('Transfer-Encoding')
  response.writeHead(200, headers)
}

/** Answers with an error in the form of the API. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: ShoalError): void {
  const body = Buffer.from(JSON.stringify(error.toJSON()))
  response.writeHead(error.status, { 'Content-Type': 'application/json', 'Content-Length': body.length, 'Cache-Control': 'no-store' })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** A response whose body is written to the socket directly, past Node's bookkeeping for each write. */
export class HttpSink implements Sink {
  readonly via = 'http'
  readonly socket: Duplex
  readonly #response: ServerResponse

  /** Sends the head. Throws `ERR_REQUEST_INVALID` for a pipelined request, whose response has no socket yet. */
  constructor(response: ServerResponse) {
    if (!response.socket) throw new ShoalError('ERR_REQUEST_INVALID', 'A stream is not sent in answer to a pipelined request.')
    this.#response = response
    this.socket = response.socket
    sendHead(response)
    response.flushHeaders()
  }

  get waiting(): number {
    return this.socket.writableLength
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
  }

  get waiting(): number {
    return this.#exchange.socket.bufferedAmount
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
