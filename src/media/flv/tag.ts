/** The vocabulary of FLV tag bodies. */

import type { Frame, Track } from '../../stream.js'
import type { AmfValue } from '../amf/amf0.js'

/** What a tag carries: FLV tag types 8, 9 and 18. */
export type TagKind = 'audio' | 'video' | 'script'

/** What a tag body meant. */
export type TagEvent =
  | { readonly type: 'frame'; readonly frame: Frame }
  /** A track is there, or its configuration changed (same id). Comes before its first frame. */
  | { readonly type: 'track'; readonly track: Track }
  /** `onMetaData`. Advisory: sizes and rates of tracks come from their decoder configuration. */
  | { readonly type: 'metadata'; readonly data: Readonly<Record<string, AmfValue>> }

/** A script tag or a sequence header. It has no time of its own: send sequence headers with that of the frame that follows, and script tags with 0 (FFmpeg takes metadata with a time for a data stream). */
export interface HeaderTag {
  readonly kind: TagKind
  readonly body: readonly Uint8Array[]
}

/** A frame as a tag body. */
export interface FrameTag {
  readonly kind: 'audio' | 'video'
  /** Decode time in ms, modulo 2^32. */
  readonly timestamp: number
  /** The parts of the body, in order; the last is `frame.data` itself. */
  readonly body: readonly Uint8Array[]
}
