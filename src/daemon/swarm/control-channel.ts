/** The control channel to one linked peer: the stream we opened, on which we write, and the one it opened, on which we read. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { TokenBucket } from '../util/rate.js'
import { Backoff, delay, monotonic, within } from '../util/wait.js'
import { decodeControl } from './control-codec.js'
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

  /** Reads a stream that the peer opened until it ends. The newest one counts: an older one is ended. */
  async accept(stream: LinkStream): Promise<void> {
    const inbound: Inbound = { stream, hello: undefined, lastHeard: monotonic() }
    const before = this.#inbound
    this.#inbound = inbound
    this.#update()
    before?.stream.abort(new ShoalError('ERR_ABORTED', 'The peer opened a newer control stream.'))
    try {
      await this.#read(inbound)
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

  async #read(inbound: Inbound): Promise<void> {
    const { timing } = this.#ports
    const frames = inbound.stream.frames[Symbol.asyncIterator]()
    const first = await within(frames.next(), timing.hello, 'ERR_TIMEOUT', 'The peer sent no Hello.')
    if (first.done) return
    inbound.hello = this.#checkHello(decodeControl(first.value), undefined)
    this.problem = undefined
    this.#update()
    for (;;) {
      const next = await frames.next()
      if (next.done || this.#inbound !== inbound) return
      inbound.lastHeard = monotonic()
      const message = decodeControl(next.value)
      // one of a later version means nothing here, and costs time like any other
      if (message) await this.#take(inbound, message)
      else await this.#throttle()
    }
  }

  async #take(inbound: Inbound, message: ControlMessage): Promise<void> {
    await this.#throttle(message)
    const hello = inbound.hello as Hello
    if (message.type === 'hello') {
      inbound.hello = this.#checkHello(message, hello)
      if (this.#ready) this.#ports.changed(this.peer, 'updated')
    } else if (message.type !== 'keepAlive') {
      this.#ports.received(this.peer, message, hello)
    }
  }

  /** Payloads are limited by the queues behind them and receipts by our own payloads; the rest waits for tokens, and the peer with it. */
  async #throttle(message?: ControlMessage): Promise<void> {
    if (message?.type === 'payload') return
    if (message?.type === 'receipt' && this.#owed > 0) {
      this.#owed--
      return
    }
    if (this.#bucket.take()) return
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
    const current = this.#inbound === inbound
    inbound.stream.abort(error)
    if (isShoalError(error, 'ERR_PROTOCOL')) this.#ports.violated(this.peer, error)
    if (!current || this.#controller.signal.aborted) return
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
      try {
        await delay(this.#ports.refusedFor(this.peer), signal)
        await this.#write(signal)
      } catch (error) {
        if (signal.aborted) return
        log.debug('control stream to peer ended', { peer: this.peer, err: error })
        if (!this.#inbound) this.#blame(ShoalError.from(error, 'ERR_PEER_UNREACHABLE'))
      }
      if (monotonic() - started > timing.reopen.max) backoff.reset()
      const mismatch = isShoalError(this.problem, 'ERR_VERSION_MISMATCH')
      await delay(mismatch ? timing.mismatch : backoff.next(), signal).catch(() => {})
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const stream = await this.#ports.swarm.open(this.peer, controlProtocol, { ...this.#ports.protocol, signal })
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
