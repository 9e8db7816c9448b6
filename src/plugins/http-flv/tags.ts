/** FLV tags of frames, made once for all viewers. */

import { flvHeader, flvTag } from '../../media/flv/muxer.js'
import { type HeaderTag, TagWriter } from '../../media/flv/tag-body.js'
import { Pieces } from '../../media/pieces.js'
import type { Frame, Track } from '../../stream.js'
import { BatchCache } from '../../viewing/batch-cache.js'
import { flvChoice } from '../../viewing/flv-choice.js'
import type { Choice, Parts } from '../../viewing/format.js'
import { NewestGroup } from '../../viewing/newest-group.js'

/** A batch of frames as it is sent. */
export interface TagBatch {
  readonly pieces: Parts
  readonly bytes: number
  /** Frames in it: those that FLV can carry. */
  readonly frames: number
}

/** What is made for viewers, by the tracks they see: the hub gives the same list of tracks to all who see the same. */
export class FlvTags {
  readonly #formats = new WeakMap<readonly Track[], FlvFormat>()

  /** Those of `tracks`. */
  of(tracks: readonly Track[]): FlvFormat {
    let format = this.#formats.get(tracks)
    if (!format) {
      format = new FlvFormat(tracks)
      this.#formats.set(tracks, format)
    }
    return format
  }
}

/**
 * One stream as FLV. A batch is made once: all viewers that are up to date get the same bytes. The tags of the newest group are kept,
 * so that a viewer who joins gets it as ready bytes.
 */
export class FlvFormat {
  /** What FLV carries of the tracks, and what it does not. */
  readonly choice: Choice
  readonly #writer: TagWriter
  #headers: readonly HeaderTag[] | undefined
  /** By their shift of time. */
  readonly #batches = new BatchCache<TagBatch>()
  readonly #newest = new NewestGroup()

  constructor(tracks: readonly Track[]) {
    this.#writer = new TagWriter(tracks)
    this.choice = flvChoice(this.#writer, tracks)
  }

  /** The file header, 13 bytes. */
  file(): Uint8Array {
    return flvHeader(this.#writer.kinds)
  }

  /**
   * What a viewer needs before the first frame, and again when its tracks change: metadata and sequence headers. `timestamp`: ms, that of
   * the next frame; metadata has 0, because FFmpeg takes one with a time for a data stream of its own.
   */
  headers(timestamp: number): Parts {
    this.#headers ??= this.#writer.headers()
    return this.#headers.map((tag) => Buffer.concat(flvTag(tag.kind, tag.kind === 'script' ? 0 : timestamp, tag.body)))
  }

  /** The tags of a batch with their times moved by `shift` ms, without the frames that FLV cannot carry. */
  batch(frames: readonly Frame[], shift: number): TagBatch {
    return this.#batches.get(frames, shift) ?? this.#batches.keep(frames, shift, this.#make(frames, shift))
  }

  #make(frames: readonly Frame[], shift: number): TagBatch {
    const pieces = new Pieces()
    let count = 0
    for (const frame of frames) {
      const ready = shift === 0 ? this.#newest.get(frame) : undefined
      if (ready) pieces.addReady(ready)
      else if (!this.#write(frame, shift, pieces)) continue
      count++
    }
    return { pieces: pieces.end(), bytes: pieces.bytes, frames: count }
  }

  #write(frame: Frame, shift: number, pieces: Pieces): boolean {
    const tag = this.#writer.write(frame)
    if (!tag) return false
    const keep = shift === 0 && this.#newest.takes(frame, tag.kind)
    pieces.add(flvTag(tag.kind, tag.timestamp + shift, tag.body), keep ? (bytes) => this.#newest.keep(frame, bytes) : undefined)
    return true
  }
}
