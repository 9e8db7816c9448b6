/** What a format of live streams is to those who serve it. */

import { ShoalError } from '../errors.js'
import type { Frame, Track, TrackKind } from '../stream.js'

/** Bytes to send, in order. */
export type Parts = readonly Uint8Array[]

/** A batch of frames as it is sent. */
export interface Muxed {
  readonly pieces: Parts
  readonly bytes: number
  /** Frames in it: those that the format carries. */
  readonly frames: number
}

/** A format; one object serves all viewers, so that a frame is muxed once. */
export interface LiveFormat {
  /** `MP4`, for messages. */
  readonly name: string
  /** Begins a stream of these tracks. `generation`: of the subscription. Throws `ERR_CODEC_UNSUPPORTED`. */
  open(tracks: readonly Track[], generation: number): LiveWriter
}

/** One viewer's stream from one set of tracks. */
export interface LiveWriter {
  /** MIME type of the answer. */
  readonly contentType: string
  /** Codecs of pictures and sounds that this format cannot carry. */
  readonly leftOut: readonly string[]
  /** Told over a WebSocket, as text, before {@link head}. */
  readonly announcement?: string
  /** What a viewer needs before the first frame. */
  head(): Parts
  /** May it follow `before` on one connection, without a new {@link head}? It takes over where `before` was. */
  follow(before: LiveWriter): boolean
  /** The frames with their times moved by `shift` µs. `gap`: frames before these were not sent to this viewer. */
  write(frames: readonly Frame[], shift: number, gap: boolean): Muxed
}

/** What a format made of tracks. */
export interface Choice {
  readonly carried: readonly { readonly kind: TrackKind }[]
  readonly left: readonly Track[]
}

/** Refuses what would be a black picture or nothing at all, and says what there is instead. Throws `ERR_CODEC_UNSUPPORTED`. */
export function checkChoice(format: string, { carried, left }: Choice): void {
  const codecs = left.map((track) => track.codec).join(', ') || 'none'
  if (carried.length === 0) throw new ShoalError('ERR_CODEC_UNSUPPORTED', `${format} carries none of the codecs of this stream: ${codecs}.`)
  const hasPicture = carried.some(({ kind }) => kind === 'video')
  const lost = left.find(({ kind }) => kind === 'video')
  if (hasPicture || !lost) return
  throw new ShoalError('ERR_CODEC_UNSUPPORTED', `${format} does not carry the picture of this stream, ${lost.codec}; it does carry the sound.`, {
    hint: 'Ask for the sound alone: ?tracks=audio.',
  })
}
