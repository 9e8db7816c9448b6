/** One stream on its way to one peer. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { Frame, Track } from '../../stream.js'
import type { LinkStream } from '../swarm/swarm.js'
import { Throttle, TokenBucket } from '../util/rate.js'
import { delay, monotonic, within } from '../util/wait.js'
import type { Pulled } from './fan-out.js'
import { isSendable, maxRecords, RecordBatch } from './frame-header.js'
import type { OpenSession, RemoteSession } from './remote-sessions.js'
import { hopsVia, type Route, type Routes, samePublication } from './routes.js'
import type { Seals } from './seal.js'
import { SendBudget } from './send-budget.js'
import { decodeStreamMessage, encodeEnd, encodeRoute, encodeStreamMessage, encodeTrack, type PublicationId } from './stream-messages.js'

/** A frame with its place, as the hub hands it out. */
export interface SourceEntry {
  readonly frame: Frame
  readonly group: number
  /** Place at the origin. */
  readonly originGroup: number
  readonly originIndex: number
  /** Monotonic ms. */
  readonly arrived: number
  readonly tracks: { readonly digest: Uint8Array }
  /** Kept with the frame: it is made once, whoever reads it. */
  seal: Uint8Array | undefined
}

/** What serving needs of a subscription of the hub. */
export interface SourceSubscription {
  readonly path: string
  readonly tracks: readonly Track[]
  /** Rises when the tracks or the publication change. */
  readonly generation: number
  /** Frames skipped so far. */
  readonly dropped: number
  /** Of the publication that the last batch came from. */
  readonly epoch: number
  /** Nothing is missing after the position that was asked for. */
  readonly resumed: boolean
  /** Aborted when the subscription is over. */
  readonly signal: AbortSignal
  /** Asks the publisher for a key frame. */
  wantKey(): void
  entries(): AsyncIterable<readonly SourceEntry[]>
  close(): void
}

/** How a stream is served. */
export interface ServedOptions {
  readonly log: Logger
  readonly self: PeerId
  readonly publication: PublicationId
  /** Origin first, this node last. */
  readonly hops: readonly PeerId[]
  /** Seals frames that have none; absent for copies, which keep those of their origin. */
  readonly seals: Seals | undefined
  /** The frames have seals, or get them. */
  readonly sealed: boolean
  readonly routes: Routes
  /** ms the puller may be behind. */
  readonly maxLatency: number
  /** ms without a record after which a keep-alive is sent. */
  readonly keepAlive: number
}

/** Bytes from which a batch goes out at once; a smaller one waits for the end of this turn of the loop. */
const fullBatch = 48 * 1024

/** Bytes on their way at most, beside one frame. */
const maxInFlight = 4 * 1024 * 1024

/** ms between two reports of a puller that is well. */
const usualReport = 1500

/** ms without a report after which the puller is given up. */
const silence = 15_000

/** ms to send off what is queued when the stream ends. */
const flushTime = 1000

/**
 * Takes from the subscription only while the puller keeps up: while its reports say that too much is on its way, by bytes
 * or by age, nothing is taken, and the hub skips whole groups of what is too old by then.
 */
export class ServedStream implements OpenSession {
  readonly #stream: LinkStream
  readonly #subscription: SourceSubscription
  readonly #options: ServedOptions
  readonly #budget: SendBudget
  readonly #epoch: number
  readonly #controller = new AbortController()
  readonly #reports = new TokenBucket({ rate: 2000, burst: 4000 })
  readonly #unsendable = new Throttle(10_000)
  #batch = new RecordBatch()
  #flush: NodeJS.Immediate | undefined
  #blocked = false
  /** Why it was ended from here. */
  #ending: ShoalError | undefined
  #tracks: readonly Track[]
  #generation: number
  #subscriptionDropped: number
  /** Skipped here, beside those that the hub skipped. */
  #dropped = 0
  /** Skipped since the last frame, and not yet told. */
  #gap = 0
  /** Group of which a frame could not be sent: the rest of it cannot either. */
  #brokenGroup: number | undefined
  #lastSent = monotonic()
  #lastReport = monotonic()
  /** Peers that may still pull the stream from the puller. */
  #room = 0

  constructor(stream: LinkStream, subscription: SourceSubscription, options: ServedOptions) {
    this.#stream = stream
    this.#subscription = subscription
    this.#options = options
    this.#epoch = subscription.epoch
    this.#tracks = subscription.tracks
    this.#generation = subscription.generation
    this.#subscriptionDropped = subscription.dropped
    // half of it on the way, half of it in the hub's ring
    this.#budget = new SendBudget({ bytes: maxInFlight, age: Math.max(250, options.maxLatency / 2) })
  }

  describe(): RemoteSession {
    const { sent: bytes, inFlight, age } = this.#budget
    const { path, dropped } = this.#subscription
    return { direction: 'served', peer: this.#stream.peer, path, bytes, inFlight, age: Math.round(age), dropped: dropped + this.#dropped }
  }

  /** How the puller does, for others that look for a copy. A puller that does not report is later and later. */
  health(): Omit<Pulled, 'copy'> {
    const silent = Math.max(0, monotonic() - this.#lastReport - usualReport)
    return { peer: this.#stream.peer, room: this.#room, lag: this.#budget.age + silent }
  }

  abort(reason: Error): void {
    this.#controller.abort(reason)
    this.#subscription.close()
    this.#stream.abort(reason)
  }

  /** Serves until the stream or the puller ends. Rejects when the puller broke the protocol, or its stream broke. */
  async run(frames: AsyncIterator<Uint8Array>): Promise<void> {
    const undo = this.#watch()
    const unlisten = this.#options.routes.onChange(this.#subscription.path, (route) => this.#reroute(route))
    const timer = setInterval(() => this.#beat(), this.#options.keepAlive / 2)
    try {
      this.#stream.signal.throwIfAborted()
      this.#accept()
      // a broken upstream ends the downstream: abort() makes the other one return
      const upstream = this.#readReports(frames).catch((error) => {
        this.abort(ShoalError.from(error))
        throw error
      })
      await Promise.all([upstream, this.#serve()])
    } finally {
      clearInterval(timer)
      clearImmediate(this.#flush)
      this.#subscription.close()
      unlisten()
      undo()
    }
  }

  #accept(): void {
    const { publication, sealed, routes, self } = this.#options
    const route = routes.get(this.#subscription.path)?.route
    const hops = (route && samePublication(route.publication, publication) && hopsVia(route, self)) || this.#options.hops
    const origin = { originEpoch: publication.epoch, originPath: publication.path, hops, sealed }
    const { resumed } = this.#subscription
    this.#stream.send(encodeStreamMessage({ type: 'accept', value: { epoch: this.#epoch, tracks: this.#tracks, ...origin, resumed, keyRequests: true } }))
  }

  /** The copy comes another way now: the puller must know, or it might become a part of it. */
  #reroute(route: Route): void {
    const { publication, self } = this.#options
    // another publication ends this stream by itself
    if (!samePublication(route.publication, publication)) return
    const hops = hopsVia(route, self)
    if (hops) {
      this.#batch.add({ type: 'route', body: encodeRoute(hops) })
      this.#flushBatch()
    } else this.abort(new ShoalError('ERR_LIMIT', 'The stream passes too many nodes by now.'))
  }

  /** Waiting for room ends with the stream, and when the hub cuts the subscription; when that just ends, the rest is still sent. */
  #watch(): () => void {
    const { signal } = this.#subscription
    const over = (): void => this.#controller.abort(this.#stream.signal.reason)
    const cut = (): void => {
      if (!isShoalError(signal.reason, 'ERR_ABORTED')) this.#controller.abort(signal.reason)
    }
    this.#stream.signal.addEventListener('abort', over, { once: true })
    signal.addEventListener('abort', cut, { once: true })
    return () => {
      this.#stream.signal.removeEventListener('abort', over)
      signal.removeEventListener('abort', cut)
    }
  }

  /** Sends what the subscription gives, then how it ended. */
  async #serve(): Promise<void> {
    let end: ShoalError | undefined
    try {
      for await (const entries of this.#subscription.entries()) {
        if (this.#subscription.epoch !== this.#epoch) {
          end = new ShoalError('ERR_TAKEN_OVER', 'Another publication follows.')
          break
        }
        this.#announce()
        await this.#send(entries)
      }
    } catch (error) {
      end = ShoalError.from(error)
    }
    this.#stream.signal.throwIfAborted()
    await this.#finish(this.#ending ?? end)
  }

  /** Ends the stream; the puller is told why. */
  end(reason: ShoalError): void {
    this.#ending ??= reason
    this.#controller.abort(reason)
    this.#subscription.close()
  }

  /** What changed before the frames that come now. */
  #announce(): void {
    const { generation, tracks, dropped } = this.#subscription
    this.#gap += dropped - this.#subscriptionDropped
    this.#subscriptionDropped = dropped
    if (generation === this.#generation) return
    for (const track of tracks) if (!this.#tracks.includes(track)) this.#batch.add({ type: 'track', body: encodeTrack(track) })
    this.#tracks = tracks
    this.#generation = generation
  }

  async #send(entries: readonly SourceEntry[]): Promise<void> {
    for (let at = 0; at < entries.length; at++) {
      if (this.#blocked || !this.#budget.hasRoom(this.#batch.size)) {
        await this.#waitForRoom()
        at = this.#skipOld(entries, at)
      }
      this.#add(entries[at] as SourceEntry)
    }
    // what follows in this turn of the loop goes along; it is never later than the next one
    if (this.#batch.count > 0) this.#flush ??= setImmediate(() => this.#flushBatch())
  }

  #add(entry: SourceEntry): void {
    const { frame, group, originGroup, originIndex: index } = entry
    if (group === this.#brokenGroup || !isSendable(frame)) {
      this.#skipGroup(group)
      return
    }
    const record = { type: 'frame' as const, group: originGroup, index, frame }
    if (this.#options.seals) entry.seal ??= this.#options.seals.seal(record, entry.tracks.digest)
    if (this.#batch.size + frame.data.byteLength > fullBatch || this.#batch.count > maxRecords - 2) this.#flushBatch()
    if (this.#gap > 0) this.#batch.add({ type: 'gap', frames: this.#gap })
    this.#gap = 0
    this.#batch.add({ ...record, seal: entry.seal })
    if (this.#batch.size >= fullBatch) this.#flushBatch()
  }

  /** A frame cannot be sent: neither can the rest of its group. */
  #skipGroup(group: number): void {
    this.#drop(1)
    if (group === this.#brokenGroup) return
    this.#brokenGroup = group
    const { path } = this.#subscription
    this.#unsendable.run((heldBack) => this.#options.log.warn('a frame cannot be sent to peers; the rest of its group is skipped', { path, group, heldBack }))
  }

  #drop(frames: number): void {
    this.#dropped += frames
    this.#gap += frames
  }

  async #waitForRoom(): Promise<void> {
    this.#flushBatch()
    const { signal } = this.#controller
    if (this.#blocked) await this.#stream.drained(signal)
    this.#blocked = false
    await this.#budget.room(signal)
  }

  /** Where to go on in a batch that waited for room: at its newest group, if it has one and the next frame is too old by now. */
  #skipOld(entries: readonly SourceEntry[], at: number): number {
    const next = entries[at] as SourceEntry
    const newest = entries.at(-1) as SourceEntry
    if (next.group === newest.group || monotonic() - next.arrived <= this.#options.maxLatency) return at
    const start = entries.findIndex(({ group }) => group === newest.group)
    if (start <= at) return at
    this.#drop(start - at)
    return start
  }

  #flushBatch(): void {
    clearImmediate(this.#flush)
    this.#flush = undefined
    const { size } = this.#batch
    if (size === 0 || this.#stream.signal.aborted) return
    try {
      this.#blocked = !this.#stream.send(...this.#batch.take())
      this.#budget.add(size)
      this.#lastSent = monotonic()
    } catch (error) {
      this.abort(ShoalError.from(error))
    }
  }

  async #finish(error: ShoalError | undefined): Promise<void> {
    this.#batch.add({ type: 'end', body: encodeEnd({ code: error?.code ?? '', message: error?.message ?? '' }) })
    this.#flushBatch()
    try {
      await within(this.#stream.close(), flushTime, 'ERR_TIMEOUT')
      // the puller closes its side when it has read the end
      await delay(flushTime, this.#stream.signal).catch(() => {})
    } finally {
      this.abort(error ?? new ShoalError('ERR_ABORTED', 'The stream ended.'))
    }
  }

  async #readReports(frames: AsyncIterator<Uint8Array>): Promise<void> {
    for (;;) {
      const next = await frames.next()
      if (next.done) return this.#gone()
      const message = decodeStreamMessage(next.value)
      if (message.type !== 'report' && message.type !== 'key') throw new ShoalError('ERR_PROTOCOL', 'A puller sent something else than reports.')
      if (!this.#reports.take()) throw new ShoalError('ERR_LIMIT', 'A puller sent too many reports.')
      if (message.type === 'key') {
        this.#subscription.wantKey()
        continue
      }
      const { received, buffered, room } = message.value
      this.#room = room
      this.#lastReport = monotonic()
      if (received > this.#budget.sent) throw new ShoalError('ERR_PROTOCOL', 'A puller confirmed what was never sent.')
      this.#budget.confirm(Math.max(this.#budget.confirmed, received - buffered))
    }
  }

  /** The puller has enough. */
  #gone(): void {
    this.#controller.abort(new ShoalError('ERR_ABORTED', 'The puller closed the stream.'))
    this.#subscription.close()
  }

  #beat(): void {
    const now = monotonic()
    if (now - this.#lastReport > silence) this.abort(new ShoalError('ERR_TIMEOUT', 'The puller is silent.'))
    else if (now - this.#lastSent >= this.#options.keepAlive && this.#batch.count === 0 && !this.#blocked) {
      this.#batch.add({ type: 'keepAlive', age: this.#options.routes.age(this.#subscription.path) })
      this.#flushBatch()
    }
  }
}
