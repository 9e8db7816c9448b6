/** One SRT connection. */

import { ShoalError } from '../../errors.js'
import type { SrtLibrary } from './native.js'
import { type ReceiveStatistics, readReceived, readSent, type SendStatistics, statisticsSize } from './statistics.js'

/** Bits of SRT_EPOLL_OPT. */
export const srtEvent = { in: 1, out: 4, error: 8 } as const

/** SRTO_RCVLATENCY. */
const receiveLatency = 43

/** Bytes of the largest message that live mode has. */
const maxMessage = 1500

/** Bytes that are taken at once for what arrives. */
const slabSize = 64 * 1024

/** Messages that are read at one look, so that others get their turn. */
const maxReads = 512

/** Bytes of a message that is sent: 7 packets of MPEG-TS, the default of live mode. */
const messageSize = 7 * 188

/** SRT_EASYNCSND: there is no room now. */
const noRoom = 6001
/** SRT_EASYNCRCV: there is nothing now. */
const nothing = 6002

/** What a connection needs of those who look after it. */
export interface SrtHome {
  want(handle: number, events: number): void
  adopt(handle: number, watched: { ready(events: number): void; gone(): void }): void
  release(handle: number): void
  /** Fills `memory` with what is counted; false where nothing is. */
  count(handle: number, memory: Uint8Array): boolean
}

/** Reads and writes messages, in order. */
export class SrtSocket {
  /** Takes each message; the memory is its own. */
  data: (bytes: Uint8Array) => void = () => {}
  /** Settles when the connection is over, and never rejects. */
  readonly closed: Promise<void>
  readonly #handle: number
  readonly #library: SrtLibrary
  readonly #home: SrtHome
  readonly #queue: Uint8Array[] = []
  #waiting = 0
  #slab = Buffer.alloc(0)
  #used = 0
  #open = true
  #over: () => void = () => {}
  #drained: (() => void)[] = []

  constructor(handle: number, library: SrtLibrary, home: SrtHome) {
    this.#handle = handle
    this.#library = library
    this.#home = home
    this.closed = new Promise((resolve) => {
      this.#over = resolve
    })
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#waiting
  }

  /** ms that packets may be late, as both sides agreed. */
  get latency(): number {
    const value = new Int32Array(1)
    this.#library.getOption(this.#handle, receiveLatency, value, Int32Array.of(4))
    return value[0] ?? 0
  }

  /** How well it receives; undefined once it is over. */
  received(): ReceiveStatistics | undefined {
    return this.#statistics(readReceived)
  }

  /** How well it sends; undefined once it is over. */
  sent(): SendStatistics | undefined {
    return this.#statistics(readSent)
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Begins to read, and to notice the end. */
  start(): void {
    if (this.#open) this.#home.adopt(this.#handle, { ready: (events) => this.#ready(events), gone: () => this.close() })
  }

  /** Sends whole packets of MPEG-TS; what there is no room for waits. */
  write(parts: readonly Uint8Array[]): void {
    if (!this.#open) return
    for (const part of parts) {
      for (let at = 0; at < part.length; at += messageSize) this.#queue.push(part.subarray(at, at + messageSize))
      this.#waiting += part.length
    }
    this.#send()
  }

  /** Resolves when all that was written is on its way, or the connection is over; rejects with `ERR_SLOW_CONSUMER` after `ms` without progress. */
  async drained(ms: number): Promise<void> {
    while (this.#open && this.#waiting > 0) {
      const before = this.#waiting
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms)
      })
      await Promise.race([late, new Promise<void>((resolve) => this.#drained.push(resolve))])
      clearTimeout(timer)
      if (this.#open && this.#waiting >= before) throw new ShoalError('ERR_SLOW_CONSUMER', `The SRT reader took nothing for ${ms} ms.`)
    }
  }

  /** Ends the connection. Idempotent. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#home.release(this.#handle)
    this.#queue.length = 0
    this.#waiting = 0
    this.#over()
    this.#stir()
  }

  #statistics<T>(read: (memory: Uint8Array) => T): T | undefined {
    const memory = new Uint8Array(statisticsSize)
    return this.#open && this.#home.count(this.#handle, memory) ? read(memory) : undefined
  }

  #ready(events: number): void {
    if ((events & srtEvent.out) !== 0) this.#send()
    // what came before the end is read first
    if ((events & (srtEvent.in | srtEvent.error)) !== 0) this.#read()
  }

  #read(): void {
    for (let i = 0; this.#open && i < maxReads; i++) {
      if (this.#slab.length - this.#used < maxMessage) {
        this.#slab = Buffer.allocUnsafeSlow(slabSize)
        this.#used = 0
      }
      const room = this.#slab.subarray(this.#used, this.#used + maxMessage)
      const length = this.#library.receive(this.#handle, room, room.length)
      if (length < 0 && this.#library.lastError() === nothing) return
      if (length <= 0 || length > room.length) {
        this.close()
        return
      }
      this.#used += length
      this.data(room.subarray(0, length))
    }
  }

  #send(): void {
    let sent = 0
    while (this.#open) {
      const message = this.#queue[sent]
      if (!message) break
      if (this.#library.send(this.#handle, message, message.length) < 0) {
        if (this.#library.lastError() === noRoom) break
        this.close()
        return
      }
      sent++
      this.#waiting -= message.length
    }
    this.#queue.splice(0, sent)
    this.#home.want(this.#handle, srtEvent.in | srtEvent.error | (this.#waiting > 0 ? srtEvent.out : 0))
    if (sent > 0) this.#stir()
  }

  #stir(): void {
    const drained = this.#drained
    this.#drained = []
    for (const resolve of drained) resolve()
  }
}
