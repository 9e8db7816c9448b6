/** The control channel to one linked peer: the stream we opened, on which we write, and the one it opened, on which we read. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { TokenBucket } from '../util/rate.js'
import { abortable, Backoff, delay, monotonic, within } from '../util/wait.js'
import { decodeControl } from './control-codec.js'
import { HotDecoder } from './control-hot-codec.js'
import { type ControlMessage, controlProtocol, type Hello } from './control-messages.js'
import { type ControlQueueLimits, ControlWriter } from './control-writer.js'
import type { LinkStream, ProtocolOptions, Swarm } from './swarm.js'

/** Times of a control channel, in ms, and its limits. */
export interface ControlTiming {
  /** A message at least so often. Default 30,000. */
  readonly keepAlive: number
  /** A peer silent for so long is given up. Default 90,000. */
  readonly silence: number
  /** Hello must come within. Default 10,000. */
  readonly hello: number
  /** Pause before a stream that broke is opened again. Default 100 to 10,000. */
  readonly reopen: { readonly min: number; readonly max: number }
  /** A run of the peer that replaced another one is heard at least so long. Default 1500. */
  readonly turn: number
  /** Pause before a peer of another version is tried again. Default 60,000. */
  readonly mismatch: number
  /** Bookkeeping messages a second from one peer. Default 200, at once 400. */
  readonly rate: { readonly rate: number; readonly burst: number }
}

/** What a channel needs of its owner. */
export interface ChannelPorts {
  readonly swarm: Swarm
  readonly log: Logger
  readonly timing: ControlTiming
  readonly queue: ControlQueueLimits
  readonly protocol: ProtocolOptions
  /** Our own Hello, as it is now. */
  ownHello(): Hello
  /** A message other than Hello and KeepAlive, with the Hello of the stream it came on. */
  received(peer: PeerId, message: ControlMessage, hello: Hello): void
  /** Ready: both Hellos passed. */
  changed(peer: PeerId, change: 'ready' | 'updated' | 'gone'): void
  /** The peer broke the protocol. */
  violated(peer: PeerId, error: ShoalError): void
  /** ms until the peer may talk to us again; 0 = it may. */
  refusedFor(peer: PeerId): number
}

interface Inbound {
  readonly stream: LinkStream
  hello: Hello | undefined
  lastHeard: number
}

/** Both directions towards one peer. Lives as long as the link does. */
export class ControlChannel {
  readonly peer: PeerId
  /** Why the channel is not ready, when it failed. */
  problem: ShoalError | undefined
  /** Times reading was paused because the peer sent too many messages. */
  throttled = 0
  #ready = false
  #inbound: Inbound | undefined
  #writer: ControlWriter | undefined
  #outbound: LinkStream | undefined
  /** The run of the peer that is heard, since when, and the one it replaced. */
  #run: { readonly instance: string; readonly before: string | undefined; readonly since: number } | undefined
  /** Where another run of the peer was heard: our next stream goes to that run. */
  #beside: LinkStream | undefined
  /** Receipts the peer owes us: these cost no tokens. */
  #owed = 0
  readonly #ports: ChannelPorts
  readonly #bucket: TokenBucket
  readonly #controller = new AbortController()
  readonly #running: Promise<void>
  readonly #heartbeat: NodeJS.Timeout

  constructor(peer: PeerId, ports: ChannelPorts) {
    this.peer = peer
    this.#ports = ports
    this.#bucket = new TokenBucket(ports.timing.rate)
    const { keepAlive, silence } = ports.timing
    this.#heartbeat = setInterval(() => this.#beat(), Math.max(1, Math.min(keepAlive, silence) / 3))
    this.#heartbeat.unref()
    this.#running = this.#keepOpen()
  }

  /** The peer's Hello, while the channel is ready. */
  get hello(): Hello | undefined {
    return this.#ready ? this.#inbound?.hello : undefined
  }

  get ready(): boolean {
    return this.#ready
  }

  get queued(): { readonly items: number; readonly bytes: number } {
    return this.#writer?.queued ?? { items: 0, bytes: 0 }
  }

  /** See Control.send. */
  send(message: ControlMessage): boolean {
    if (!this.#ready || !this.#writer) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no control channel to ${this.peer}.`)
    const room = this.#writer.send(message)
    if (message.type === 'payload') this.#owed++
    return room
  }

  /** See Control.drained. */
  async drained(signal?: AbortSignal): Promise<void> {
    if (!this.#writer) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no control channel to ${this.peer}.`)
    await this.#writer.drained(signal)
  }

  /** Sends our Hello again after it changed. */
  announce(): void {
    try {
      this.#writer?.send({ type: 'hello', value: this.#ports.ownHello() })
    } catch (error) {
      // a peer that is too slow even for this learns it from the stream that comes next
      this.#outbound?.abort(ShoalError.from(error, 'ERR_OVERLOADED'))
    }
  }

  /** Reads a stream that the peer opened until it ends. The newest one that said Hello counts: an older one is ended. */
  async accept(stream: LinkStream): Promise<void> {
    const inbound: Inbound = { stream, hello: undefined, lastHeard: monotonic() }
    try {
      const frames = stream.frames[Symbol.asyncIterator]()
      if (await this.#welcome(inbound, frames)) await this.#read(inbound, frames)
      stream.abort(new ShoalError('ERR_PEER_UNREACHABLE', 'The peer closed its control stream.'))
    } catch (error) {
      this.#broke(inbound, ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
    } finally {
      if (this.#inbound === inbound) this.#inbound = undefined
      this.#update()
    }
  }

  /** Ends both streams at once. */
  async close(reason: Error): Promise<void> {
    clearInterval(this.#heartbeat)
    this.#controller.abort(reason)
    this.#inbound?.stream.abort(reason)
    this.#outbound?.abort(reason)
    this.#inbound = undefined
    this.#update()
    await this.#running
  }

  /** The first message; false = the stream ended before it. Throws when the stream is not taken. */
  async #welcome(inbound: Inbound, frames: AsyncIterator<Uint8Array>): Promise<boolean> {
    const { signal } = this.#controller
    const first = await within(abortable(frames.next(), signal), this.#ports.timing.hello, 'ERR_TIMEOUT', 'The peer sent no Hello.')
    if (first.done || signal.aborted) return false
    const hello = this.#checkHello(decodeControl(first.value), undefined)
    this.#follow(hello.instance, inbound.stream)
    inbound.hello = hello
    const before = this.#inbound
    this.#inbound = inbound
    this.problem = undefined
    before?.stream.abort(new ShoalError('ERR_ABORTED', 'The peer opened a newer control stream.'))
    this.#update()
    return true
  }

  async #read(inbound: Inbound, frames: AsyncIterator<Uint8Array>): Promise<void> {
    const hot = new HotDecoder()
    for (;;) {
      const next = await frames.next()
      if (next.done || this.#inbound !== inbound) return
      inbound.lastHeard = monotonic()
      const message = hot.decode(next.value) ?? decodeControl(next.value)
      // one of a later version means nothing here, and costs time like any other
      if (!this.#passes(message)) await this.#throttle()
      if (message) this.#take(inbound, message)
    }
  }

  /**
   * Another run of the peer speaks: after a restart, or because its home was copied. It is answered on the connection by which it came,
   * for the other connection leads to the run before it. Two that are both alive take turns, each long enough to hear of the other.
   */
  #follow(instance: string, stream: LinkStream): void {
    const now = monotonic()
    const run = this.#run
    if (run?.before === instance && now - run.since < this.#ports.timing.turn) {
      throw new ShoalError('ERR_PEER_UNREACHABLE', 'Another run of the peer is being heard.')
    }
    if (run?.instance === instance) return
    this.#run = { instance, before: run?.instance, since: now }
    if (run === undefined) return
    this.#beside = stream
    this.#outbound?.abort(new ShoalError('ERR_PEER_UNREACHABLE', 'Another run of the peer has come.'))
  }

  #take(inbound: Inbound, message: ControlMessage): void {
    const hello = inbound.hello as Hello
    if (message.type === 'hello') {
      inbound.hello = this.#checkHello(message, hello)
      if (this.#ready) this.#ports.changed(this.peer, 'updated')
    } else if (message.type !== 'keepAlive') {
      this.#ports.received(this.peer, message, hello)
    }
  }

  /** May it be taken at once? Payloads are limited by the queues behind them and receipts by our own payloads; the rest waits for tokens, and the peer with it. */
  #passes(message: ControlMessage | undefined): boolean {
    if (message?.type === 'payload') return true
    if (message?.type === 'receipt' && this.#owed > 0) {
      this.#owed--
      return true
    }
    return this.#bucket.take()
  }

  async #throttle(): Promise<void> {
    this.throttled++
    while (!this.#bucket.take()) await delay(5, this.#controller.signal)
  }

  #checkHello(message: ControlMessage | undefined, before: Hello | undefined): Hello {
    if (message?.type !== 'hello') throw new ShoalError('ERR_PROTOCOL', 'The first message of a control stream is not Hello.')
    const hello = message.value
    const own = this.#ports.ownHello()
    if (hello.minVersion > own.version || hello.version < own.minVersion) {
      const message = `${hello.name} (${hello.agent}) speaks protocol ${hello.minVersion} to ${hello.version}, this node ${own.minVersion} to ${own.version}.`
      throw new ShoalError('ERR_VERSION_MISMATCH', message)
    }
    if (before && before.instance !== hello.instance) throw new ShoalError('ERR_PROTOCOL', 'A peer changed its instance within one stream.')
    return hello
  }

  /** A stream from the peer ended with an error: it is reset, and judged. */
  #broke(inbound: Inbound, error: ShoalError): void {
    const replaced = this.#inbound !== undefined && this.#inbound !== inbound
    inbound.stream.abort(error)
    if (isShoalError(error, 'ERR_PROTOCOL')) this.#ports.violated(this.peer, error)
    if (replaced || this.#controller.signal.aborted) return
    this.#blame(error)
    this.#ports.log.debug('control stream from peer ended', { peer: this.peer, err: error })
  }

  /** Keeps the error that explains most: a peer of another version resets our streams, which says less. */
  #blame(error: ShoalError): void {
    if (!isShoalError(this.problem, 'ERR_VERSION_MISMATCH')) this.problem = error
  }

  /** Opens our stream, and opens it again whenever it breaks. */
  async #keepOpen(): Promise<void> {
    const { timing, log } = this.#ports
    const { signal } = this.#controller
    const backoff = new Backoff(timing.reopen)
    while (!signal.aborted) {
      const started = monotonic()
      const beside = this.#beside
      try {
        await delay(this.#ports.refusedFor(this.peer), signal)
        await this.#write(signal)
      } catch (error) {
        if (signal.aborted) return
        log.debug('control stream to peer ended', { peer: this.peer, err: error })
        if (!this.#inbound) this.#blame(ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
      }
      // another run has come: it is spoken to at once
      if (this.#beside !== beside) continue
      if (monotonic() - started > timing.reopen.max) backoff.reset()
      const mismatch = isShoalError(this.problem, 'ERR_VERSION_MISMATCH')
      await delay(mismatch ? timing.mismatch : backoff.next(), signal).catch(() => {})
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const beside = this.#beside
    const stream = await this.#ports.swarm.open(this.peer, controlProtocol, { ...this.#ports.protocol, signal, ...(beside && { beside }) })
    if (this.#beside !== beside) return stream.abort(new ShoalError('ERR_PEER_UNREACHABLE', 'Another run of the peer has come.'))
    const writer = new ControlWriter(stream, this.#ports.queue)
    this.#outbound = stream
    this.#writer = writer
    if (signal.aborted) stream.abort(signal.reason)
    try {
      if (!stream.signal.aborted) writer.send({ type: 'hello', value: this.#ports.ownHello() })
      const running = writer.run()
      this.#update()
      await running
    } finally {
      this.#outbound = undefined
      this.#writer = undefined
      this.#owed = 0
      stream.abort(new ShoalError('ERR_ABORTED', 'The control channel ends.'))
      this.#update()
    }
  }

  #beat(): void {
    const now = monotonic()
    const { keepAlive, silence } = this.#ports.timing
    const inbound = this.#inbound
    if (inbound?.hello && now - inbound.lastHeard > silence) {
      inbound.stream.abort(new ShoalError('ERR_TIMEOUT', `The peer was silent for ${Math.round((now - inbound.lastHeard) / 1000)} s.`))
    }
    const writer = this.#writer
    if (!writer || now - writer.lastSent < (keepAlive * 2) / 3) return
    // what waits in the queue is a sign of life as good as any; and a stream that has just ended takes nothing
    if (writer.queued.items === 0 && !this.#outbound?.signal.aborted) writer.send({ type: 'keepAlive', value: null })
  }

  #update(): void {
    const ready = this.#inbound?.hello !== undefined && this.#writer !== undefined && !this.#controller.signal.aborted
    if (ready === this.#ready) return
    this.#ready = ready
    this.#ports.changed(this.peer, ready ? 'ready' : 'gone')
  }
}
