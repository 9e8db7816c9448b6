/** One SP connection after both ends said what they are. */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { ShoalError } from '../../../errors.js'
import { abortable, deadline } from '../../util/wait.js'
import type { SpAddress } from './sp-address.js'
import { SpDecoder, spMessageHead } from './sp-decoder.js'
import { checkSpHeader, type SpPattern, spHeader, spHeaderLength } from './sp-protocol.js'

/** How a connection is spoken to. */
export interface SpPipeOptions {
  readonly pattern: SpPattern
  readonly transport: SpAddress['transport']
  /** Bytes. */
  readonly maxMessage: number
}

/** ms for the other end's header, as nng allows. */
const headerTimeout = 10_000

/** A connection that both ends have agreed on. */
export class SpPipe {
  /** Aborted when the connection is over. */
  readonly signal: AbortSignal
  readonly #socket: Socket
  readonly #transport: SpAddress['transport']
  readonly #messages: AsyncGenerator<Uint8Array>

  private constructor(socket: Socket, options: SpPipeOptions, rest: Uint8Array) {
    const ending = new AbortController()
    this.signal = ending.signal
    this.#socket = socket
    this.#transport = options.transport
    this.#messages = read(socket, new SpDecoder(options), rest)
    // an error is followed by 'close'
    socket.on('error', () => {})
    socket.once('close', () => ending.abort(new ShoalError('ERR_PEER_UNREACHABLE', 'The SP connection is over.')))
  }

  /** Exchanges headers on a fresh connection. Rejects with `ERR_PROTOCOL`, `ERR_TIMEOUT`, `ERR_PEER_UNREACHABLE`, and closes it. */
  static async open(socket: Socket, options: SpPipeOptions, signal?: AbortSignal): Promise<SpPipe> {
    socket.setNoDelay(true)
    const limit = deadline(headerTimeout, 'ERR_TIMEOUT', 'The other end did not say which SP pattern it speaks.', signal)
    try {
      socket.write(spHeader(options.pattern))
      const { header, rest } = await readHeader(socket, limit.signal)
      checkSpHeader(options.pattern, header)
      return new SpPipe(socket, options, rest)
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      limit.done()
    }
  }

  /** Messages in order; the sender waits while nobody reads. Ends with the connection; throws `ERR_PROTOCOL`. One reader. */
  get messages(): AsyncGenerator<Uint8Array> {
    return this.#messages
  }

  /** Bytes that wait to be sent. */
  get buffered(): number {
    return this.#socket.writableLength
  }

  /** Queues one message given in parts. False = wait for {@link drained}. */
  send(...parts: readonly Uint8Array[]): boolean {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    this.#socket.cork()
    this.#socket.write(spMessageHead(this.#transport, length))
    let free = true
    for (const part of parts) free = this.#socket.write(part)
    this.#socket.uncork()
    return free && !this.#socket.writableNeedDrain
  }

  /** Resolves when more can be sent; rejects when the connection is over or the signal aborts. */
  async drained(signal?: AbortSignal): Promise<void> {
    const free: Promise<unknown> = this.#socket.writableNeedDrain ? once(this.#socket, 'drain', { signal: this.signal }) : Promise.resolve()
    await abortable(free, signal).catch(() => {
      signal?.throwIfAborted()
      this.signal.throwIfAborted()
    })
  }

  /** Sends what is queued and closes. */
  close(): void {
    this.#socket.destroySoon()
  }
}

async function readHeader(socket: Socket, signal: AbortSignal): Promise<{ header: Uint8Array; rest: Uint8Array }> {
  let bytes = Buffer.alloc(0)
  while (bytes.length < spHeaderLength) {
    const chunk: Buffer | null = socket.read()
    if (chunk) bytes = Buffer.concat([bytes, chunk])
    else await readable(socket, signal)
  }
  return { header: bytes.subarray(0, spHeaderLength), rest: bytes.subarray(spHeaderLength) }
}

/** Waits for bytes. Rejects when none will come. */
async function readable(socket: Socket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const lost = (): void => reject(new ShoalError('ERR_PEER_UNREACHABLE', 'The SP connection ended before it began.'))
  const events = [['readable', resolve] as const, ['end', lost] as const, ['close', lost] as const, ['error', lost] as const]
  if (socket.destroyed || socket.readableEnded) lost()
  for (const [event, listener] of events) socket.once(event, listener)
  try {
    await abortable(promise, signal)
  } finally {
    for (const [event, listener] of events) socket.removeListener(event, listener)
  }
}

async function* read(socket: Socket, decoder: SpDecoder, rest: Uint8Array): AsyncGenerator<Uint8Array> {
  try {
    yield* decoder.push(rest)
    for await (const chunk of socket) yield* decoder.push(chunk as Buffer)
  } catch (error) {
    // a connection that breaks ends like one that is closed; only what breaks the protocol is told
    if (error instanceof ShoalError) throw error
  } finally {
    socket.destroy()
  }
}
