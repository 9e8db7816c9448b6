/** Messages over the stdin and stdout of a process: cut and checked, read at a bounded pace, written with a bounded backlog. */

import type { Readable, Writable } from 'node:stream'
import { ShoalError } from '../../../errors.js'
import { FrameDecoder } from '../../swarm/frame-decoder.js'
import { TokenBucket } from '../../util/rate.js'
import { monotonic } from '../../util/wait.js'
import { decodePortable, encodePortable, type Part } from './codec.js'
import { maxBacklog, maxMessage } from './limits.js'
import { payloadParts } from './plain-messages.js'
import type { PortableMessage } from './portable.pb.js'

/** What happens on a pipe. */
export interface PipeEvents {
  message(message: PortableMessage, part: Part): void
  /** The other side broke the protocol; nothing more is read. */
  broken(error: ShoalError): void
  /** The other side will send nothing more. */
  ended(): void
  /** It sends so much that it is read more slowly. */
  flooded(): void
}

/** Messages handled before other work has its turn … */
const perTurn = 256

/** … and bytes of them … */
const bytesPerTurn = 2 * 1024 * 1024

/** … and ms that they may take, looked at after every few. */
const timePerTurn = 3
const between = 16

/** Messages a second that are read. */
const rate = 30_000

/** A log line counts as so many messages: of those nobody needs thousands a second. */
const logCost = 20

/** Why reading pauses: others have their turn, the plugin is to read first, or it sends too much. */
type Pause = 'turn' | 'backlog' | 'flood'

/** ms that a flooding plugin waits. */
const floodPause = 50

/** Bytes up to which a message is copied next to its length. */
const copyLimit = 4096

/** The host's end. */
export class MessagePipe {
  readonly #input: Readable
  readonly #output: Writable
  readonly #events: PipeEvents
  readonly #decoder = new FrameDecoder(maxMessage)
  readonly #bucket = new TokenBucket({ rate, burst: rate })
  #held = false
  #closed = false

  constructor(input: Readable, output: Writable, events: PipeEvents) {
    this.#input = input
    this.#output = output
    this.#events = events
    input.on('data', (chunk: Buffer) => this.#read(chunk))
    input.once('end', () => this.#end())
    input.once('close', () => this.#end())
    output.on('drain', () => this.#resume())
  }

  /** Bytes that wait to be written. */
  get backlog(): number {
    return this.#output.writableLength
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Writes a message. After the end it is a no-op. Throws `ERR_PAYLOAD_TOO_LARGE`. */
  send(message: PortableMessage): void {
    if (this.#closed) return
    const { payload } = message
    if (payload && payload.body.byteLength < maxMessage / 2) {
      this.write(payloadParts(message.id, payload))
      return
    }
    const body = encodePortable(message)
    if (body.byteLength > maxMessage)
      throw new ShoalError('ERR_PAYLOAD_TOO_LARGE', `A message of ${body.byteLength} bytes is over the limit of ${maxMessage} bytes.`)
    const parts = [varint(body.byteLength), body]
    this.write(body.byteLength > copyLimit ? parts : [Buffer.concat(parts)])
  }

  /** Writes frames of the stream `id`; `parts` are the records and are not copied. */
  sendFrames(id: number, parts: readonly Uint8Array[], dropped: number): void {
    const size = parts.reduce((sum, part) => sum + part.byteLength, 0)
    // Frames { dropped = 2, records = 1 } within PortableMessage { id = 1, frames = 30 }, by hand: the records stay where they are
    const inner = Buffer.concat([dropped > 0 ? Buffer.concat([varint(0x10), varint(dropped)]) : varint(-1), varint(0x0a), varint(size)])
    const outer = Buffer.concat([varint(0x08), varint(id), varint(242), varint(inner.byteLength + size), inner])
    this.write([varint(outer.byteLength + size), outer, ...parts])
  }

  /** Writes parts as they are. */
  write(parts: readonly Uint8Array[]): void {
    if (this.#closed || this.#output.destroyed || this.#output.writableEnded) return
    const [only] = parts
    if (parts.length === 1 && only) {
      this.#output.write(only)
      return
    }
    this.#output.cork()
    for (const part of parts) this.#output.write(part)
    this.#output.uncork()
  }

  /** Resolves when the backlog is small, or the pipe is closed. */
  async drained(): Promise<void> {
    while (!this.#closed && this.#output.writableNeedDrain && !this.#output.destroyed) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#output.off('drain', done)
          this.#output.off('close', done)
          resolve()
        }
        this.#output.once('drain', done)
        this.#output.once('close', done)
      })
    }
  }

  /** Reads and writes nothing more; what still comes is thrown away, so that the process can end. */
  close(): void {
    this.#closed = true
    this.#input.resume()
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return
    this.#decoder.push(chunk)
    if (!this.#held) this.#pump()
  }

  #pump(): void {
    this.#held = false
    try {
      const pause = this.#handle()
      if (pause === undefined) this.#goOn()
      else this.#hold(pause)
    } catch (error) {
      this.close()
      this.#events.broken(ShoalError.from(error, 'ERR_PROTOCOL'))
    }
  }

  /** Handles what has come. Undefined = all of it. */
  #handle(): Pause | undefined {
    let bytes = 0
    const began = monotonic()
    for (let count = 0; !this.#closed; count++) {
      if (count >= perTurn || bytes >= bytesPerTurn) return 'turn'
      if (count % between === between - 1 && monotonic() - began > timePerTurn) return 'turn'
      if (this.backlog > maxBacklog) return 'backlog'
      const frame = this.#decoder.next()
      if (!frame) return undefined
      bytes += frame.byteLength
      const decoded = decodePortable(frame)
      if (decoded) this.#events.message(decoded.message, decoded.part)
      if (this.#bucket.take(decoded?.part === 'log' ? logCost : 1)) continue
      this.#events.flooded()
      return 'flood'
    }
    return undefined
  }

  /** Reading goes on after a backlog with the 'drain' of what is written. */
  #hold(pause: Pause): void {
    if (this.#closed) return
    this.#held = true
    this.#input.pause()
    if (pause === 'turn') setImmediate(() => this.#resume())
    else if (pause === 'flood') setTimeout(() => this.#resume(), floodPause).unref()
  }

  #resume(): void {
    if (this.#held && !this.#closed) this.#pump()
  }

  #goOn(): void {
    if (this.#input.isPaused()) this.#input.resume()
  }

  #end(): void {
    if (this.#closed) return
    this.close()
    this.#events.ended()
  }
}

/** An unsigned number in 7 bits a byte; of -1, nothing. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  if (value < 0) return Buffer.alloc(0)
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}
