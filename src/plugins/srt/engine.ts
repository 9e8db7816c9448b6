/** All SRT sockets of one plugin, looked after by one timer: native calls never wait, and nothing calls back from foreign threads. */

import { ShoalError } from '../../errors.js'
import type { SrtLibrary } from './native.js'
import { type Endpoint, fromSocketAddress, maxAddressSize, toSocketAddress } from './socket-address.js'
import { SrtSocket, srtEvent } from './srt-socket.js'

/** Values of SRT_SOCKOPT that are used. */
const srtOption = { sendSync: 1, receiveSync: 2, latency: 23, passphrase: 26, connectTimeout: 36, streamId: 46, ipv6Only: 54 } as const

/** ms between looks: with connections, and with listeners alone. The latency of SRT itself is 120 ms and more. */
const busyInterval = 5
const idleInterval = 25

/** Sockets whose events are taken at one look. */
const maxEvents = 64

/** Longest stream id (SRT 1.5), and a byte behind it. */
const maxStreamId = 513

/** How a connection is made. */
export interface SrtSettings {
  /** ms that packets may be late. */
  readonly latency: number
  /** 10 to 79 characters; empty = no encryption. */
  readonly passphrase: string
  /** Of a caller, at most 512 bytes. */
  readonly streamId?: string
  /** ms. */
  readonly connectTimeout?: number
}

/** Something with events. */
interface Watched {
  ready(events: number): void
  /** The engine ends. */
  gone?(): void
}

/** A socket that listens. */
export interface SrtListener {
  readonly endpoint: Endpoint
  close(): void
}

/** A connection that was accepted; nothing is read from it before {@link SrtSocket.start}. */
export interface Accepted {
  readonly socket: SrtSocket
  readonly streamId: string
  readonly remote: Endpoint
}

/** The sockets. */
export class SrtEngine {
  readonly #library: SrtLibrary
  readonly #poll: number
  readonly #watched = new Map<number, Watched>()
  readonly #pairs = new Int32Array(maxEvents * 2)
  #listeners = 0
  #timer: NodeJS.Timeout | undefined
  #interval = 0
  #closed = false

  /** Throws `ERR_DEPENDENCY_MISSING` where the library has no room for a poll. */
  constructor(library: SrtLibrary) {
    this.#library = library
    this.#poll = library.epollCreate()
    if (this.#poll < 0) throw new ShoalError('ERR_DEPENDENCY_MISSING', `${library.name} gives no poll.`)
  }

  /** Listens. Throws `ERR_PORT_IN_USE`, `ERR_START_FAILED`. */
  listen(endpoint: Endpoint, settings: SrtSettings, accepted: (connection: Accepted) => void): SrtListener {
    const handle = this.#open(settings)
    try {
      const address = toSocketAddress(endpoint)
      if (address.length === maxAddressSize) this.#set(handle, srtOption.ipv6Only, 0)
      if (this.#library.bind(handle, address, address.length) < 0 || this.#library.listen(handle, 128) < 0) throw this.#listenError(endpoint)
      const bound = this.#nameOf(handle)
      this.#watch(handle, srtEvent.in, { ready: () => this.#accept(handle, accepted) })
      this.#listeners++
      this.#schedule()
      return {
        endpoint: bound,
        close: () => {
          if (!this.#watched.has(handle)) return
          this.#listeners--
          this.release(handle)
        },
      }
    } catch (error) {
      if (!this.#watched.has(handle)) this.#library.close(handle)
      throw error
    }
  }

  /** Calls another. Rejects with `ERR_SOURCE_FAILED`, `ERR_UNAUTHENTICATED` for a wrong passphrase, or the reason of `signal`. */
  connect(endpoint: Endpoint, settings: SrtSettings, signal: AbortSignal): Promise<SrtSocket> {
    signal.throwIfAborted()
    const handle = this.#open(settings)
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        signal.removeEventListener('abort', abort)
        if (error === undefined) {
          this.#unwatch(handle)
          resolve(this.#socket(handle))
        } else {
          this.release(handle)
          reject(error)
        }
      }
      const abort = (): void => settle(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      this.#watch(handle, srtEvent.out | srtEvent.error, {
        gone: () => settle(new ShoalError('ERR_ABORTED')),
        ready: (events) => settle((events & srtEvent.error) !== 0 ? this.#refusal(handle, endpoint) : undefined),
      })
      const address = toSocketAddress(endpoint)
      if (this.#library.connect(handle, address, address.length) < 0) settle(this.#refusal(handle, endpoint))
    })
  }

  /** Sets what a socket waits for. */
  want(handle: number, events: number): void {
    if (this.#watched.has(handle)) this.#library.epollUpdate(this.#poll, handle, Int32Array.of(events))
  }

  /** Begins to look after a connection. */
  adopt(handle: number, watched: Watched): void {
    if (this.#closed) return
    this.#watch(handle, srtEvent.in | srtEvent.error, watched)
  }

  /** Fills `memory` with what is counted of a connection; false where nothing is. */
  count(handle: number, memory: Uint8Array): boolean {
    return !this.#closed && this.#library.statistics(handle, memory, 0) >= 0
  }

  /** Closes a socket. Idempotent. */
  release(handle: number): void {
    if (this.#closed) return
    this.#unwatch(handle)
    this.#library.close(handle)
  }

  /** Closes all sockets and ends the library's threads. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return
    for (const [handle, watched] of [...this.#watched]) {
      watched.gone?.()
      this.release(handle)
    }
    // from here on no native function may be called
    this.#closed = true
    clearInterval(this.#timer)
    this.#library.epollRelease(this.#poll)
    await this.#library.cleanUp()
  }

  #open({ latency, passphrase, streamId = '', connectTimeout }: SrtSettings): number {
    const handle = this.#library.createSocket()
    if (handle < 0) throw new ShoalError('ERR_LIMIT', 'No SRT socket can be opened.')
    this.#set(handle, srtOption.sendSync, 0)
    this.#set(handle, srtOption.receiveSync, 0)
    this.#set(handle, srtOption.latency, latency)
    if (connectTimeout !== undefined) this.#set(handle, srtOption.connectTimeout, connectTimeout)
    this.#setText(handle, srtOption.passphrase, passphrase)
    this.#setText(handle, srtOption.streamId, streamId)
    return handle
  }

  #set(handle: number, option: number, value: number): void {
    this.#library.setOption(handle, option, Int32Array.of(value), 4)
  }

  /** A text that the library does not take would leave the connection open for all. */
  #setText(handle: number, option: number, text: string): void {
    if (text === '') return
    const bytes = Buffer.from(text)
    if (this.#library.setOption(handle, option, bytes, bytes.length) >= 0) return
    this.#library.close(handle)
    const what = option === srtOption.passphrase ? 'A passphrase of SRT has 10 to 79 bytes' : 'A stream id of SRT has at most 512 bytes'
    throw new ShoalError('ERR_URL_INVALID', `${what}.`)
  }

  #watch(handle: number, events: number, watched: Watched): void {
    this.#watched.set(handle, watched)
    this.#library.epollAdd(this.#poll, handle, Int32Array.of(events))
    this.#schedule()
  }

  #unwatch(handle: number): void {
    if (!this.#watched.delete(handle)) return
    this.#library.epollRemove(this.#poll, handle)
    this.#schedule()
  }

  #schedule(): void {
    const interval = this.#closed || this.#watched.size === 0 ? 0 : this.#watched.size > this.#listeners ? busyInterval : idleInterval
    if (interval === this.#interval) return
    this.#interval = interval
    clearInterval(this.#timer)
    if (interval > 0) this.#timer = setInterval(() => this.#look(), interval)
  }

  #look(): void {
    const count = Math.min(this.#library.epollPoll(this.#poll, this.#pairs, maxEvents), maxEvents)
    // handlers close sockets, whose numbers then stand for nothing
    const ready = Array.from({ length: Math.max(0, count) }, (_, i) => [this.#pairs[2 * i] ?? -1, this.#pairs[2 * i + 1] ?? 0] as const)
    for (const [handle, events] of ready) this.#watched.get(handle)?.ready(events)
  }

  /** Takes one; the next look has the next. */
  #accept(listener: number, accepted: (connection: Accepted) => void): void {
    const address = new Uint8Array(maxAddressSize)
    const handle = this.#library.accept(listener, address, Int32Array.of(address.length))
    if (handle < 0) return
    this.#set(handle, srtOption.sendSync, 0)
    this.#set(handle, srtOption.receiveSync, 0)
    accepted({ socket: this.#socket(handle), streamId: this.#streamId(handle), remote: fromSocketAddress(address) })
  }

  #socket(handle: number): SrtSocket {
    return new SrtSocket(handle, this.#library, this)
  }

  #streamId(handle: number): string {
    const bytes = Buffer.alloc(maxStreamId)
    const length = Int32Array.of(bytes.length)
    if (this.#library.getOption(handle, srtOption.streamId, bytes, length) < 0) return ''
    return bytes.toString('utf8', 0, Math.min(length[0] ?? 0, bytes.length)).replace(/\0.*$/s, '')
  }

  #nameOf(handle: number): Endpoint {
    const address = new Uint8Array(maxAddressSize)
    this.#library.socketName(handle, address, Int32Array.of(address.length))
    return fromSocketAddress(address)
  }

  #listenError({ address, port }: Endpoint): ShoalError {
    const text = this.#library.lastErrorText()
    const inUse = /busy|in use|bind|already/i.test(text)
    const hint = 'Set plugins.srt.port to another port, or to 0 for any free one.'
    return new ShoalError(inUse ? 'ERR_PORT_IN_USE' : 'ERR_START_FAILED', `SRT cannot listen on ${address}:${port}: ${text}.`, { hint })
  }

  #refusal(handle: number, { address, port }: Endpoint): ShoalError {
    const reason = this.#library.rejectReason(handle)
    const badSecret = 10
    const unsecure = 11
    const timeout = 16
    const unknown = 0
    if (reason === badSecret || reason === unsecure)
      return new ShoalError(
        'ERR_UNAUTHENTICATED',
        `${address}:${port} refused: ${reason === badSecret ? 'the passphrase is wrong' : 'only one side has a passphrase'}.`,
      )
    const why = reason === timeout ? 'nobody answers' : reason === unknown ? 'it was closed at once' : this.#library.rejectText(reason)
    return new ShoalError('ERR_SOURCE_FAILED', `No SRT connection to ${address}:${port}: ${why}.`)
  }
}
