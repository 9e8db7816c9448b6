/** A stream's segments as playlists. URIs carry what the viewer asked with, so that each request is allowed by itself. */

import { type LowLatency, type MediaPlaylist, type PlaylistPart, type PlaylistSegment, writeMultivariantPlaylist } from '../../media/hls/playlist.js'
import type { LiveStream } from './live-stream.js'
import { durationOf, type Segment } from './segmenter.js'

/** Parameters of a viewer that its following requests need: `format`, `tracks`, `token`. */
export type Carried = readonly (readonly [name: string, value: string])[]

/** Complete segments whose parts are listed: three target durations are asked for. */
const segmentsWithParts = 3

/** Makes playlists of a stream for one viewer. */
export class View {
  readonly #stream: LiveStream
  readonly #carried: Carried
  /** Seconds. */
  readonly #part: number
  readonly #segment: number

  /** `partDuration`, `segmentDuration`: ms; a part of 0 ms is plain HLS. */
  constructor(stream: LiveStream, carried: Carried, { partDuration, segmentDuration }: { readonly partDuration: number; readonly segmentDuration: number }) {
    this.#stream = stream
    this.#carried = carried
    this.#part = stream.format === 'fmp4' ? partDuration / 1000 : 0
    this.#segment = segmentDuration / 1000
  }

  /** The multivariant playlist; there must be a segment. */
  multivariant(): string {
    const { rates, segmenter, format } = this.#stream
    const { codecs = [], tracks = [] } = segmenter.container ?? {}
    const { width, height } = tracks.find(({ kind }) => kind === 'video') ?? {}
    const size = width && height ? { width, height } : {}
    const uri = this.#uri('m3u8', { media: '1' })
    return writeMultivariantPlaylist({ uri, bandwidth: rates.peak, average: rates.average, codecs, ...size }, format === 'fmp4')
  }

  /** The media playlist as it is now. */
  media(): MediaPlaylist {
    const { segmenter, ended } = this.#stream
    const { segments, sequence, discontinuitySequence } = segmenter
    const rows = segments.map((segment, i) => this.#row(segment, this.#part > 0 && i >= segments.length - segmentsWithParts))
    return {
      target: Math.max(Math.ceil(this.#segment), Math.round(this.#stream.longest / 1e6), 1),
      sequence: segments[0]?.sequence ?? sequence,
      discontinuitySequence,
      segments: rows,
      independent: segments.every(({ independent }) => independent),
      ended,
      ...(this.#part > 0 && { lowLatency: this.#lowLatency() }),
    }
  }

  #lowLatency(): LowLatency {
    const { segmenter, ended } = this.#stream
    const { open, segments } = segmenter
    const durations = [...segments, ...(open ? [open] : [])].flatMap(({ parts }) => parts.map(({ duration }) => duration / 1e6))
    const next = ended ? {} : { next: this.#uri('m4s', { n: segmenter.sequence, part: open?.parts.length ?? 0 }) }
    const map = open && this.#map(open)
    return {
      partTarget: Math.max(this.#part, ...durations),
      parts: open ? this.#parts(open) : [],
      discontinuity: open?.discontinuity === true,
      ...(map !== undefined && { map }),
      ...next,
    }
  }

  #row(segment: Segment, withParts: boolean): PlaylistSegment {
    const map = this.#map(segment)
    return {
      uri: this.#uri(this.#stream.format === 'fmp4' ? 'm4s' : 'mpegts', { n: segment.sequence }),
      duration: durationOf(segment) / 1e6,
      discontinuity: segment.discontinuity,
      ...(map !== undefined && { map }),
      parts: withParts ? this.#parts(segment) : [],
    }
  }

  #parts({ sequence, parts }: Segment): PlaylistPart[] {
    return parts.map(({ duration, independent }, part) => ({ uri: this.#uri('m4s', { n: sequence, part }), duration: duration / 1e6, independent }))
  }

  #map({ container }: Segment): string | undefined {
    return this.#stream.format === 'fmp4' ? this.#uri('m4s', { init: container }) : undefined
  }

  /** Relative to the playlist: all have the stream's name, which is what access is decided by. */
  #uri(extension: string, own: Readonly<Record<string, string | number>>): string {
    const query = new URLSearchParams([
      ...Object.entries(own).map(([name, value]): [string, string] => [name, String(value)]),
      ...this.#carried.map(([name, value]): [string, string] => [name, value]),
    ])
    return `${encodeURIComponent(this.#stream.path.split('/').at(-1) ?? '')}.${extension}?${query}`
  }
}
