/** The writing end of a stream. */

import { ShoalError } from '../../errors.js'
import type { Frame, Publication, PublishOptions, SourceStats, Track } from '../../stream.js'
import { abortReason, monotonic } from '../util/wait.js'
import type { OriginPlace } from './group.js'
import { BitrateMeter } from './meter.js'
import { onAbort } from './on-abort.js'
import { SourceGauge } from './source-gauge.js'
import { Watchdog } from './timer.js'
import { type KindBit, TrackSet } from './tracks.js'

/** ms between two requests for a key frame: a source that makes more of them sends little else. */
const keyInterval = 500

/** Bytes a frame may have. */
export const maxFrameBytes = 8 * 1024 * 1024

/** How the daemon's own rooms publish. */
export interface HubPublishOptions extends PublishOptions {
  /** Who publishes: a plugin's name, `rtmp` or `shoal`. */
  readonly publisher: string
  /** Peer id of the node the stream comes from; default: this node. */
  readonly origin?: string
  /** Epoch of the publication at the origin, where this one is a copy of it. */
  readonly originEpoch?: number
  /** Nodes between the origin and this one; default 0. */
  readonly hops?: number
  /** URL the stream is pulled from, without credentials. */
  readonly source?: string
  /** Told of each frame that is refused, before the writer is. */
  readonly refused?: (error: ShoalError) => void
}

/** What a publication needs of its stream. */
export interface PublicationHome {
  readonly path: string
  readonly subscribers: number
  /** Monotonic ms since which nobody reads; undefined while somebody does. */
  readonly unreadSince: number | undefined
  append(frame: Frame, kind: KindBit, tracks: TrackSet, now: number, place?: OriginPlace): void
  /** The tracks changed. */
  updated(publication: HubPublication): void
  /** `reason`: what readers get as an error. */
  ended(publication: HubPublication, reason: unknown): void
}

/** Timeouts in ms; 0 = never. */
export interface PublicationTimeouts {
  readonly publishTimeout: number
  readonly idleTimeout: number
}

/** One publisher of one path, from `publish` to its end. */
export class HubPublication implements Publication {
  readonly path: string
  readonly publisher: string
  readonly origin: string | undefined
  hops: number
  readonly source: string | undefined
  /** Random 32 bits: tells the publications of a path apart. */
  readonly epoch: number
  /** `epoch` of the publication that this one is a copy of, or its own. Places count within it. */
  readonly originEpoch: number
  /** Wall clock, ms since 1970; for people. */
  readonly since = Date.now()
  framesIn = 0
  bytesIn = 0
  readonly #home: PublicationHome
  readonly #refused: ((error: ShoalError) => void) | undefined
  readonly #keyWanted: (() => void) | undefined
  #keyAsked = Number.NEGATIVE_INFINITY
  readonly #gauge: SourceGauge | undefined
  readonly #meter = new BitrateMeter(monotonic())
  readonly #controller = new AbortController()
  readonly #dogs: Watchdog[] = []
  readonly #unlisten: () => void
  #tracks: TrackSet
  #last = monotonic()
  #ended = false

  /** Throws `ERR_TRACKS_INVALID`. */
  constructor(home: PublicationHome, tracks: readonly Track[], epoch: number, options: HubPublishOptions & PublicationTimeouts) {
    this.#home = home
    this.#tracks = new TrackSet(tracks, epoch)
    this.path = home.path
    this.epoch = epoch
    this.originEpoch = options.originEpoch ?? epoch
    this.publisher = options.publisher
    this.origin = options.origin
    this.hops = options.hops ?? 0
    this.source = options.source
    this.#refused = options.refused
    this.#keyWanted = options.keyWanted
    this.#gauge = options.sourceStats && new SourceGauge(options.sourceStats)
    const { signal } = options
    this.#unlisten = onAbort(signal, () => this.end(signal && abortReason(signal)))
    this.#watch(options)
  }

  #watch({ publishTimeout, idleTimeout }: PublicationTimeouts): void {
    const end = (reason: ShoalError) => () => this.end(reason)
    const silent = new ShoalError('ERR_PUBLISH_TIMEOUT', `The publisher of ${this.path} sent nothing for ${publishTimeout} ms.`)
    const idle = new ShoalError('ERR_IDLE', `Nobody read ${this.path} for ${idleTimeout} ms.`)
    if (publishTimeout > 0) this.#dogs.push(new Watchdog(publishTimeout, () => this.#last, end(silent)))
    if (idleTimeout > 0) this.#dogs.push(new Watchdog(idleTimeout, () => this.#home.unreadSince ?? monotonic(), end(idle)))
  }

  get tracks(): readonly Track[] {
    return this.#tracks.list
  }

  get trackSet(): TrackSet {
    return this.#tracks
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get subscribers(): number {
    return this.#ended ? 0 : this.#home.subscribers
  }

  /** Bits a second over the last seconds. */
  get bitrate(): number {
    return this.#meter.rate(monotonic())
  }

  /** How well its source comes; undefined where that is not told. */
  get sourceStats(): SourceStats | undefined {
    return this.#gauge?.read(monotonic())
  }

  /** As {@link Publication.write}; a copy says where the frame stands at its origin: groups and indices that only rise. */
  write(frame: Frame, place?: OriginPlace): void {
    if (this.#ended) return
    const kind = this.#check(frame)
    const now = monotonic()
    this.#last = now
    this.framesIn++
    this.bytesIn += frame.data.byteLength
    this.#meter.add(frame.data.byteLength, now)
    this.#home.append(frame, kind, this.#tracks, now, place)
  }

  /** The frame's kind; throws `ERR_FRAME_INVALID`. */
  #check(frame: Frame): KindBit {
    const fault = faultOf(frame)
    const kind = fault ? undefined : this.#tracks.kindOf(frame.track)
    if (kind !== undefined) return kind
    const error = new ShoalError('ERR_FRAME_INVALID', `A frame of ${this.path} is wrong: ${fault ?? `there is no track ${frame.track}`}.`)
    this.#refused?.(error)
    throw error
  }

  update(track: Track): void {
    if (this.#ended) return
    const tracks = this.#tracks.with(track)
    if (tracks === this.#tracks) return
    this.#tracks = tracks
    this.#home.updated(this)
  }

  /** A reader cannot go on without a key frame. */
  wantKey(): void {
    const now = monotonic()
    if (this.#ended || !this.#keyWanted || now - this.#keyAsked < keyInterval) return
    this.#keyAsked = now
    try {
      this.#keyWanted()
    } catch {
      // the writer is told nothing by its reader's need; its stream goes on
    }
  }

  close(reason?: unknown): void {
    this.#finish(reason)
  }

  /** Ends it from outside: the writer sees `reason` in its signal, the readers get it as an error. */
  end(reason: unknown): void {
    if (this.#ended) return
    this.#finish(reason)
    this.#controller.abort(reason)
  }

  /** Ends it without a word to the readers, who go on with the next publication. The writer learns it by `tell`. */
  retire(): void {
    this.#release()
  }

  /** Tells the writer. Last, because its listeners run at once and may do anything. */
  tell(reason: ShoalError): void {
    this.#controller.abort(reason)
  }

  #finish(reason: unknown): void {
    if (!this.#release()) return
    this.#home.ended(this, reason)
  }

  /** False when it had ended before. */
  #release(): boolean {
    if (this.#ended) return false
    this.#ended = true
    for (const dog of this.#dogs) dog.stop()
    this.#unlisten()
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

function faultOf(frame: Frame): string | undefined {
  if (typeof frame !== 'object' || frame === null) return 'it is no object'
  if (!Number.isSafeInteger(frame.timestamp)) return 'its timestamp is not an integer'
  if (frame.decodeTime !== undefined && !Number.isSafeInteger(frame.decodeTime)) return 'its decodeTime is not an integer'
  if (frame.duration !== undefined && !(Number.isSafeInteger(frame.duration) && frame.duration >= 0)) return 'its duration is not a natural number'
  if (typeof frame.key !== 'boolean') return 'it does not say whether it is a key frame'
  if (!(frame.data instanceof Uint8Array)) return 'its data is no Uint8Array'
  if (frame.data.byteLength > maxFrameBytes) return `it is larger than ${maxFrameBytes} bytes`
  return undefined
}
