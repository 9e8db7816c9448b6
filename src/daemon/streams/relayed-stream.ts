/** A stream of another node as it is published here: it outlives the link streams that feed it. */

import { ShoalError } from '../../errors.js'
import type { PeerId, PullJob } from '../../plugin.js'
import type { Frame, Publication, Track } from '../../stream.js'
import type { MediaRecord } from './frame-header.js'
import { onAbort } from './on-abort.js'
import type { FrameSink } from './pulled-stream.js'
import type { Route } from './remote-sessions.js'
import type { StreamAccept, StreamPosition } from './stream-messages.js'

/** Where a publication comes from; what the pulls of the daemon take beside the tracks. */
export interface Provenance {
  readonly origin: PeerId
  /** Nodes it has passed. */
  readonly hops: number
  /** ms; 0 = never: the silence of the link is watched instead. */
  readonly publishTimeout: number
}

/** A pull job that keeps where a stream comes from. */
export interface PullOutputJob extends PullJob {
  publish(tracks: readonly Track[], provenance?: Provenance): Publication
}

/**
 * Writes what arrives into one publication for as long as that is right: after a break, a stream of the same peer and
 * publication goes on at the next frame, a copy of the same publication from another node at its next group. Anything else is
 * a new publication.
 */
export class RelayedStream implements FrameSink {
  readonly #job: PullOutputJob
  readonly #self: PeerId
  readonly #routes: Map<string, Route>
  #publication: Publication | undefined
  #unlisten = (): void => {}
  #route: Route | undefined
  /** Whom it comes from now, and which publication that is there. */
  #peer: PeerId | undefined
  #epoch = 0
  /** Newest frame written, as that peer counts. */
  #last: { readonly group: number; readonly index: number } | undefined
  /** Highest decode time written, µs. */
  #written = Number.NEGATIVE_INFINITY
  /** What must come before frames are written: anything, the start of a group, or the start of a group that is not written yet. */
  #gate: 'none' | 'start' | 'newer' = 'none'

  constructor(job: PullOutputJob, self: PeerId, routes: Map<string, Route>) {
    this.#job = job
    this.#self = self
    this.#routes = routes
  }

  /** Is there a publication that can be taken up again? */
  get open(): boolean {
    return this.#publication !== undefined
  }

  /** The frame after which a peer may go on. */
  resume(peer: PeerId): StreamPosition | undefined {
    return peer === this.#peer && this.#last ? { epoch: this.#epoch, ...this.#last } : undefined
  }

  /** A peer serves the stream. `stop` is called when the publication is ended from outside. Throws `ERR_SOURCE_FAILED` when the stream has passed this node. */
  accept(peer: PeerId, accept: StreamAccept, stop: (reason: Error) => void): void {
    const { hops, originEpoch, epoch, tracks } = accept
    if (hops.includes(this.#self)) throw new ShoalError('ERR_SOURCE_FAILED', 'The stream there comes from this node: pulling it would be a loop.')
    const known = this.#route?.originEpoch === originEpoch && this.#route.hops[0] === hops[0] ? this.#publication : undefined
    if (!known || peer !== this.#peer || epoch !== this.#epoch) {
      this.#last = undefined
      this.#gate = known ? 'newer' : 'none'
    }
    if (known) for (const track of tracks) this.track(track)
    else this.#begin(accept)
    this.#peer = peer
    this.#epoch = epoch
    this.#route = { hops, originEpoch }
    this.#routes.set(this.#job.path, this.#route)
    this.#watch(stop)
  }

  #begin({ hops, tracks }: StreamAccept): void {
    this.end()
    this.#written = Number.NEGATIVE_INFINITY
    this.#publication = this.#job.publish(tracks, { origin: hops[0] as PeerId, hops: hops.length, publishTimeout: 0 })
  }

  #watch(stop: (reason: Error) => void): void {
    const { signal } = this.#publication ?? {}
    this.#unlisten()
    this.#unlisten = onAbort(signal, () => stop(ShoalError.from(signal?.reason, 'ERR_STREAM_STOPPED')))
    if (signal?.aborted) stop(ShoalError.from(signal.reason, 'ERR_STREAM_STOPPED'))
  }

  frame({ group, index, frame }: Extract<MediaRecord, { type: 'frame' }>): void {
    const publication = this.#publication
    const last = this.#last
    if (!publication || (last && (group < last.group || (group === last.group && index <= last.index)))) return
    if (!publication.tracks.some(({ id }) => id === frame.track))
      throw new ShoalError('ERR_PROTOCOL', `A frame is of track ${frame.track}, which the stream does not have.`)
    const decodeTime = frame.decodeTime ?? frame.timestamp
    if (!this.#passes(publication, frame, index, decodeTime)) return
    publication.write(frame)
    this.#last = { group, index }
    this.#written = Math.max(this.#written, decodeTime)
  }

  /** May the frame be written, after what is missing before it? */
  #passes(publication: Publication, frame: Frame, index: number, decodeTime: number): boolean {
    if (this.#gate === 'none') return true
    const starts = index === 0 || (frame.key && !publication.tracks.some(({ kind }) => kind === 'video'))
    if (!starts || (this.#gate === 'newer' && decodeTime <= this.#written)) return false
    this.#gate = 'none'
    return true
  }

  track(track: Track): void {
    try {
      this.#publication?.update(track)
    } catch (cause) {
      throw new ShoalError('ERR_PROTOCOL', `A peer changed a track in a way that cannot be: ${ShoalError.from(cause).message}`, { cause })
    }
  }

  gap(frames: number): void {
    this.#job.log.debug('the peer skipped frames because this node was late', { path: this.#job.path, frames })
    if (this.#gate === 'none') this.#gate = 'start'
  }

  /** Ends the publication; the next one that is accepted is another. */
  end(): void {
    this.#unlisten()
    this.#publication?.close()
    this.#publication = undefined
    this.#last = undefined
  }

  /** The pull is over. The publication is closed by whoever runs the pull. */
  leave(): void {
    this.#unlisten()
    if (this.#routes.get(this.#job.path) === this.#route) this.#routes.delete(this.#job.path)
  }
}
