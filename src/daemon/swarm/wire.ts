/** One connection to one peer: its streams, its heartbeat, its end. */

import type { Connection, Stream, StreamMessageEvent } from '@libp2p/interface'
import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { delay, monotonic } from '../util/wait.js'
import { tlsProtocol } from './libp2p-tls.js'
import { Link } from './link.js'
import type { Encryption, LinkStream } from './swarm.js'
import { relaysOf } from './tunnel-address.js'
import { TurnEnd } from './turn-end.js'

/** libp2p's ping; one stream a connection is kept open for it. */
export const pingProtocol = '/ipfs/ping/1.0.0'

/** Bytes of one ping, fixed by its specification. */
const pingLength = 32

/** How long in ms the far end serves one ping stream (libp2p: 10 s, which would cost a stream a ping). */
export const pingServed = 600_000

/** Age in ms at which a ping stream is replaced, well before the far end ends it. */
const pingStreamAge = 240_000

/** Time in ms that a graceful close gets before the connection is cut. */
const closeTimeout = 300

/** When a quiet connection is pinged and when it counts as dead. */
export interface Heartbeat {
  /** ms without a sign of life after which a ping goes out. */
  readonly interval: number
  /** ms without a sign of life after which the connection is cut. */
  readonly dead: number
}

/** A ping on its way. */
interface Ping {
  readonly payload: Uint8Array
  sent: number
  echoed: number
  readonly done: Promise<number>
  settle(rtt: number | Error): void
}

/** A connection as the rest of the room uses it. */
export class Wire {
  readonly peer: PeerId
  readonly outbound: boolean
  readonly encryption: Encryption
  /** The members that pass it on, the nearest first; empty for a direct connection. */
  readonly via: readonly PeerId[]
  readonly since = monotonic()
  /** ms; undefined before the first answer to a ping. */
  rtt: number | undefined
  /** Why this side closed it. */
  reason: string | undefined
  #heard = monotonic()
  #ping: Stream | undefined
  #pingOpened = 0
  #pinging: Ping | undefined
  readonly #links = new Set<LinkStream>()
  readonly #turn = new TurnEnd()
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
    this.peer = connection.remotePeer.toString()
    this.outbound = connection.direction === 'outbound'
    this.encryption = connection.encryption === tlsProtocol ? 'tls' : 'noise'
    this.via = relaysOf(connection.remoteAddr.toString())
    connection.addEventListener('close', () => this.#stopPing(new ShoalError('ERR_PEER_UNREACHABLE', 'The connection is closed.')))
  }

  get open(): boolean {
    return this.#connection.status === 'open'
  }

  /** The far end's multiaddr, without its peer id. */
  get address(): string {
    return this.#connection.remoteAddr.toString().replace(/\/p2p\/[^/]*$/, '')
  }

  /** Does it lead through other members? */
  get relayed(): boolean {
    return this.via.length > 0
  }

  /** Streams of ours that are open. */
  get links(): number {
    return this.#links.size
  }

  /** Is it a stream of this connection? */
  carries(stream: LinkStream): boolean {
    return this.#links.has(stream)
  }

  /** Streams of any kind that are open. */
  get streams(): number {
    return this.#connection.streams.length
  }

  /** Something arrived from the far end. */
  readonly heard = (): void => {
    this.#heard = monotonic()
  }

  /** Wraps a stream in the turn in which libp2p hands it over. */
  attach(stream: Stream, protocol: string, maxFrame: number): Link {
    const link = new Link(stream, { peer: this.peer, protocol, maxFrame, heard: this.heard, turn: this.#turn })
    if (link.signal.aborted) return link
    this.#links.add(link)
    link.signal.addEventListener('abort', () => this.#links.delete(link), { once: true })
    return link
  }

  /** Opens a stream of ours. */
  async openLink(protocol: string, options: { maxFrame: number; signal: AbortSignal }): Promise<Link> {
    const stream = await this.#connection.newStream(protocol, { signal: options.signal, maxOutboundStreams: Number.MAX_SAFE_INTEGER })
    return this.attach(stream, protocol, options.maxFrame)
  }

  /** The connection below, for libp2p's own services. */
  get raw(): Connection {
    return this.#connection
  }

  /** Round trip in ms, over the ping stream. Rejects when there is no answer within `timeout` ms or the far end refuses. */
  async ping(timeout: number): Promise<number> {
    const ping = this.#pinging ?? this.#startPing(timeout)
    const limit = new AbortController()
    const late = delay(timeout, limit.signal).then(() => {
      throw new ShoalError('ERR_TIMEOUT', `No answer to a ping within ${timeout} ms.`)
    })
    try {
      return await Promise.race([ping.done, late])
    } finally {
      limit.abort()
      late.catch(() => {})
    }
  }

  /** Called about once a second. `grace`: ms for which this process itself was stalled, and so could hear nothing. */
  beat(limits: Heartbeat, grace: number): void {
    if (grace > 0) this.#heard = Math.max(this.#heard, monotonic() - limits.interval)
    const silent = monotonic() - this.#heard
    if (silent > limits.dead) this.abort(`nothing was heard for ${Math.round(silent)} ms`)
    else if (silent >= limits.interval && !this.#pinging) this.#startPing(limits.dead)
  }

  /** Closes streams and connection, gracefully for a moment, then by force. */
  async close(reason: string): Promise<void> {
    this.#resetLinks(reason)
    const gone = new Promise<void>((resolve) => this.#connection.addEventListener('close', () => resolve(), { once: true }))
    if (!this.open) return
    try {
      const signal = AbortSignal.timeout(closeTimeout)
      await this.#connection.close({ signal })
      if (!signal.aborted) return
    } catch {
      // cut below
    }
    this.abort(reason)
    await Promise.race([gone, delay(closeTimeout, undefined, { unref: true })])
  }

  /** Cuts the connection at once. */
  abort(reason: string): void {
    this.#resetLinks(reason)
    this.#connection.abort(new ShoalError('ERR_PEER_UNREACHABLE', `The connection was cut: ${reason}.`))
  }

  #resetLinks(reason: string): void {
    this.reason ??= reason
    for (const link of this.#links) link.abort(new ShoalError('ERR_PEER_UNREACHABLE', `The link was closed: ${reason}.`))
  }

  #startPing(timeout: number): Ping {
    const payload = crypto.getRandomValues(new Uint8Array(pingLength))
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    promise.catch(() => {})
    const settle = (rtt: number | Error): void => {
      this.#pinging = undefined
      if (typeof rtt === 'number') resolve(rtt)
      else reject(rtt)
    }
    const ping = { payload, sent: monotonic(), echoed: 0, done: promise, settle }
    this.#pinging = ping
    this.#sendPing(payload, timeout).catch((error: unknown) => {
      if (this.#pinging === ping) this.#stopPing(ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
    })
    return ping
  }

  async #sendPing(payload: Uint8Array, timeout: number): Promise<void> {
    const worn = monotonic() - this.#pingOpened > pingStreamAge
    if (worn || this.#ping?.status !== 'open' || this.#ping.remoteWriteStatus === 'closed') await this.#openPing(timeout)
    if (this.#pinging) this.#pinging.sent = monotonic()
    this.#ping?.send(payload)
  }

  async #openPing(timeout: number): Promise<void> {
    const old = this.#ping
    this.#ping = undefined
    if (old?.status === 'open') old.abort(new ShoalError('ERR_ABORTED', 'A new ping stream takes its place.'))
    const stream = await this.#connection.newStream(pingProtocol, { signal: AbortSignal.timeout(Math.ceil(timeout)) })
    this.#ping = stream
    this.#pingOpened = monotonic()
    stream.inactivityTimeout = 2 ** 31 - 1
    stream.addEventListener('message', (event: StreamMessageEvent) => this.#echoed(event.data.subarray()))
    stream.addEventListener('close', () => {
      if (this.#ping === stream) this.#stopPing(new ShoalError('ERR_PEER_UNREACHABLE', 'The peer does not answer pings.'))
    })
  }

  #echoed(bytes: Uint8Array): void {
    const ping = this.#pinging
    if (!ping) return
    const right = bytes.every((byte) => byte === ping.payload[ping.echoed++])
    if (!right) this.#stopPing(new ShoalError('ERR_PROTOCOL', 'The peer answered a ping with something else.'))
    if (!right || ping.echoed < pingLength) return
    this.heard()
    this.rtt = monotonic() - ping.sent
    ping.settle(this.rtt)
  }

  #stopPing(error: Error): void {
    const stream = this.#ping
    this.#ping = undefined
    if (stream?.status === 'open') stream.abort(error)
    this.#pinging?.settle(error)
  }
}
