/** A stream of another node as it is published here: it outlives the link streams that feed it. */

import { ShoalError } from '../../errors.js'
import type { PeerId, PullJob } from '../../plugin.js'
import type { Frame, Publication, Track } from '../../stream.js'
import { monotonic } from '../util/wait.js'
import type { FrameRecord } from './frame-header.js'
import type { OriginPlace } from './group.js'
import { onAbort } from './on-abort.js'
import { type Route, type Routes, samePublication } from './routes.js'
import type { PublicationId, StreamPosition } from './stream-messages.js'
import type { TrackSet } from './tracks.js'

/** Where a publication comes from; what the pulls of the daemon take beside the tracks. */
export interface Provenance {
  readonly origin: PeerId
  readonly originEpoch: number
  /** Nodes it has passed. */
  readonly hops: number
  /** ms; 0 = never: the silence of the link is watched instead. */
  readonly publishTimeout: number
  /** It follows on another publication of the same pull, whose readers stay. */
  readonly takeover: boolean
  /** A reader cannot go on without a key frame. */
  readonly keyWanted: () => void
}

/** A publication that keeps the places of the origin. */
export interface CopyPublication extends Publication {
  /** Nodes between the origin and this one. */
  hops: number
  write(frame: Frame, place?: OriginPlace): void
}

/** A pull job that keeps where a stream comes from. */
export interface PullOutputJob extends PullJob {
  publish(tracks: readonly Track[], provenance?: Provenance): CopyPublication
}

/** What feeds the publication: one stream from one peer. */
export interface Source {
  readonly peer: PeerId
  readonly route: Route
  readonly tracks: TrackSet
  /** Monotonic ms of the last sign of life of the origin. */
  readonly lastHeard: number
  /** Asks for a key frame. */
  wantKey(): void
}

/** What the output tells its pull. */
export interface OutputEvents<S extends Source> {
  /** A source that was tried beside the present one brought the next frame, and feeds the publication from now on. */
  adopted(source: S): void
  /** The publication was ended from outside. */
  stopped(reason: Error): void
}

/** Share of the longest pause between two frames that is still believed in after one more frame. */
const fading = 0.98

/**
 * Writes what arrives into one publication for as long as the origin's publication is the same, whichever peer it comes from:
 * each frame once, by its place at the origin. Another publication follows in its place, and the readers stay.
 */
export class RelayedStream<S extends Source> {
  /** Monotonic ms of the last frame. */
  lastFrame = monotonic()
  /** ms: the longest pause between two frames of late. */
  usualPause = 0
  readonly #job: PullOutputJob
  readonly #routes: Routes
  readonly #events: OutputEvents<S>
  #publication: CopyPublication | undefined
  #unlisten = (): void => {}
  #id: PublicationId | undefined
  #source: S | undefined
  #route: Route | undefined
  #tracks: TrackSet | undefined
  #last: OriginPlace | undefined

  constructor(job: PullOutputJob, routes: Routes, events: OutputEvents<S>) {
    this.#job = job
    this.#routes = routes
    this.#events = events
  }

  /** Is there a publication that can be taken up again? */
  get open(): boolean {
    return this.#publication !== undefined
  }

  /** The publication at the origin. */
  get id(): PublicationId | undefined {
    return this.#id
  }

  /** The newest frame written. */
  get position(): StreamPosition | undefined {
    return this.#id && this.#last && { epoch: this.#id.epoch, group: this.#last.group, index: this.#last.index }
  }

  /** The newest frame written of a publication, if that is the one. */
  last(id: PublicationId): OriginPlace | undefined {
    return this.holds(id) ? this.#last : undefined
  }

  /** Is it this publication that is written? */
  holds(id: PublicationId): boolean {
    return this.#id !== undefined && samePublication(this.#id, id)
  }

  /** A source feeds the publication from now on; one of another publication begins a new one. */
  attach(source: S): void {
    if (!this.holds(source.route.publication)) this.#begin(source)
    this.#source = source
    this.reroute(source)
  }

  /** The way of a source changed. */
  reroute(source: S): void {
    if (source !== this.#source) return
    this.#route = source.route
    if (this.#publication) this.#publication.hops = source.route.hops.length
    this.#routes.set(this.#job.path, source.route, () => source.lastHeard)
  }

  #begin({ route: { publication: id, hops }, tracks }: Source): void {
    const takeover = this.open
    this.#unlisten()
    this.#last = undefined
    this.#id = id
    this.#tracks = tracks
    this.lastFrame = monotonic()
    this.usualPause = 0
    const provenance = { origin: id.origin, originEpoch: id.epoch, hops: hops.length, publishTimeout: 0, takeover, keyWanted: () => this.#source?.wantKey() }
    this.#publication = this.#job.publish(tracks.list, provenance)
    const { signal } = this.#publication
    const stop = (): void => this.#events.stopped(ShoalError.from(signal.reason, 'ERR_STREAM_STOPPED'))
    this.#unlisten = onAbort(signal, stop)
    if (signal.aborted) stop()
  }

  /** Writes the next frame. It makes its source the one that feeds the publication. */
  write(source: S, { frame, group, index, seal }: FrameRecord): void {
    if (source !== this.#source) {
      this.attach(source)
      this.#events.adopted(source)
    }
    const publication = this.#publication
    if (!publication) return
    if (source.tracks !== this.#tracks) this.#update(publication, source.tracks)
    publication.write(frame, { group, index, seal })
    this.#last = { group, index }
    const now = monotonic()
    this.usualPause = Math.max(this.usualPause * fading, now - this.lastFrame)
    this.lastFrame = now
  }

  #update(publication: Publication, tracks: TrackSet): void {
    this.#tracks = tracks
    try {
      for (const track of tracks.list) publication.update(track)
    } catch (cause) {
      throw new ShoalError('ERR_PROTOCOL', `A peer changed a track in a way that cannot be: ${ShoalError.from(cause).message}`, { cause })
    }
  }

  /** Its source is lost, and another is looked for. */
  starve(): void {
    this.#source = undefined
    this.#routes.starve(this.#job.path)
  }

  /** The pull is over. The publication is closed by whoever runs the pull. */
  leave(): void {
    this.#unlisten()
    this.#routes.delete(this.#job.path, this.#route)
  }
}
