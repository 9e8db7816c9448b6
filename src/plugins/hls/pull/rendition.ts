/** One rendition as tracks and frames, on the clock that all renditions share. */

import { ShoalError } from '../../../errors.js'
import { isPackedAudio, PackedAudioDemuxer } from '../../../media/hls/packed-audio.js'
import type { MediaDemuxer, MediaEvent } from '../../../media/media-event.js'
import { Mp4Demuxer } from '../../../media/mp4/demuxer.js'
import { TsDemuxer } from '../../../media/mpegts/demuxer.js'
import { decodeTimeOf } from '../../../receiving/stream-start.js'
import type { Frame, TrackKind } from '../../../stream.js'
import type { LoadedPiece } from './loader.js'

/** µs between the newest time of one clock and the first of the next. */
const gap = 20_000

/** µs at which a stream begins that would begin before. */
const earliest = 1_000_000

/** Clocks that are remembered: renditions are at most so many discontinuities apart. */
const maxClocks = 16

/** The clocks of a playlist's parts between discontinuities, one after the other. */
export class SharedTimeline {
  readonly #shifts = new Map<string, number>()
  #newest: number | undefined

  /** µs to add to times of this clock, of which the first that is asked for is `time`. */
  shiftOf(clock: string, time: number): number {
    const known = this.#shifts.get(clock)
    if (known !== undefined) return known
    const shift = this.#newest === undefined ? Math.max(0, earliest - time) : this.#newest + gap - time
    if (this.#shifts.size >= maxClocks) this.#shifts.delete(this.#shifts.keys().next().value ?? '')
    this.#shifts.set(clock, shift)
    return shift
  }

  /** A frame was placed at `time`. */
  note(time: number): void {
    this.#newest = Math.max(this.#newest ?? time, time)
  }
}

/** Turns the pieces of one rendition into frames. */
export class Rendition {
  readonly #timeline: SharedTimeline
  readonly #kinds: readonly TrackKind[]
  #clock: string | undefined
  #demuxer: MediaDemuxer | undefined
  #ended: MediaDemuxer | undefined

  /** `kinds`: of the tracks that are taken from it. */
  constructor(timeline: SharedTimeline, kinds: readonly TrackKind[]) {
    this.#timeline = timeline
    this.#kinds = kinds
  }

  /** Is every track known? */
  get complete(): boolean {
    return this.#demuxer?.complete === true
  }

  /** What reads, or read last. */
  get demuxer(): MediaDemuxer | undefined {
    return this.#demuxer ?? this.#ended
  }

  /** Throws `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED`. */
  read({ bytes, map, clock, isFirst, isWhole }: LoadedPiece): MediaEvent[] {
    const events: MediaEvent[] = []
    if (isFirst && this.#demuxer) events.push(...this.#place(this.#demuxer.flush()))
    if (clock !== this.#clock) {
      // another clock, and maybe another format
      const isMap = map !== undefined || !(this.#demuxer instanceof Mp4Demuxer)
      this.#ended = this.#demuxer
      if (isMap) this.#demuxer = undefined
      this.#clock = clock
    }
    this.#demuxer ??= demuxerFor(map ?? bytes)
    if (map) events.push(...this.#place(this.#demuxer.push(map)))
    events.push(...this.#place(this.#demuxer.push(bytes)))
    if (isWhole) events.push(...this.#place(this.#demuxer.flush()))
    return inOrder(events)
  }

  #place(events: readonly MediaEvent[]): MediaEvent[] {
    return events.flatMap((event): MediaEvent[] => {
      if (event.type === 'track') return this.#kinds.includes(event.track.kind) ? [event] : []
      const isWanted = this.#demuxer?.tracks.some(({ id, kind }) => id === event.frame.track && this.#kinds.includes(kind))
      return isWanted ? [{ type: 'frame', frame: this.#moved(event.frame) }] : []
    })
  }

  #moved(frame: Frame): Frame {
    const shift = this.#timeline.shiftOf(this.#clock ?? '', decodeTimeOf(frame))
    const timestamp = frame.timestamp + shift
    const moved = { ...frame, timestamp, ...(frame.decodeTime !== undefined && { decodeTime: frame.decodeTime + shift }) }
    this.#timeline.note(decodeTimeOf(moved))
    return moved
  }
}

/**
 * Pictures and sound of one piece by their decode times, as they are due: a segment may have its sound up to a second behind
 * its pictures, or after all of them. A track that changes does so right before its next frame.
 */
function inOrder(events: readonly MediaEvent[]): MediaEvent[] {
  const next = new Map<number, number>()
  const keyed = events.toReversed().map((event) => {
    const track = event.type === 'track' ? event.track.id : event.frame.track
    if (event.type === 'frame') next.set(track, decodeTimeOf(event.frame))
    return { event, time: next.get(track) ?? Number.POSITIVE_INFINITY }
  })
  return keyed
    .toReversed()
    .sort((a, b) => (a.time === b.time ? 0 : a.time - b.time))
    .map(({ event }) => event)
}

/** The reader for what a segment begins with. Throws `ERR_CODEC_UNSUPPORTED`. */
function demuxerFor(bytes: Uint8Array): MediaDemuxer {
  const type = String.fromCharCode(...bytes.subarray(4, 8))
  // renditions are read apart and belong together: none may move its times by itself
  if (['ftyp', 'styp', 'moov', 'moof', 'sidx', 'emsg', 'prft'].includes(type)) return new Mp4Demuxer(Number.NEGATIVE_INFINITY)
  if (bytes[0] === 0x47) return new TsDemuxer(Number.NEGATIVE_INFINITY)
  if (isPackedAudio(bytes)) return new PackedAudioDemuxer(Number.NEGATIVE_INFINITY)
  throw new ShoalError('ERR_CODEC_UNSUPPORTED', 'HLS: a segment is neither MPEG-TS nor MP4 nor AAC.')
}
