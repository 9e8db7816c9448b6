/** Fragmented MP4 to tracks and frames. */

import type { Frame, Track } from '../../stream.js'
import { cleanFrame, nalCodecs } from '../flv/nal-codec.js'
import { makeTrack } from '../flv/track.js'
import type { MediaDemuxer, MediaEvent } from '../media-event.js'
import { SourceClock } from '../source-clock.js'
import { type BoxHead, invalidMp4, readBoxHead } from './box-reader.js'
import { type Movie, type MovieTrack, readMovie } from './movie.js'
import { type FragmentSample, type NextTimes, readFragment } from './movie-fragment.js'

/** Largest box that is kept, in bytes. */
export const maxBoxSize = 64 * 1024 * 1024

/** Boxes that are read; others are passed over as they come. */
const wanted = new Set(['moov', 'moof', 'mdat'])

/**
 * Reads fragmented MP4: `moov`, then any number of `moof` with `mdat` behind. A further `moov` changes the tracks. Throws
 * `ERR_MEDIA_INVALID` for what is malformed or larger than {@link maxBoxSize}, `ERR_CODEC_UNSUPPORTED` for files that are
 * not fragmented, and for what is encrypted.
 */
export class Mp4Demuxer implements MediaDemuxer {
  readonly #clock: SourceClock
  #parts: Uint8Array[] = []
  #kept = 0
  #head: BoxHead | undefined
  /** Bytes of a box that is passed over. */
  #skip = 0
  /** Bytes of the stream before the present box. */
  #at = 0
  #movie: Movie | undefined
  #tracks: MovieTrack[] = []
  #moof: { readonly content: Uint8Array; readonly start: number } | undefined
  readonly #next: NextTimes = new Map()
  /** By track_ID, ticks by which pictures are shown before they are decoded, as some writers have it: decode times are moved by so much. */
  readonly #leads = new Map<number, number>()

  /** `earliest`: µs, of {@link SourceClock}. */
  constructor(earliest = 0) {
    this.#clock = new SourceClock(undefined, earliest)
  }

  get tracks(): readonly Track[] {
    return this.#tracks.map(({ track }) => track).sort((a, b) => a.id - b.id)
  }

  get complete(): boolean {
    return this.#movie !== undefined
  }

  get leftOut(): readonly string[] {
    return this.#movie?.leftOut ?? []
  }

  push(chunk: Uint8Array): MediaEvent[] {
    const events: MediaEvent[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, rest.length)
        this.#skip -= passed
        this.#at += passed
        rest = rest.subarray(passed)
        continue
      }
      this.#parts.push(rest)
      this.#kept += rest.length
      rest = new Uint8Array()
      rest = this.#boxes(events)
    }
    return events
  }

  /** Nothing waits: half a fragment is none. What comes next begins with a box. */
  flush(): MediaEvent[] {
    this.#parts = []
    this.#kept = 0
    this.#head = undefined
    this.#skip = 0
    this.#moof = undefined
    return []
  }

  /** Reads the boxes that are whole. What is left over belongs to a box that is passed over. */
  #boxes(events: MediaEvent[]): Uint8Array {
    while (this.#skip === 0) {
      this.#head ??= this.#kept >= 8 ? readBoxHead(this.#joined(), 0) : undefined
      const head = this.#head
      if (!head) return new Uint8Array()
      if (!wanted.has(head.type)) {
        if (head.size === 0) throw invalidMp4(`the box ${head.type} has no end`)
        this.#skip = head.size
        break
      }
      if (head.size === 0 || head.size > maxBoxSize) throw invalidMp4(`${head.type} has ${head.size || 'an unknown number of'} bytes, more than ${maxBoxSize}`)
      if (this.#kept < head.size) return new Uint8Array()
      const bytes = this.#joined()
      events.push(...this.#box(head, bytes.subarray(0, head.size)))
      this.#keep(bytes.subarray(head.size))
      this.#at += head.size
      this.#head = undefined
    }
    const rest = this.#joined()
    this.#keep(new Uint8Array())
    this.#head = undefined
    return rest
  }

  #joined(): Uint8Array {
    if (this.#parts.length !== 1) this.#parts = [Buffer.concat(this.#parts)]
    return this.#parts[0] as Uint8Array
  }

  #keep(bytes: Uint8Array): void {
    this.#parts = [bytes]
    this.#kept = bytes.length
  }

  #box({ type, headSize }: BoxHead, bytes: Uint8Array): MediaEvent[] {
    if (type === 'moov') return this.#header(bytes.subarray(headSize))
    if (type === 'moof') {
      this.#moof = { content: bytes.slice(headSize), start: this.#at }
      return []
    }
    const moof = this.#moof
    return moof && this.#movie ? this.#fragment(moof, bytes) : []
  }

  #header(content: Uint8Array): MediaEvent[] {
    // frames and descriptions outlive the buffer
    this.#movie = readMovie(content.slice())
    this.#tracks = [...this.#movie.tracks]
    return this.#tracks.map(({ track }) => ({ type: 'track', track }))
  }

  #fragment(moof: { readonly content: Uint8Array; readonly start: number }, mdat: Uint8Array): MediaEvent[] {
    const samples = readFragment(moof.content, this.#tracks, moof.start, this.#next)
    for (const { track, composition } of samples) if (-composition > this.#leadOf(track)) this.#leads.set(track.id, -composition)
    const before = this.#at - moof.start
    const events: MediaEvent[] = []
    for (const sample of samples.sort((a, b) => secondsOf(a) - secondsOf(b))) {
      const from = sample.offset - before
      // samples of another mdat of the same fragment
      if (from < 0 || from + sample.size > mdat.length || sample.size === 0) continue
      events.push(...this.#sample(sample, mdat.subarray(from, from + sample.size)))
    }
    return events
  }

  #sample(sample: FragmentSample, bytes: Uint8Array): MediaEvent[] {
    const own = this.#tracks.find(({ id }) => id === sample.track.id) ?? sample.track
    const { data, changed } = this.#clean(own, bytes)
    const toMicros = 1e6 / own.timescale
    const lead = this.#leadOf(own)
    const decodeTime = this.#clock.place(own.track.id, (sample.decodeTime - own.mediaTime - lead) * toMicros)
    const timestamp = decodeTime + Math.round((sample.composition + lead) * toMicros)
    const duration = Math.round(sample.duration * toMicros)
    const key = own.track.kind === 'audio' || sample.key
    const frame: Frame = {
      track: own.track.id,
      timestamp,
      ...(timestamp !== decodeTime && { decodeTime }),
      ...(duration > 0 && { duration }),
      key,
      data,
    }
    return [...changed, { type: 'frame', frame }]
  }

  #leadOf({ id }: MovieTrack): number {
    return this.#leads.get(id) ?? 0
  }

  /** Brings NAL units into the form of {@link Frame.data}; parameter sets in the stream change the track. */
  #clean(own: MovieTrack, bytes: Uint8Array): { data: Uint8Array; changed: MediaEvent[] } {
    if (own.codec !== 'avc1' && own.codec !== 'hvc1') return { data: bytes, changed: [] }
    const { data, config } = cleanFrame(nalCodecs[own.codec], bytes, own.lengthSize, own.config)
    if (!config) return { data, changed: [] }
    const changed = { ...own, ...makeTrack(own.track.id, own.codec, config), id: own.id, lengthSize: own.lengthSize }
    this.#tracks = this.#tracks.map((track) => (track === own ? changed : track))
    return { data, changed: [{ type: 'track', track: changed.track }] }
  }
}

function secondsOf({ decodeTime, track }: FragmentSample): number {
  return (decodeTime - track.mediaTime) / track.timescale
}
