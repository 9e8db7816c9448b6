/**
 * The hub: every stream of this node, by path. It knows frames, never protocols.
 *
 * A writer never waits: `write` puts a frame into the ring of its stream and, at most once in a turn of the event loop,
 * asks for the waiting readers to be served.
 */

import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { StreamEvent, StreamInfo, Track } from '../../stream.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { abortReason, monotonic } from '../util/wait.js'
import { Budget } from './budget.js'
import { Channel, type ChannelHome } from './channel.js'
import { defaultLimits, type HubLimits } from './limits.js'
import { onAbort } from './on-abort.js'
import { normalizePath } from './path.js'
import { HubPublication, type HubPublishOptions } from './publication.js'
import { Ring } from './ring.js'
import { type HubSubscribeOptions, type HubSubscription, Reader, type ReaderInfo } from './subscription.js'
import { later } from './timer.js'

export type { Entry } from './group.js'
export type { HubLimits } from './limits.js'
export type { HubPublication, HubPublishOptions } from './publication.js'
export type { HubSubscribeOptions, HubSubscription, ReaderInfo } from './subscription.js'

/** How a hub is made. */
export interface HubOptions extends Partial<HubLimits> {
  /** This node: the origin of what is published here. */
  readonly node: PeerId
  readonly log: Logger
  /** Asked before a path is published by this node itself, not as a copy. Throws `ERR_STREAM_TAKEN` when another node publishes it, unless this is a takeover. */
  readonly claim?: (path: string, takeover: boolean) => void
  /** The node whose publication of a path counts instead of the one here, if there is one. */
  readonly contested?: (path: string) => PeerId | undefined
}

/** Sums over all streams, since the start where they are counts. */
export interface HubTotals {
  readonly publishers: number
  readonly subscribers: number
  /** Bytes kept now, with 256 for each frame beside its data. */
  readonly bufferedBytes: number
  readonly framesIn: number
  readonly bytesIn: number
  /** Frames that late readers missed. */
  readonly framesDropped: number
  /** Readers cut with `ERR_SLOW_CONSUMER`. */
  readonly readersCut: number
}

/** Reading begins or is no longer wanted, also by readers that still wait for a publisher. Called synchronously; must not throw. */
export type DemandListener = (path: string, wanted: boolean) => void

/** All streams of one node. */
export class Hub {
  readonly #options: HubLimits & Omit<HubOptions, keyof HubLimits>
  readonly #channels = new Map<string, Channel>()
  readonly #home: ChannelHome = {
    dirty: (channel) => this.#dirtied(channel),
    ended: (channel, publication, reason) => this.#ended(channel, publication, reason),
    left: (channel, reader, reason) => this.#left(channel, reader, reason),
    skipped: (channel, frames) => this.#skipped(channel, frames),
    demandChanged: (channel) => this.#demandChanged(channel),
  }
  readonly #budget: Budget
  readonly #events = new Broadcast<StreamEvent>((missed) => ({ type: 'lagged', missed, time: Date.now() }))
  readonly #demand = new Set<DemandListener>()
  /** Those who wait for a publisher: how to end their waiting. */
  readonly #waits = new Set<(error: unknown) => void>()
  readonly #skips = new Throttle(10_000)
  readonly #cuts = new Throttle(10_000)
  #publishers = 0
  #subscribers = 0
  #framesIn = 0
  #bytesIn = 0
  #framesDropped = 0
  #readersCut = 0
  #dirty: Channel[] = []
  #flush: NodeJS.Immediate | undefined
  #sweep: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: HubOptions) {
    this.#options = { ...defaultLimits, ...options }
    this.#budget = new Budget(this.#options.totalBytes)
  }

  /** As {@link Streams.publish}. Throws `ERR_PATH_INVALID`, `ERR_TRACKS_INVALID`, `ERR_STREAM_TAKEN`, `ERR_LIMIT`, `ERR_STOPPING`. `tracks` may be empty to hold the path: readers come in with the first `update`. */
  publish(path: string, tracks: readonly Track[], options: HubPublishOptions): HubPublication {
    const name = normalizePath(path)
    this.#checkOpen(options.signal)
    const present = this.#channels.get(name)?.publication
    if (present && !options.takeover) throw taken(present)
    if (!present && this.#publishers >= this.#options.maxPublishers) throw new ShoalError('ERR_LIMIT', `There are ${this.#publishers} publishers already.`)
    if ((options.origin ?? this.#options.node) === this.#options.node) this.#options.claim?.(name, options.takeover === true)
    const channel = this.#channels.get(name) ?? this.#newChannel(name)
    const { publishTimeout = this.#options.publishTimeout, idleTimeout = 0 } = options
    const publication = new HubPublication(channel, tracks, newEpoch(), { ...options, publishTimeout, idleTimeout })
    this.#channels.set(name, channel)
    present?.retire()
    if (present) this.#leave(present, 'ERR_TAKEN_OVER')
    this.#publishers++
    channel.begin(publication)
    this.#events.emit({ type: 'published', path: name, time: Date.now(), publisher: options.publisher })
    this.#options.log.info('stream published', { path: name, publisher: options.publisher, ...(options.source && { source: options.source }) })
    present?.tell(new ShoalError('ERR_TAKEN_OVER', `${options.publisher} took over ${name}.`))
    return publication
  }

  /**
   * As {@link Streams.subscribe}. Rejects with `ERR_PATH_INVALID`, `ERR_STREAM_NOT_FOUND` (also when no publisher came within
   * `wait`), `ERR_LIMIT`, `ERR_STOPPING`, or the reason of `signal`. The reader is in place before the publisher's next frame.
   */
  async subscribe(path: string, options: HubSubscribeOptions = {}): Promise<HubSubscription> {
    const name = normalizePath(path)
    this.#checkOpen(options.signal)
    const channel = this.#channels.get(name)
    this.#checkRoom(name, channel)
    if (channel?.isReady) return this.#attach(channel, options)
    const wait = options.wait ?? 0
    if (wait <= 0) throw new ShoalError('ERR_STREAM_NOT_FOUND', `There is no stream ${name}.`)
    return new Promise<HubSubscription>((resolve, reject) => {
      this.#await(name, { wait, signal: options.signal, ready: (ready) => resolve(this.#attach(ready, options)), fail: reject })
    })
  }

  /** Resolves once the path has a publisher; counts as a reader that waits, so that on-demand pulls start. Rejects with the reason of `signal`, `ERR_LIMIT`, `ERR_STOPPING`. */
  async published(path: string, signal?: AbortSignal): Promise<void> {
    const name = normalizePath(path)
    this.#checkOpen(signal)
    const channel = this.#channels.get(name)
    if (channel?.isReady) return
    this.#checkRoom(name, channel)
    await new Promise<void>((resolve, reject) => {
      this.#await(name, { wait: Number.POSITIVE_INFINITY, signal, ready: () => resolve(), fail: reject })
    })
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new ShoalError('ERR_STOPPING', 'The streams are closing.')
    if (signal?.aborted) throw abortReason(signal)
  }

  #checkRoom(path: string, channel: Channel | undefined): void {
    const { maxSubscribers, maxSubscribersPerStream } = this.#options
    if (this.#subscribers >= maxSubscribers) throw new ShoalError('ERR_LIMIT', `There are ${maxSubscribers} readers already.`)
    if (channel && channel.demand >= maxSubscribersPerStream) throw new ShoalError('ERR_LIMIT', `${path} has ${maxSubscribersPerStream} readers already.`)
  }

  #newChannel(path: string): Channel {
    const { bufferTime, bufferBytes } = this.#options
    return new Channel(path, new Ring({ time: bufferTime, bytes: bufferBytes }, this.#budget), this.#home)
  }

  #attach(channel: Channel, options: HubSubscribeOptions): Reader {
    const reader = new Reader(channel, { ...options, maxLatency: options.maxLatency ?? this.#options.maxLatency })
    this.#subscribers++
    channel.add(reader)
    if (reader.waitsForKey && (channel.publication?.framesIn ?? 0) > 0) channel.wantKey()
    this.#events.emit({ type: 'subscribed', path: channel.path, time: Date.now(), reader: reader.reader })
    this.#sweep ??= setInterval(() => this.#inspect(), 1000).unref()
    return reader
  }

  /** Waits for a publisher of `path`; the place of the reader-to-be is counted meanwhile. */
  #await(path: string, waiter: { wait: number; signal: AbortSignal | undefined; ready: (channel: Channel) => void; fail: (error: unknown) => void }): void {
    const channel = this.#channels.get(path) ?? this.#newChannel(path)
    this.#channels.set(path, channel)
    this.#subscribers++
    const { signal, wait } = waiter
    let undo = (): void => {}
    const stop = (): void => {
      this.#subscribers--
      this.#waits.delete(fail)
      undo()
      cancel()
      unlisten()
    }
    const fail = (error: unknown): void => {
      stop()
      waiter.fail(error)
    }
    const cancel = later(wait, () => fail(new ShoalError('ERR_STREAM_NOT_FOUND', `No publisher of ${path} came within ${wait} ms.`)))
    this.#waits.add(fail)
    const unlisten = onAbort(signal, () => fail(signal && abortReason(signal)))
    undo = channel.wait(() => {
      waiter.ready(channel)
      stop()
    })
  }

  /** Streams with a publisher. */
  list(): StreamInfo[] {
    return [...this.#channels.values()].flatMap((channel) => (channel.publication ? [this.#describe(channel, channel.publication)] : []))
  }

  info(path: string): StreamInfo | undefined {
    const channel = this.#channels.get(normalizePath(path))
    return channel?.publication && this.#describe(channel, channel.publication)
  }

  #describe(channel: Channel, publication: HubPublication): StreamInfo {
    const { path, publisher, hops, tracks, since, framesIn, bytesIn, bitrate, source, sourceStats } = publication
    const { subscribers, framesDropped } = channel
    const origin = publication.origin ?? this.#options.node
    const contested = hops === 0 ? this.#options.contested?.(path) : undefined
    const rest = { ...(source && { source }), ...(sourceStats && { sourceStats }), ...(contested !== undefined && { contested }) }
    return { path, publisher, origin, hops, tracks, subscribers, since, framesIn, bytesIn, framesDropped, bitrate, ...rest }
  }

  /** Readers of one path, or of all. */
  subscribers(path?: string): ReaderInfo[] {
    const only = path === undefined ? undefined : this.#channels.get(normalizePath(path))
    const channels = path === undefined ? [...this.#channels.values()] : only ? [only] : []
    return channels.flatMap((channel) => [...channel.readers].map((reader) => reader.info()))
  }

  totals(): HubTotals {
    let framesIn = this.#framesIn
    let bytesIn = this.#bytesIn
    for (const { publication } of this.#channels.values()) {
      framesIn += publication?.framesIn ?? 0
      bytesIn += publication?.bytesIn ?? 0
    }
    const subscribers = this.#subscribers - this.#waits.size
    const counts = { framesIn, bytesIn, framesDropped: this.#framesDropped, readersCut: this.#readersCut }
    return { publishers: this.#publishers, subscribers, bufferedBytes: this.#budget.total, ...counts }
  }

  /** Random 32 bits of the present publication. Throws `ERR_STREAM_NOT_FOUND`. */
  epoch(path: string): number {
    return this.#publication(path).epoch
  }

  /** Ends the present publisher; `reason` reaches it and the readers. Throws `ERR_STREAM_NOT_FOUND`. */
  stop(path: string, reason: ShoalError = new ShoalError('ERR_STREAM_STOPPED', `${path} was stopped.`)): void {
    this.#publication(path).end(reason)
  }

  #publication(path: string): HubPublication {
    const publication = this.#channels.get(normalizePath(path))?.publication
    if (!publication) throw new ShoalError('ERR_STREAM_NOT_FOUND', `There is no stream ${path}.`)
    return publication
  }

  /** Tells listeners that the node `winner` also publishes a path, and counts; undefined = no longer. */
  contest(path: string, winner: PeerId | undefined): void {
    this.#events.emit({ type: winner === undefined ? 'settled' : 'contested', path, time: Date.now(), publisher: winner ?? this.#options.node })
  }

  /** What happens from now on. A listener that falls behind gets `lagged` and goes on. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<StreamEvent> {
    return this.#events.listen(options.signal)
  }

  /** Calls `listener` when the first reader of a path comes and when the last one goes. Returns the undo. */
  onDemand(listener: DemandListener): () => void {
    this.#demand.add(listener)
    return () => this.#demand.delete(listener)
  }

  /** Does anybody read the normalised path, or wait to? */
  isWanted(path: string): boolean {
    return (this.#channels.get(path)?.demand ?? 0) > 0
  }

  /** Has the normalised path a publisher that told its tracks? */
  isReady(path: string): boolean {
    return this.#channels.get(path)?.isReady ?? false
  }

  /** Ends everything: writers and readers get `ERR_STOPPING`. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const reason = new ShoalError('ERR_STOPPING', 'The streams are closing.')
    for (const wait of [...this.#waits]) wait(reason)
    for (const channel of [...this.#channels.values()]) {
      for (const reader of [...channel.readers]) reader.finish(reason)
      channel.publication?.end(reason)
    }
    if (this.#flush) clearImmediate(this.#flush)
    this.#demand.clear()
    this.#events.close()
  }

  /** A channel has something for its readers. */
  #dirtied(channel: Channel): void {
    channel.isDirty = true
    this.#dirty.push(channel)
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined
      const channels = this.#dirty
      this.#dirty = []
      for (const one of channels) one.flush()
    })
  }

  /** A publication is over and nobody follows it. */
  #ended(channel: Channel, publication: HubPublication, reason: unknown): void {
    this.#leave(publication, reason === undefined ? undefined : codeOf(reason))
    this.#collect(channel)
  }

  #leave(publication: HubPublication, reason: string | undefined): void {
    const { path, publisher, framesIn, bytesIn } = publication
    this.#publishers--
    this.#framesIn += framesIn
    this.#bytesIn += bytesIn
    this.#events.emit({ type: 'unpublished', path, time: Date.now(), publisher, ...(reason && { reason }) })
    this.#options.log.info('stream unpublished', { path, publisher, framesIn, bytesIn, ...(reason && { reason }) })
  }

  /** A reader is gone. */
  #left(channel: Channel, reader: Reader, reason: unknown): void {
    this.#subscribers--
    const code = reason === undefined ? {} : { reason: codeOf(reason) }
    this.#events.emit({ type: 'unsubscribed', path: channel.path, time: Date.now(), reader: reader.reader, ...code })
  }

  /** A late reader missed frames. */
  #skipped(channel: Channel, frames: number): void {
    this.#framesDropped += frames
    this.#skips.run((heldBack) => this.#options.log.warn('reader is late and skipped frames', { path: channel.path, frames, heldBack }))
  }

  #demandChanged(channel: Channel): void {
    const wanted = channel.demand > 0
    if (channel.isWanted !== wanted) {
      channel.isWanted = wanted
      for (const listener of [...this.#demand]) listener(channel.path, wanted)
    }
    this.#collect(channel)
  }

  /** Forgets a channel that nobody uses. */
  #collect(channel: Channel): void {
    if (channel.isUnused && this.#channels.get(channel.path) === channel) {
      this.#channels.delete(channel.path)
      channel.ring.clear()
    }
    if (this.#subscribers > 0 || !this.#sweep) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  /** Once a second: cuts readers that make no progress, lets go of what nobody will read. */
  #inspect(): void {
    const limit = this.#options.stallTimeout
    const now = monotonic()
    for (const channel of [...this.#channels.values()]) {
      for (const reader of [...channel.readers]) if (limit > 0 && reader.isStalled(now, limit)) this.#cut(channel, reader, limit)
      channel.tidy()
    }
  }

  #cut(channel: Channel, reader: Reader, limit: number): void {
    this.#readersCut++
    reader.finish(new ShoalError('ERR_SLOW_CONSUMER', `The reader ${reader.reader} of ${channel.path} took nothing for ${limit} ms.`))
    this.#cuts.run((heldBack) => this.#options.log.warn('reader cut, it made no progress', { path: channel.path, reader: reader.reader, heldBack }))
  }
}

function taken(present: HubPublication): ShoalError {
  const since = new Date(present.since).toISOString()
  const data = { path: present.path, publisher: present.publisher, since: present.since }
  return new ShoalError('ERR_STREAM_TAKEN', `${present.path} is published by ${present.publisher} since ${since}.`, { data })
}

function newEpoch(): number {
  return randomBytes(4).readUInt32BE()
}

function codeOf(reason: unknown): string {
  return reason instanceof ShoalError ? reason.code : reason instanceof Error ? reason.message : String(reason)
}
