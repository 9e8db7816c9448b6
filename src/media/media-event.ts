/** What demuxers of byte streams give. */

import type { Frame, Track } from '../stream.js'

/** A frame, or a track that is new or changed; its track comes before the first frame that needs it. */
export type MediaEvent = { readonly type: 'frame'; readonly frame: Frame } | { readonly type: 'track'; readonly track: Track }

/** Reads a byte stream that arrives in pieces of any size. */
export interface MediaDemuxer {
  /** Tracks seen so far. */
  readonly tracks: readonly Track[]
  /** Has every track that the source announced shown what it is? */
  readonly complete: boolean
  /** Codecs of the source that are not read. */
  readonly leftOut: readonly string[]
  /** Takes the next piece. Frames may refer to its memory: do not reuse it. Throws `ERR_MEDIA_INVALID`, `ERR_CODEC_UNSUPPORTED`. */
  push(chunk: Uint8Array): MediaEvent[]
  /** What waits for more that will not come: at the end of the stream, or of a segment. */
  flush(): MediaEvent[]
}
