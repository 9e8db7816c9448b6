/**
 * The control channel: one long-lived stream each way between every two linked peers, on which everything but media travels.
 * A stream per message would cost ten times as much.
 */

import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { Broadcast } from '../util/queue.js'
import { type ChannelPorts, ControlChannel, type ControlTiming } from './control-channel.js'
import {
  type ControlContents,
  type ControlMessage,
  type ControlType,
  controlLimits,
  controlProtocol,
  type Hello,
  isPayloadKind,
  protocolVersion,
} from './control-messages.js'
import type { ControlQueueLimits } from './control-writer.js'
import { controlBucket, defaultQuotas } from './quotas.js'
import type { Strikes } from './strikes.js'
import type { LinkStream, ProtocolOptions, Swarm } from './swarm.js'

/** How a {@link Control} is made. */
export interface ControlOptions {
  readonly swarm: Swarm
  readonly log: Logger
  readonly hello: Hello
  readonly strikes: Strikes
  readonly timing?: Partial<ControlTiming>
  /** How much may wait for one peer. Default 4,096 messages and 16 MiB. */
  readonly queue?: ControlQueueLimits
}

/** A channel became usable, its peer said a new Hello, or it stopped being usable. */
export type ControlEvent =
  | { readonly type: 'ready' | 'updated' | 'gone'; readonly peer: PeerId }
  /** The listener was too slow; look at {@link Control.peers}. */
  | { readonly type: 'lagged'; readonly missed: number }

/** A linked peer as the control channel sees it. */
export interface ControlPeer {
  readonly peer: PeerId
  readonly ready: boolean
  readonly hello?: Hello
  /** Why it is not ready: `ERR_VERSION_MISMATCH`, `ERR_PROTOCOL`, `ERR_TIMEOUT` … */
  readonly problem?: ShoalError
  /** What waits to be sent. */
  readonly queued: { readonly items: number; readonly bytes: number }
  /** Times its messages were held back because there were too many. */
  readonly throttled: number
}

/** Handles one type of message. `hello` is that of the stream the message came on. */
export type ControlHandler<K extends ControlType> = (peer: PeerId, value: ControlContents[K], hello: Hello) => void

const defaultTiming: ControlTiming = {
  keepAlive: 30_000,
  silence: 90_000,
  hello: 10_000,
  reopen: { min: 100, max: 10_000 },
  turn: 1500,
  mismatch: 60_000,
  rate: controlBucket(defaultQuotas.controlRate),
}

const defaultQueue: ControlQueueLimits = { items: 4096, bytes: 16 * 1024 * 1024 }

/** A Hello of this software with a new instance; checked. */
export function createHello(parts: Pick<Hello, 'name' | 'agent' | 'kinds' | 'maxPayload'> & Partial<Pick<Hello, 'features'>>): Hello {
  const instance = randomBytes(controlLimits.instance).toString('hex')
  return checked({ version: protocolVersion.highest, minVersion: protocolVersion.lowest, features: [], ...parts, instance })
}

/** Messages between this node and its linked peers. */
export class Control {
  #hello: Hello
  #undo: (() => void) | undefined
  #watching: Promise<void> | undefined
  readonly #swarm: Swarm
  readonly #log: Logger
  readonly #strikes: Strikes
  readonly #controller = new AbortController()
  readonly #channels = new Map<PeerId, ControlChannel>()
  readonly #closing = new Set<Promise<void>>()
  readonly #handlers = new Map<ControlType, Set<ControlHandler<never>>>()
  readonly #watchers = new Set<(event: ControlEvent) => void>()
  readonly #events = new Broadcast<ControlEvent>((missed) => ({ type: 'lagged', missed }))
  readonly #ports: ChannelPorts

  constructor(options: ControlOptions) {
    this.#swarm = options.swarm
    this.#log = options.log
    this.#strikes = options.strikes
    this.#hello = checked(options.hello)
    this.#ports = this.#makePorts(options)
  }

  /** This run of the daemon, as peers know it. */
  get instance(): string {
    return this.#hello.instance
  }

  /** Serves the protocol and opens a channel to every linked peer. */
  start(): void {
    this.#undo = this.#swarm.handle(controlProtocol, this.#ports.protocol, (stream) => this.#accept(stream))
    const events = this.#swarm.events(this.#controller.signal)
    for (const link of this.#swarm.links()) this.#channel(link.peer)
    this.#watching = this.#watch(events)
  }

  /** The peer's Hello while its channel is ready. */
  hello(peer: PeerId): Hello | undefined {
    return this.#channels.get(peer)?.hello
  }

  /** Is there a link on which a channel is being opened, or is one? */
  opening(peer: PeerId): boolean {
    return this.#channels.has(peer) && !this.#strikes.refused(peer)
  }

  /** Every linked peer. */
  peers(): readonly ControlPeer[] {
    return [...this.#channels.values()].map((channel) => describe(channel))
  }

  /** Changes what peers are told of this node, and tells them. The instance stays. Throws `ERR_KIND_INVALID`, `ERR_LIMIT`. */
  setHello(parts: Partial<Omit<Hello, 'instance' | 'version' | 'minVersion'>>): void {
    this.#hello = checked({ ...this.#hello, ...parts })
    for (const channel of this.#channels.values()) channel.announce()
  }

  /**
   * Queues a message. False = the queue is more than half full: wait for {@link drained}. Throws `ERR_PEER_UNREACHABLE` when the
   * channel is not ready, `ERR_OVERLOADED` when the queue is full. What is queued when the channel breaks is lost.
   */
  send(peer: PeerId, message: ControlMessage): boolean {
    const channel = this.#channels.get(peer)
    if (!channel) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no link to ${peer}.`)
    return channel.send(message)
  }

  /** Resolves when the queue is less than half full. Rejects with `ERR_PEER_UNREACHABLE` when the channel breaks. */
  async drained(peer: PeerId, signal?: AbortSignal): Promise<void> {
    const channel = this.#channels.get(peer)
    if (!channel) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no link to ${peer}.`)
    await channel.drained(signal)
  }

  /** Calls `handler` for every message of a type. It must not throw; a throw is logged. Returns the undo. */
  on<K extends Exclude<ControlType, 'hello' | 'keepAlive'>>(type: K, handler: ControlHandler<K>): () => void {
    const handlers = this.#handlers.get(type) ?? new Set()
    this.#handlers.set(type, handlers)
    handlers.add(handler as ControlHandler<never>)
    return () => handlers.delete(handler as ControlHandler<never>)
  }

  /** Calls `watcher` in the same turn in which a channel changes: none is missed. Returns the undo. */
  watch(watcher: (event: ControlEvent) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** The same as events. */
  events(signal?: AbortSignal): AsyncIterableIterator<ControlEvent> {
    return this.#events.listen(signal)
  }

  /** Ends all channels. */
  async close(): Promise<void> {
    this.#undo?.()
    const reason = new ShoalError('ERR_STOPPING', 'The control channel closes.')
    this.#controller.abort(reason)
    for (const channel of this.#channels.values()) this.#end(channel, reason)
    await Promise.all([...this.#closing, this.#watching])
    this.#events.close()
  }

  #makePorts(options: ControlOptions): ChannelPorts {
    const largest = Math.max(controlLimits.frame, this.#hello.maxPayload)
    // two: one may be on its way out while its successor opens
    const protocol: ProtocolOptions = { maxFrame: largest + controlLimits.overhead, maxInbound: 2 }
    return {
      swarm: this.#swarm,
      log: this.#log,
      timing: { ...defaultTiming, ...options.timing },
      queue: options.queue ?? defaultQueue,
      protocol,
      ownHello: () => this.#hello,
      received: (peer, message, hello) => this.#dispatch(peer, message, hello),
      changed: (peer, type) => this.#emit({ type, peer }),
      violated: (peer, error) => this.#strikes.add(peer, error),
      refusedFor: (peer) => this.#strikes.remaining(peer),
    }
  }

  async #watch(events: AsyncIterable<{ readonly type: 'up' | 'down' | 'moved'; readonly peer: PeerId; readonly reason?: string }>): Promise<void> {
    for await (const { type, peer, reason } of events) {
      const channel = this.#channels.get(peer)
      if (type === 'up') this.#channel(peer)
      else if (type === 'down' && channel)
        this.#end(channel, new ShoalError('ERR_PEER_UNREACHABLE', `The link to ${peer} went down${reason ? `: ${reason}` : '.'}`))
    }
  }

  async #accept(stream: LinkStream): Promise<void> {
    if (this.#strikes.refused(stream.peer) || this.#controller.signal.aborted) {
      stream.abort(new ShoalError('ERR_FORBIDDEN', 'The peer is refused for a while because it broke the protocol.'))
      return
    }
    await this.#channel(stream.peer).accept(stream)
  }

  #channel(peer: PeerId): ControlChannel {
    const present = this.#channels.get(peer)
    if (present) return present
    const channel = new ControlChannel(peer, this.#ports)
    this.#channels.set(peer, channel)
    return channel
  }

  #end(channel: ControlChannel, reason: Error): void {
    if (this.#channels.get(channel.peer) === channel) this.#channels.delete(channel.peer)
    const closing = channel.close(reason).finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #dispatch(peer: PeerId, { type, value }: ControlMessage, hello: Hello): void {
    for (const handler of this.#handlers.get(type) ?? []) {
      try {
        handler(peer, value as never, hello)
      } catch (error) {
        this.#log.error('a handler of control messages failed', { peer, type, err: error })
      }
    }
  }

  #emit(event: ControlEvent): void {
    this.#events.emit(event)
    for (const watcher of this.#watchers) {
      try {
        watcher(event)
      } catch (error) {
        this.#log.error('a watcher of the control channel failed', { err: error })
      }
    }
  }
}

function describe(channel: ControlChannel): ControlPeer {
  const { peer, ready, hello, problem, queued, throttled } = channel
  return { peer, ready, queued, throttled, ...(hello && { hello }), ...(!ready && problem && { problem }) }
}

/** Refuses a Hello that peers would refuse. */
function checked(hello: Hello): Hello {
  const wrong = hello.kinds.find((kind) => !isPayloadKind(kind))
  if (wrong !== undefined) throw new ShoalError('ERR_KIND_INVALID', `Not a payload kind: ${JSON.stringify(wrong)}`)
  if (hello.kinds.length > controlLimits.kinds)
    throw new ShoalError('ERR_LIMIT', `This node claims ${hello.kinds.length} payload kinds; ${controlLimits.kinds} are allowed.`)
  if (hello.maxPayload < 1 || hello.maxPayload > controlLimits.maxPayload)
    throw new ShoalError('ERR_LIMIT', `A payload limit of ${hello.maxPayload} bytes is out of range.`)
  return hello
}
