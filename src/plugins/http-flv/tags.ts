/** FLV tags of frames, made once for all viewers. */

import { flvHeader, flvTag } from '../../media/flv/muxer.js'
import { TagWriter } from '../../media/flv/tag-body.js'
import type { Frame, Track } from '../../stream.js'

/** Bytes to send, in order. */
export type Parts = readonly Uint8Array[]

/** Bytes of one piece: a write of a few pieces costs much less than one of the many parts that tags consist of. */
const pieceSize = 256 * 1024

/** A batch of frames as it is sent. */
export interface TagBatch {
  readonly pieces: Parts
  readonly bytes: number
  /** Frames in it: those that FLV can carry. */
  readonly frames: number
}

/** A tag for one shift of time. Viewers have different shifts only where they lived through different changes of publisher, so the list is short. */
interface Made<T> {
  readonly shift: number
  readonly value: T
  readonly next: Made<T> | undefined
}

/** What was made of a key, for each shift. */
class Cache<K extends WeakKey, T> {
  readonly #made = new WeakMap<K, Made<T>>()

  of(key: K, shift: number, make: () => T): T {
    const first = this.#made.get(key)
    for (let made = first; made; made = made.next) if (made.shift === shift) return made.value
    const value = make()
    this.#made.set(key, { shift, value, next: first })
    return value
  }
}

/**
 * Makes the tags. A tag lives as long as its frame, which the stream's buffer decides, and holds no copy of its data. The
 * pieces that are sent are copies; they live as long as their batch, which all viewers that are up to date get alike.
 */
export class FlvTags {
  readonly #tags = new Cache<Frame, Parts>()
  readonly #batches = new Cache<readonly Frame[], TagBatch>()

  /** The tags of a batch with their times moved by `shift` ms, without the frames that FLV cannot carry. */
  of(frames: readonly Frame[], writer: TagWriter, shift: number): TagBatch {
    return this.#batches.of(frames, shift, () => join(frames.map((frame) => this.#tag(frame, writer, shift))))
  }

  #tag(frame: Frame, writer: TagWriter, shift: number): Parts {
    return this.#tags.of(frame, shift, () => {
      const tag = writer.write(frame)
      return tag ? flvTag(tag.kind, tag.timestamp + shift, tag.body) : []
    })
  }
}

/** What a viewer needs before the first frame, and again when its tracks change: metadata and sequence headers. */
export class FlvHeaders {
  readonly writer: TagWriter
  readonly tracks: readonly Track[]

  constructor(tracks: readonly Track[]) {
    this.tracks = tracks
    this.writer = new TagWriter(tracks)
  }

  /** Is there anything that FLV carries? */
  get isEmpty(): boolean {
    return !this.writer.kinds.audio && !this.writer.kinds.video
  }

  /** The file header, 13 bytes. */
  file(): Parts {
    return [flvHeader(this.writer.kinds)]
  }

  /** `timestamp` in ms: that of the next frame. Metadata has 0, because FFmpeg takes one with a time for a data stream of its own. */
  tags(timestamp: number): Parts {
    return this.writer.headers().map((tag) => Buffer.concat(flvTag(tag.kind, tag.kind === 'script' ? 0 : timestamp, tag.body)))
  }
}

/** Bytes of all parts. */
export function sizeOf(parts: Parts): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

/** Joins tags to pieces of `pieceSize` bytes or, where a tag is larger, of one tag. */
function join(tags: readonly Parts[]): TagBatch {
  const pieces: Uint8Array[] = []
  let parts: Uint8Array[] = []
  let size = 0
  let bytes = 0
  for (const tag of tags) {
    const length = sizeOf(tag)
    if (size > 0 && size + length > pieceSize) {
      pieces.push(Buffer.concat(parts, size))
      parts = []
      size = 0
    }
    parts.push(...tag)
    size += length
    bytes += length
  }
  if (size > 0) pieces.push(Buffer.concat(parts, size))
  return { pieces, bytes, frames: tags.filter((tag) => tag.length > 0).length }
}
