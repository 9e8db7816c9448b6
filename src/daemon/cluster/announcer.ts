/** Tells members which streams are here, knows which are there, and sees to it that a path has one publisher. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { StreamEvent, StreamInfo } from '../../stream.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { delay } from '../util/wait.js'
import { type Claim, type DirectoryView, findCopies, listCopies, nextClaim, publishersOf, type StreamCopy, streamsOf, winnerOf } from './directory.js'
import type { Gossip } from './gossip.js'
import { recordLimits, slotKind, streamSlot } from './record.js'
import type { RecordChange } from './record-state.js'
import { type Announcement, encodeStreams, readStreams, streamLimits } from './stream-body.js'

/** The streams of this node; the hub is one. */
export interface LocalStreams {
  list(): readonly StreamInfo[]
  events(options: { readonly signal: AbortSignal }): AsyncIterable<StreamEvent>
}

/** How an {@link Announcer} is made. */
export interface AnnouncerOptions {
  readonly self: PeerId
  readonly streams: LocalStreams
  readonly gossip: Pick<Gossip, 'state' | 'membership' | 'say' | 'watch'>
  readonly log: Logger
  /** Which streams peers are told of. Default: all. */
  readonly announce?: (stream: StreamInfo) => boolean
  /** Takes a stream no more readers? Call {@link Announcer.refresh} when that changes. */
  readonly isFull?: (path: string) => boolean
  /** A peer took over a path that is published here: it must end. False = that peer may not, and both go on. */
  readonly taken?: (path: string, peer: PeerId) => boolean | Promise<boolean>
  /** A path that is published here is also published by `winner`, which counts; undefined when that is over. */
  readonly contested?: (path: string, winner: PeerId | undefined) => void
}

/** A stream appeared at a member or vanished from it. */
export type DirectoryChange =
  | { readonly type: 'appeared' | 'vanished'; readonly peer: PeerId; readonly path: string }
  /** The listener was too slow; look at {@link Announcer.list}. */
  | { readonly type: 'lagged'; readonly missed: number }

/** ms in which changes here are gathered into one record. */
const gather = 20

/** Keeps the directory. */
export class Announcer {
  #running: Promise<void> | undefined
  #looking: Promise<void> | undefined
  #checking: NodeJS.Immediate | undefined
  readonly #options: AnnouncerOptions
  readonly #controller = new AbortController()
  readonly #undo: (() => void)[] = []
  /** What was said last, by slot. */
  readonly #said = new Map<string, Uint8Array>()
  /** Announced paths. */
  #told: ReadonlySet<string> = new Set()
  /** Paths that are published here. */
  readonly #claims = new Map<string, Claim>()
  readonly #contested = new Map<string, PeerId>()
  /** Takeovers that were answered, by path: the claim. */
  readonly #withstood = new Map<string, number>()
  /** Members whose streams were told to listeners. */
  readonly #present = new Set<PeerId>()
  /** Paths whose publishers must be looked at. */
  readonly #doubtful = new Set<string>()
  readonly #changes = new Broadcast<DirectoryChange>((missed) => ({ type: 'lagged', missed }))
  readonly #throttle = new Throttle(60_000)

  constructor(options: AnnouncerOptions) {
    this.#options = options
  }

  /** Begins to tell and to listen. */
  start(): void {
    const { gossip, streams } = this.#options
    this.#undo.push(gossip.watch({ changed: (change) => this.#changed(change), moved: (came, went) => this.#moved(came, went) }))
    this.#moved([...gossip.membership.members.keys()], [])
    const events = streams.events({ signal: this.#controller.signal })
    this.refresh()
    this.#running = this.#follow(events)
  }

  /** Nodes that have a path, nearest copy first. */
  find(path: string): readonly StreamCopy[] {
    return findCopies(this.#view, path, this.#claims.get(path))
  }

  /** Every stream of every reachable member. */
  list(): readonly StreamCopy[] {
    return listCopies(this.#view, this.#claims)
  }

  /** Streams that appear and vanish at members. */
  events(signal?: AbortSignal): AsyncIterableIterator<DirectoryChange> {
    return this.#changes.listen(signal)
  }

  /**
   * Asks for a path before it is published here. Throws `ERR_STREAM_TAKEN` when a reachable member publishes it; with `takeover`
   * that member's publication will end.
   */
  claim(path: string, takeover: boolean): void {
    const { self, gossip } = this.#options
    const others = publishersOf(this.#view, path)
    const present = winnerOf(path, others)
    if (present !== undefined && !takeover) throw this.#taken(path, present)
    const claim = nextClaim(gossip.state, path)
    this.#withstood.delete(path)
    this.#claims.set(path, { peer: self, claim, ...(present !== undefined && { over: present }) })
  }

  /** The publisher that counts instead of this node's, for a path that both publish. */
  contested(path: string): PeerId | undefined {
    return this.#contested.get(path)
  }

  /** Looks at what is here and tells what changed. */
  refresh(): void {
    const { streams, announce = () => true } = this.#options
    const present = streams.list().filter(announce)
    const paths = new Set(present.map(({ path }) => path))
    for (const path of this.#claims.keys()) if (!paths.has(path)) this.#release(path)
    const here = present.map((stream) => this.#announcement(stream)).filter((stream) => this.#isOfUse(stream))
    this.#say(this.#within(here))
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo()
    this.#controller.abort()
    clearImmediate(this.#checking)
    await Promise.all([this.#running, this.#looking])
    this.#changes.close()
  }

  get #view(): DirectoryView {
    const { gossip } = this.#options
    const { membership } = gossip
    return { membership, records: gossip.state }
  }

  /** Looks at the whole list after each change, a moment later: a burst of changes is one record, and a missed event harms nothing. */
  async #follow(events: AsyncIterable<StreamEvent>): Promise<void> {
    for await (const { type } of events) {
      if (type === 'subscribed' || type === 'unsubscribed') continue
      this.#looking ??= delay(gather, this.#controller.signal)
        .then(() => {
          this.#looking = undefined
          this.refresh()
        })
        .catch(() => {})
    }
  }

  #announcement(stream: StreamInfo): Announcement {
    const { self, gossip, isFull = () => false } = this.#options
    const { path, hops, origin } = stream
    const tracks = stream.tracks.slice(0, streamLimits.tracks).map(({ kind, codec, width, height }) => ({
      ...{ kind, codec: codec.slice(0, streamLimits.codec) },
      ...(width && height && { width, height }),
    }))
    const rest = { path, tracks, since: Math.max(0, Math.round(stream.since)), hops, origin, full: isFull(path) }
    if (hops > 0) return { ...rest, claim: 0 }
    const own = this.#claims.get(path) ?? { peer: self, claim: nextClaim(gossip.state, path) }
    this.#claims.set(path, own)
    return { ...rest, claim: own.claim, ...(own.over !== undefined && { over: own.over }) }
  }

  /** A copy that has passed as many nodes as a stream may is of no use to others, nor one of a stream of this node. */
  #isOfUse({ hops, origin }: Announcement): boolean {
    return hops < streamLimits.hops && hops > 0 === (origin !== this.#options.self)
  }

  /** At most 1,000, those that were told before first. */
  #within(here: readonly Announcement[]): readonly Announcement[] {
    if (here.length <= streamLimits.streams) return here
    this.#refused(here.length - streamLimits.streams)
    const before = (stream: Announcement): number => (this.#told.has(stream.path) ? 0 : 1)
    return [...here].sort((a, b) => before(a) - before(b)).slice(0, streamLimits.streams)
  }

  #say(here: readonly Announcement[]): void {
    const { self, gossip } = this.#options
    const slots = new Map<string, Announcement[]>([...this.#said.keys()].map((slot) => [slot, []]))
    for (const stream of here) slots.set(streamSlot(stream.path), [...(slots.get(streamSlot(stream.path)) ?? []), stream])
    const fresh = here.filter(({ path }) => !this.#told.has(path))
    this.#told = new Set(here.map(({ path }) => path))
    for (const [slot, streams] of slots) {
      const body = this.#encode(self, streams)
      const before = this.#said.get(slot)
      if (before && Buffer.compare(before, body) === 0) continue
      this.#said.set(slot, body)
      gossip.say(slot, body)
    }
    for (const { path, hops } of fresh) if (hops === 0) this.#doubt(path)
  }

  /** What does not fit into a record is not told. */
  #encode(self: PeerId, streams: readonly Announcement[]): Uint8Array {
    const sorted = [...streams].sort((a, b) => (a.path < b.path ? -1 : 1))
    for (let count = sorted.length; ; count--) {
      const body = encodeStreams(self, sorted.slice(0, count))
      if (body.byteLength > recordLimits.body) continue
      if (count < sorted.length) this.#refused(sorted.length - count)
      return body
    }
  }

  #refused(refused: number): void {
    this.#throttle.run((heldBack) => this.#options.log.warn('too many streams to announce', { refused, heldBack }))
  }

  #changed({ author, slot, record, before }: RecordChange): void {
    if (author === this.#options.self || slotKind(slot) !== 'streams') return
    const was = readStreams(before)
    const is = readStreams(record)
    for (const path of new Set([...was.keys(), ...is.keys()])) this.#doubt(path)
    if (!this.#present.has(author)) return
    for (const path of was.keys()) if (!is.has(path)) this.#changes.emit({ type: 'vanished', peer: author, path })
    for (const path of is.keys()) if (!was.has(path)) this.#changes.emit({ type: 'appeared', peer: author, path })
  }

  #moved(came: readonly PeerId[], went: readonly PeerId[]): void {
    for (const peer of went) this.#show('vanished', peer)
    for (const peer of came) this.#show('appeared', peer)
  }

  #show(type: 'appeared' | 'vanished', peer: PeerId): void {
    if (type === 'appeared') this.#present.add(peer)
    else this.#present.delete(peer)
    for (const { path } of streamsOf(this.#options.gossip.state, peer)) {
      this.#changes.emit({ type, peer, path })
      this.#doubt(path)
    }
  }

  /** Somebody else may publish a path that is published here. */
  #doubt(path: string): void {
    if (!this.#claims.has(path)) return
    this.#doubtful.add(path)
    this.#checking ??= setImmediate(() => this.#check())
  }

  #check(): void {
    this.#checking = undefined
    const view = this.#view
    for (const path of this.#doubtful) {
      const own = this.#claims.get(path)
      if (own) this.#judge(view, path, own)
    }
    this.#doubtful.clear()
  }

  #judge(view: DirectoryView, path: string, own: Claim): void {
    const { self, taken } = this.#options
    const claims = publishersOf(view, path, own)
    const winner = winnerOf(path, claims)
    const contest = (): void => this.#contest(path, winner === self ? undefined : winner)
    const taker = claims.find(({ over, claim }) => over === self && claim > own.claim)
    if (!taker || !taken || this.#withstood.get(path) === taker.claim) {
      contest()
      return
    }
    this.#withstood.set(path, taker.claim)
    Promise.resolve(taken(path, taker.peer)).then(
      (ended) => {
        if (!ended && this.#claims.get(path) === own) contest()
      },
      (err: unknown) => this.#options.log.error('a takeover could not be carried out', { path, peer: taker.peer, err }),
    )
  }

  #contest(path: string, winner: PeerId | undefined): void {
    const { log, contested } = this.#options
    if (winner === this.#contested.get(path)) return
    if (winner === undefined) this.#contested.delete(path)
    else this.#contested.set(path, winner)
    if (winner === undefined) log.info('this node is the publisher of a path again', { path })
    else log.warn('another node publishes the same path, and counts: this one is reached by its name only', { path, publisher: winner })
    contested?.(path, winner)
  }

  #release(path: string): void {
    this.#claims.delete(path)
    this.#contested.delete(path)
    this.#withstood.delete(path)
  }

  #taken(path: string, peer: PeerId): ShoalError {
    const name = this.#view.membership.members.get(peer)?.name ?? peer
    const hint = `Read it with shoal://${name}/${path}, or publish with takeover.`
    return new ShoalError('ERR_STREAM_TAKEN', `${path} is published by ${name}.`, { hint, data: { path, peer, name } })
  }
}
