/** One stream from one peer, from the request to its end: what comes is checked and put in order. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { Track } from '../../stream.js'
import type { Swarm } from '../swarm/swarm.js'
import { abortReason, deadline } from '../util/wait.js'
import { type FrameRecord, maxBatch } from './frame-header.js'
import type { OriginPlace } from './group.js'
import { onAbort } from './on-abort.js'
import { type FrameSink, type PullEnd, PulledStream, type PullTiming } from './pulled-stream.js'
import type { RelayedStream, Source } from './relayed-stream.js'
import type { RemoteSessions } from './remote-sessions.js'
import { type Route, routeOf } from './routes.js'
import { type SealKeys, Seals } from './seal.js'
import { type Copy, type StreamAccept, type StreamOpen, streamProtocol } from './stream-messages.js'
import { TrackSet } from './tracks.js'

/** What a feed needs of its pull. */
export interface FeedOptions {
  readonly swarm: Swarm
  readonly sessions: RemoteSessions
  readonly output: RelayedStream<Feed>
  readonly log: Logger
  readonly timing: PullTiming
  /** Checks what relays pass on; absent = everything is believed. */
  readonly seals: SealKeys | undefined
  /** Peers that may still pull the copy here. */
  readonly room: () => number
  /** Monotonic ms of the last sign of life of the origin. */
  readonly lastHeard: number
  /** ms for each step of the opening. */
  readonly patience: number
  /** Ends it. */
  readonly signal: AbortSignal
}

/** A running stream. */
export class Feed implements FrameSink, Source {
  readonly copy: Copy
  /** Settles with the stream; see {@link PulledStream.run}, and `ERR_SEAL_INVALID`. Never left unhandled. */
  readonly ended: Promise<PullEnd>
  /** Did it go on right after the frame that was asked for? */
  readonly resumed: boolean
  tracks: TrackSet
  readonly #options: FeedOptions
  readonly #pulled: PulledStream
  readonly #seals: Seals | undefined
  #route: Route
  /** The frame before this one, if nothing lies between. */
  #previous: OriginPlace | undefined
  /** Frames are missing: the next one must start a group. */
  #gap = false

  /** Rejects as {@link PulledStream.open}, and with `ERR_SOURCE_FAILED` where the stream there cannot be used. */
  static async open(copy: Copy, request: StreamOpen, options: FeedOptions): Promise<Feed> {
    const { swarm, sessions, signal, patience } = options
    const timer = deadline(patience, 'ERR_TIMEOUT', 'The peer did not open a stream.', signal)
    const stream = await swarm.open(copy.peer, streamProtocol, { maxFrame: maxBatch, maxInbound: 0, signal: timer.signal }).finally(timer.done)
    const pulled = new PulledStream(stream, copy.path, options)
    const undo = sessions.add(copy.peer, pulled)
    const unlisten = onAbort(signal, () => pulled.abort(abortReason(signal)))
    const done = (): void => {
      unlisten()
      undo()
    }
    try {
      if (signal.aborted) throw abortReason(signal)
      const accept = await pulled.open(request, patience)
      checkAccept(accept, copy.peer, options)
      return new Feed({ copy, request, accept, pulled, done }, options)
    } catch (error) {
      done()
      const reason = ShoalError.from(pulled.aborted ?? error)
      pulled.abort(reason)
      throw reason
    }
  }

  private constructor(opened: Opened, options: FeedOptions) {
    const { copy, request, accept, pulled } = opened
    this.copy = copy
    this.resumed = accept.resumed
    this.#options = options
    this.#pulled = pulled
    this.#route = routeOf({ ...accept, originPath: accept.originPath || copy.path })
    this.tracks = new TrackSet(accept.tracks, accept.originEpoch)
    if (accept.resumed) this.#previous = request.resume
    const isOrigin = accept.hops[0] === copy.peer
    this.#seals = isOrigin || !options.seals ? undefined : new Seals(this.#route.publication, options.seals)
    this.ended = this.#run(opened)
    this.ended.catch(() => {})
  }

  get peer(): PeerId {
    return this.copy.peer
  }

  get route(): Route {
    return this.#route
  }

  get lastHeard(): number {
    return this.#pulled.lastHeard
  }

  /** A reader cannot go on without a key frame. */
  wantKey(): void {
    this.#pulled.wantKey()
  }

  /** Ends it. */
  abort(reason: Error): void {
    this.#pulled.abort(reason)
  }

  async #run({ pulled, done }: Opened): Promise<PullEnd> {
    try {
      // the pull puts it to use before the first frame
      await Promise.resolve()
      const end = await pulled.run(this)
      await pulled.close()
      return end
    } catch (error) {
      const reason = ShoalError.from(error, 'ERR_PEER_UNREACHABLE')
      pulled.abort(reason)
      throw reason
    } finally {
      done()
    }
  }

  frame(record: FrameRecord): void {
    const { output } = this.#options
    const { group, index, frame } = record
    if (this.tracks.kindOf(frame.track) === undefined)
      throw new ShoalError('ERR_PROTOCOL', `A frame is of track ${frame.track}, which the stream does not have.`)
    const last = output.last(this.#route.publication)
    const isNew = !last || group > last.group || (group === last.group && index > last.index)
    if (isNew && !this.#follows(last, record)) return
    this.#previous = { group, index }
    if (!isNew) return
    this.#seals?.check(record, this.tracks.digest)
    this.#gap = false
    output.write(this, record)
  }

  /** May the frame be written after the last one that was? Not when something is missing that it may need. */
  #follows(last: OriginPlace | undefined, { index, frame }: FrameRecord): boolean {
    const previous = this.#previous
    const joins = last ? previous?.group === last.group && previous.index === last.index : true
    if (joins && !this.#gap) return true
    return index === 0 || (frame.key && this.tracks.primary === undefined)
  }

  track(track: Track): void {
    try {
      this.tracks = this.tracks.with(track)
    } catch (cause) {
      throw new ShoalError('ERR_PROTOCOL', `A peer changed a track in a way that cannot be: ${ShoalError.from(cause).message}`, { cause })
    }
  }

  gap(frames: number): void {
    this.#options.log.debug('the peer skipped frames because this node was late', { peer: this.peer, path: this.copy.path, frames })
    this.#gap = true
    this.#previous = undefined
  }

  rerouted(hops: readonly PeerId[]): void {
    checkHops(hops, this.peer, this.#options.swarm.id)
    if (hops[0] !== this.#route.hops[0]) throw new ShoalError('ERR_PROTOCOL', 'A stream changed its origin.')
    this.#route = { ...this.#route, hops }
    this.#options.output.reroute(this)
  }
}

interface Opened {
  readonly copy: Copy
  readonly request: StreamOpen
  readonly accept: StreamAccept
  readonly pulled: PulledStream
  readonly done: () => void
}

function checkAccept({ hops, originPath, sealed }: StreamAccept, peer: PeerId, { swarm, seals }: FeedOptions): void {
  checkHops(hops, peer, swarm.id)
  if (hops.length === 1) return
  if (originPath === '') throw new ShoalError('ERR_SOURCE_FAILED', 'The relay is too old to tell the places of frames at their origin.')
  if (seals && !sealed) throw new ShoalError('ERR_SOURCE_FAILED', 'The origin does not seal its frames: they are taken from itself only.')
}

function checkHops(hops: readonly PeerId[], peer: PeerId, self: PeerId): void {
  if (hops.at(-1) !== peer) throw new ShoalError('ERR_PROTOCOL', 'A peer serves a stream in the name of another.')
  if (hops.includes(self)) throw new ShoalError('ERR_SOURCE_FAILED', 'The stream there comes from this node: pulling it would be a loop.')
}
