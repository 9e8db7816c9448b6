/** The writing half of a link stream: a bounded queue in front of libp2p, sent in units that suit TLS, Noise and yamux. */

import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { ShoalError } from '../../errors.js'
import { abortable } from '../util/wait.js'
import type { TurnEnd } from './turn-end.js'

/** Bytes of one send: with yamux's header it fits one Noise message (65,519 bytes), which costs one cipher call, and four records of TLS. */
const unit = 65_504

/** Queued bytes from which `send` says "wait". */
const highWater = 256 * 1024

/** Queued bytes below which `drained` resolves. */
const lowWater = 128 * 1024

/** Queued bytes, beside one frame, above which `send` throws. */
const hardLimit = 8 * 1024 * 1024

/** Bytes of a frame that is copied when it is queued. */
const small = 1024

interface Waiter {
  readonly ready: () => boolean
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Frames towards one libp2p stream. */
export class LinkWriter {
  readonly #stream: Stream
  readonly #maxFrame: number
  readonly #turn: TurnEnd
  readonly #atTurnEnd = (): void => {
    this.#scheduled = false
    this.#flush(1)
  }
  #parts: Uint8Array[] = []
  #head = 0
  #queued = 0
  #scheduled = false
  #over: Error | undefined
  #failed = false
  #waiting: Waiter[] = []

  /** `turn`: shared by the streams of a connection. */
  constructor(stream: Stream, maxFrame: number, turn: TurnEnd) {
    this.#stream = stream
    this.#maxFrame = maxFrame
    this.#turn = turn
  }

  /** Bytes here and in libp2p's own buffer. */
  get buffered(): number {
    return this.#queued + this.#stream.writeBufferLength
  }

  /** Queues one frame; see LinkStream.send. */
  send(parts: Uint8Array[]): boolean {
    if (this.#over) throw unreachable(this.#over)
    const size = parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (size > this.#maxFrame) throw new ShoalError('ERR_PAYLOAD_TOO_LARGE', `A frame of ${size} bytes is over the limit of ${this.#maxFrame}.`)
    if (this.buffered + size > hardLimit + this.#maxFrame) {
      throw new ShoalError('ERR_OVERLOADED', `The peer takes data too slowly: ${this.buffered} bytes wait for it.`)
    }
    this.#append([prefix(size), ...parts], size)
    if (this.#queued >= unit) this.#flush(unit)
    this.schedule()
    return this.buffered < highWater
  }

  /** Sends what is queued at the end of this turn of the loop, so that all small frames of one turn travel together. */
  schedule(): void {
    if (this.#scheduled || this.#failed || (this.#queued === 0 && this.#waiting.length === 0)) return
    this.#scheduled = true
    this.#turn.add(this.#atTurnEnd)
  }

  /** Resolves below the low-water mark. */
  drained(signal?: AbortSignal): Promise<void> {
    return abortable(
      this.#when(() => this.buffered < lowWater),
      signal,
    )
  }

  /** A small frame is one part: views of many cost more than their bytes. */
  #append(parts: readonly Uint8Array[], size: number): void {
    const joined = size <= small ? [Buffer.concat(parts)] : parts
    for (const part of joined) {
      if (part.byteLength > 0) this.#parts.push(part)
      this.#queued += part.byteLength
    }
  }

  /** Takes no more frames; resolves when libp2p has all of them. */
  finish(): Promise<void> {
    const done = this.#when(() => this.#queued === 0)
    this.#over ??= new ShoalError('ERR_PEER_UNREACHABLE', 'The stream was closed on this side.')
    return done
  }

  /** The stream is over: drops what is queued and tells those who wait. */
  fail(error: Error): void {
    this.#over = error
    this.#failed = true
    this.#parts = []
    this.#head = 0
    this.#queued = 0
    for (const { reject } of this.#waiting.splice(0)) reject(unreachable(error))
  }

  #when(ready: () => boolean): Promise<void> {
    if (this.#over) return Promise.reject(unreachable(this.#over))
    if (ready()) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ ready, resolve, reject }))
  }

  /** Sends while there are at least `least` bytes and libp2p takes them. */
  #flush(least: number): void {
    try {
      while (this.#queued >= least && !this.#stream.writableNeedsDrain) this.#stream.send(this.#take())
    } catch {
      // the stream just ended; its close event says why
      return
    }
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ ready }) => !ready())
    for (const waiter of waiting) if (!this.#waiting.includes(waiter)) waiter.resolve()
  }

  /** The next unit, of views: what is below copies it once, with its own headers, and so does not what is here. */
  #take(): Uint8Array | Uint8ArrayList {
    const size = Math.min(unit, this.#queued)
    const first = this.#cut(size)
    if (first.byteLength === size) return first
    const joined = new Uint8ArrayList(first)
    while (joined.byteLength < size) joined.append(this.#cut(size - joined.byteLength))
    return joined
  }

  /** Takes at most `count` bytes of the first part. */
  #cut(count: number): Uint8Array {
    const part = this.#parts[this.#head] as Uint8Array
    const piece = part.byteLength <= count ? part : part.subarray(0, count)
    if (piece === part) this.#drop()
    else this.#parts[this.#head] = part.subarray(count)
    this.#queued -= piece.byteLength
    return piece
  }

  #drop(): void {
    this.#head++
    if (this.#head < 64 && this.#head < this.#parts.length) return
    this.#parts.splice(0, this.#head)
    this.#head = 0
  }
}

/** The length of a frame, as an unsigned LEB128. */
function prefix(size: number): Uint8Array {
  const bytes: number[] = []
  let rest = size
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  return Uint8Array.from([...bytes, rest])
}

function unreachable(error: Error): ShoalError {
  return ShoalError.from(error, 'ERR_PEER_UNREACHABLE')
}
