/** An FLV file as a sequence of frames, as often as it is wanted. */

import type { FileHandle } from 'node:fs/promises'
import { ShoalError } from '../../errors.js'
import { FlvDemuxer } from '../../media/flv/demuxer.js'
import type { TagEvent } from '../../media/flv/tag-body.js'
import type { Frame, Track } from '../../stream.js'

/** Bytes read at a time: all that is read ahead. */
const pieceSize = 64 * 1024

/** Frames that are looked at for tracks before a stream begins. */
const probeFrames = 300

/** µs that a pass takes at least, so that a file of one picture does not spin. */
const shortestPass = 40_000

/** A frame or a changed track, in order. */
export type RecordingEvent = { readonly type: 'frame'; readonly frame: Frame } | { readonly type: 'track'; readonly track: Track }

/** One FLV file that is open. */
export class Recording {
  readonly #file: FileHandle

  /** Whoever opened the file closes it. */
  constructor(file: FileHandle) {
    this.#file = file
  }

  /**
   * The tracks of the file: reads until each kind that its header announces has shown its codec, at most 300 frames.
   * Throws `ERR_MEDIA_INVALID` for a file without tracks, and what {@link FlvDemuxer} throws.
   */
  async probe(): Promise<readonly Track[]> {
    const demuxer = new FlvDemuxer()
    let frames = 0
    for await (const event of this.#read(demuxer)) {
      if (event.type === 'frame') frames++
      if (frames >= probeFrames || hasAll(demuxer)) break
    }
    if (frames === 0 && demuxer.tracks.length === 0) throw new ShoalError('ERR_MEDIA_INVALID', 'The file has no sound and no picture that can be read.')
    return demuxer.tracks
  }

  /** Frames and track changes from start to end, then again and again where `loop` is set. Times go on where the last pass ended. */
  async *play(loop: boolean): AsyncGenerator<RecordingEvent, void, undefined> {
    let shift = 0
    do {
      const pass = new Pass()
      for await (const event of this.#read(new FlvDemuxer())) {
        if (event.type === 'track') yield event
        if (event.type !== 'frame') continue
        pass.add(event.frame)
        yield { type: 'frame', frame: moved(event.frame, shift) }
      }
      if (pass.isEmpty) throw new ShoalError('ERR_MEDIA_INVALID', 'The file has no frames.')
      shift += pass.length
    } while (loop)
  }

  async *#read(demuxer: FlvDemuxer): AsyncGenerator<TagEvent, void, undefined> {
    for (let at = 0; ; ) {
      // a new array each time, because frames keep referring to it
      const piece = new Uint8Array(pieceSize)
      const { bytesRead } = await this.#file.read(piece, 0, pieceSize, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield* demuxer.push(piece.subarray(0, bytesRead))
    }
  }
}

function hasAll({ announced, tracks }: FlvDemuxer): boolean {
  const has = (kind: Track['kind']): boolean => tracks.some((track) => track.kind === kind)
  const nothing = !announced || (!announced.audio && !announced.video)
  return nothing ? has('audio') && has('video') : (!announced.audio || has('audio')) && (!announced.video || has('video'))
}

/** How long one pass through the file is, on the clock of its frames. */
class Pass {
  readonly #tracks = new Map<number, { readonly first: number; last: number; frames: number }>()

  add(frame: Frame): void {
    const time = decodeTime(frame)
    const track = this.#tracks.get(frame.track) ?? { first: time, last: time, frames: 0 }
    this.#tracks.set(frame.track, track)
    track.last = time
    track.frames++
  }

  get isEmpty(): boolean {
    return this.#tracks.size === 0
  }

  /** µs of the longest track, taking its last frame to be as long as the others: moved by so much, no track overlaps itself. */
  get length(): number {
    const lengths = [...this.#tracks.values()].map(({ first, last, frames }) => (frames > 1 ? ((last - first) * frames) / (frames - 1) : 0))
    return Math.max(shortestPass, Math.round(Math.max(...lengths)))
  }
}

function moved(frame: Frame, shift: number): Frame {
  if (shift === 0) return frame
  return { ...frame, timestamp: frame.timestamp + shift, ...(frame.decodeTime !== undefined && { decodeTime: frame.decodeTime + shift }) }
}

/** Decode time in µs. */
export function decodeTime(frame: Frame): number {
  return frame.decodeTime ?? frame.timestamp
}
