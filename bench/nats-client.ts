/** A client of nats-server with just what the benchmark needs; cheaper than the published one. Source: docs.nats.io, "NATS Protocol". */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Gets a message: its body, and where an answer goes. */
type Handler = (body: Buffer, reply: string) => void

const crlf = Buffer.from('\r\n')

/** One connection. */
export class NatsClient {
  readonly #socket: Socket
  readonly #handlers = new Map<string, Handler>()
  #rest: Buffer = Buffer.alloc(0)
  #next = 1

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
  }

  /** Connects to 127.0.0.1. */
  static async connect(port: number): Promise<NatsClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    socket.write('CONNECT {"verbose":false,"pedantic":false,"echo":true}\r\n')
    return new NatsClient(socket)
  }

  subscribe(subject: string, handler: Handler): void {
    const id = String(this.#next++)
    this.#handlers.set(id, handler)
    this.#socket.write(`SUB ${subject} ${id}\r\n`)
  }

  publish(subject: string, body: Uint8Array, reply = ''): void {
    this.#socket.cork()
    this.#socket.write(`PUB ${subject} ${reply === '' ? '' : `${reply} `}${body.byteLength}\r\n`)
    this.#socket.write(body)
    this.#socket.write(crlf)
    process.nextTick(() => this.#socket.uncork())
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    for (let end = bytes.indexOf(crlf, at); end >= 0; end = bytes.indexOf(crlf, at)) {
      const line = bytes.toString('latin1', at, end)
      const after = line.startsWith('MSG ') ? this.#message(line, bytes, end + 2) : end + 2
      if (after < 0) break
      if (line === 'PING') this.#socket.write('PONG\r\n')
      at = after
    }
    this.#rest = bytes.subarray(at)
  }

  /** Where the next line begins; below 0 while the body is not all here. */
  #message(line: string, bytes: Buffer, at: number): number {
    const words = line.split(' ')
    const size = Number(words.at(-1))
    if (bytes.length < at + size + 2) return -1
    this.#handlers.get(words[2] ?? '')?.(bytes.subarray(at, at + size), words.length === 5 ? (words[3] ?? '') : '')
    return at + size + 2
  }
}
