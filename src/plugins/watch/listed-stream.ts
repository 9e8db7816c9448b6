/** A stream as pages see it. */

import type { StreamInfo, StreamVersion, Track } from '../../stream.js'

/** What a page is told of a stream: no more than whoever plays it can find out. */
export interface ListedStream {
  readonly path: string
  readonly tracks: readonly Omit<Track, 'description'>[]
  readonly viewers: number
  /** Bits a second. */
  readonly bitrate: number
  /** Frames that late readers missed, all together. */
  readonly dropped: number
  /** Wall clock, ms since 1970. A new publisher is a new stream. */
  readonly since: number
  /** In other codecs, made when somebody plays them. */
  readonly versions: readonly StreamVersion[]
}

/** Leaves out where it comes from, and what decoders need. */
export function listed({ path, tracks, subscribers, bitrate, framesDropped, since }: StreamInfo, versions: readonly StreamVersion[]): ListedStream {
  return {
    path,
    tracks: tracks.map(({ description: _, ...track }) => track),
    viewers: subscribers,
    bitrate: Math.round(bitrate),
    dropped: framesDropped,
    since,
    versions,
  }
}
