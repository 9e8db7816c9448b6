/** Tells peers which streams are here and learns which are there: drives the directory. */

import { isShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { StreamEvent, StreamInfo } from '../../stream.js'
import type { Control } from '../swarm/control.js'
import { type Announcement, controlLimits, type StreamRecord } from '../swarm/control-messages.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { abortable, delay } from '../util/wait.js'
import {
  type DirectoryEffect,
  type DirectoryEvent,
  type DirectoryState,
  emptyDirectory,
  findCopies,
  listCopies,
  type StreamCopy,
  stepDirectory,
} from './directory.js'

/** The streams of this node; the hub is one. */
export interface LocalStreams {
  list(): readonly StreamInfo[]
  events(options: { readonly signal: AbortSignal }): AsyncIterable<StreamEvent>
}

/** What is needed of the control channel. */
export type RecordChannel = Pick<Control, 'instance' | 'hello' | 'peers' | 'send' | 'drained' | 'on' | 'watch'>

/** How an {@link Announcer} is made. */
export interface AnnouncerOptions {
  readonly self: PeerId
  readonly streams: LocalStreams
  readonly control: RecordChannel
  readonly log: Logger
  /** Which streams peers are told of. Default: all. */
  readonly announce?: (stream: StreamInfo) => boolean
}

/** A stream appeared at a peer or vanished from it. */
export type DirectoryChange =
  | { readonly type: 'appeared' | 'vanished'; readonly peer: PeerId; readonly path: string }
  /** The listener was too slow; look at {@link Announcer.list}. */
  | { readonly type: 'lagged'; readonly missed: number }

/** ms in which changes here are gathered into one message. */
const gather = 20

/** Keeps the directory. */
export class Announcer {
  #state: DirectoryState
  #running: Promise<void> | undefined
  #looking: Promise<void> | undefined
  readonly #options: AnnouncerOptions
  readonly #controller = new AbortController()
  readonly #undo: (() => void)[] = []
  /** Peers that miss a message and wait for room in their queue. */
  readonly #behind = new Map<PeerId, Promise<void>>()
  readonly #changes = new Broadcast<DirectoryChange>((missed) => ({ type: 'lagged', missed }))
  readonly #throttle = new Throttle(60_000)

  constructor(options: AnnouncerOptions) {
    this.#options = options
    this.#state = emptyDirectory(options.self, options.control.instance)
  }

  /** Begins to tell and to listen. */
  start(): void {
    const { control, streams } = this.#options
    this.#undo.push(
      control.on('streams', (peer, record) => this.#step({ type: 'record', peer, record })),
      control.watch((event) => {
        if (event.type === 'ready' || event.type === 'gone') this.#step({ type: event.type, peer: event.peer })
      }),
    )
    const events = streams.events({ signal: this.#controller.signal })
    this.#look()
    for (const { peer, ready } of control.peers()) if (ready) this.#step({ type: 'ready', peer })
    this.#running = this.#follow(events)
  }

  /** Peers that have a path, nearest copy first. */
  find(path: string): readonly StreamCopy[] {
    return findCopies(this.#state, path)
  }

  /** Every stream of every peer. */
  list(): readonly StreamCopy[] {
    return listCopies(this.#state)
  }

  /** Streams that appear and vanish at peers. */
  events(signal?: AbortSignal): AsyncIterableIterator<DirectoryChange> {
    return this.#changes.listen(signal)
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo()
    this.#controller.abort()
    await Promise.all([this.#running, this.#looking, ...this.#behind.values()])
    this.#changes.close()
  }

  /** Looks at the whole list after each change, a moment later: a burst of changes is one message, and a missed event harms nothing. */
  async #follow(events: AsyncIterable<StreamEvent>): Promise<void> {
    for await (const { type } of events) {
      if (type === 'subscribed' || type === 'unsubscribed') continue
      this.#looking ??= delay(gather, this.#controller.signal)
        .then(() => {
          this.#looking = undefined
          this.#look()
        })
        .catch(() => {})
    }
  }

  #look(): void {
    const { streams, announce = () => true, self } = this.#options
    const here = streams.list().filter(announce).map(announcement)
    const paths = new Set(here.map(({ path }) => path))
    const removed = [...this.#state.own.keys()].filter((path) => !paths.has(path))
    // a copy that has passed as many nodes as a stream may is of no use to others
    this.#step({ type: 'own', changed: here.filter(({ hops, origin }) => hops < controlLimits.hops && hops > 0 === (origin !== self)), removed })
  }

  #step(event: DirectoryEvent): void {
    const { state, effects } = stepDirectory(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
  }

  #carryOut(effect: DirectoryEffect): void {
    if (effect.type === 'send') for (const peer of effect.peers) this.#send(peer, effect.record)
    else if (effect.type !== 'refused') this.#changes.emit(effect)
    else this.#throttle.run((heldBack) => this.#options.log.warn('too many streams are announced', { peer: effect.peer, refused: effect.count, heldBack }))
  }

  #send(peer: PeerId, record: StreamRecord): void {
    // what comes now will be part of the snapshot that is sent as soon as there is room
    if (this.#behind.has(peer)) return
    try {
      this.#options.control.send(peer, { type: 'streams', value: record })
    } catch (error) {
      if (isShoalError(error, 'ERR_OVERLOADED')) this.#behind.set(peer, this.#catchUp(peer))
    }
  }

  /** Sends a snapshot once the queue to the peer has room. A peer whose channel broke gets one when it returns. */
  async #catchUp(peer: PeerId): Promise<void> {
    const room = await abortable(this.#options.control.drained(peer), this.#controller.signal).then(
      () => true,
      () => false,
    )
    this.#behind.delete(peer)
    if (room) this.#step({ type: 'unsent', peer })
  }
}

/** A stream as peers are told of it. */
function announcement(stream: StreamInfo): Announcement {
  const tracks = stream.tracks.slice(0, controlLimits.announcedTracks).map(({ kind, codec, width, height }) => ({
    kind,
    codec: codec.slice(0, controlLimits.codec),
    ...(width && height && { width, height }),
  }))
  return { path: stream.path, tracks, since: Math.max(0, Math.round(stream.since)), hops: stream.hops, origin: stream.origin }
}
