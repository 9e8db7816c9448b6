/** Fragmented MP4 for many viewers: each frame is one fragment, made once. */

import { fragment, toSample } from '../../media/mp4/fragment.js'
import { initSegment } from '../../media/mp4/init-segment.js'
import { chooseMp4Tracks, type Mp4Choice, type Mp4Track, mp4MimeType } from '../../media/mp4/track.js'
import { sameBytes } from '../../media/nal.js'
import type { Frame, Track } from '../../stream.js'
import { BatchCache } from '../../viewing/batch-cache.js'
import { decodeTimeOf } from '../../viewing/continuity.js'
import { checkChoice, type LiveFormat, type LiveWriter, type Muxed, type Parts } from '../../viewing/format.js'
import { joinUnits, MuxedCache } from '../../viewing/muxed-cache.js'

/** What all writers share. */
interface Shared {
  readonly fragments: MuxedCache<Frame, Parts>
  readonly batches: BatchCache<Muxed>
}

/** The format. A fragment lives as long as its frame, which the stream's buffer decides, and holds no copy of its data. */
export class Mp4Format implements LiveFormat {
  readonly name = 'MP4'
  readonly #shared: Shared = { fragments: new MuxedCache(), batches: new BatchCache() }

  open(tracks: readonly Track[]): Mp4Writer {
    const choice = chooseMp4Tracks(tracks)
    checkChoice(this.name, choice)
    return new Mp4Writer(choice, this.#shared)
  }
}

/** One viewer's stream. */
export class Mp4Writer implements LiveWriter {
  readonly contentType: string
  readonly announcement: string
  readonly leftOut: readonly string[]
  readonly #tracks: readonly Mp4Track[]
  readonly #init: Uint8Array
  readonly #shared: Shared
  readonly #durations = new Durations()

  constructor({ carried, left }: Mp4Choice, shared: Shared) {
    this.#tracks = carried
    this.#shared = shared
    this.#init = initSegment(carried)
    this.announcement = mp4MimeType(carried)
    this.contentType = this.announcement.split(';')[0] ?? this.announcement
    this.leftOut = left.map(({ codec }) => codec)
  }

  head(): Parts {
    return [this.#init]
  }

  /** Fragments speak of what stands in the first init segment, so only equal ones go on. */
  follow(before: LiveWriter): boolean {
    return before instanceof Mp4Writer && sameBytes(before.#init, this.#init)
  }

  write(frames: readonly Frame[], shift: number): Muxed {
    return this.#shared.batches.of(frames, shift, () => joinUnits(frames.map((frame) => this.#fragment(frame, shift))))
  }

  #fragment(frame: Frame, shift: number): Parts {
    return this.#shared.fragments.of(frame, shift, () => {
      const track = this.#tracks.find((one) => one.track.id === frame.track)
      if (!track) return []
      const duration = track.durationOf(frame) || this.#durations.of(frame)
      return fragment(sequenceOf(frame, shift), [{ track, samples: [toSample(track, frame, shift, duration)] }])
    })
  }
}

/** Rises with time and is the same for all viewers: ms, modulo 2^32. */
function sequenceOf(frame: Frame, shift: number): number {
  return (Math.max(0, Math.floor((decodeTimeOf(frame) + shift) / 1000)) % 0xffff_ffff) + 1
}

/** µs at the most that a picture is said to last: what comes after it says when it is over. */
const longest = 1_000_000

/** µs of the first picture, which has no distance to one before. */
const usual = 40_000

/** Durations of frames that have none: the distance to the one before. */
export class Durations {
  #last: { readonly time: number; readonly duration: number } | undefined

  /** µs. */
  of(frame: Frame): number {
    const time = decodeTimeOf(frame)
    const step = this.#last ? time - this.#last.time : usual
    const duration = step > 0 && step <= longest ? step : (this.#last?.duration ?? usual)
    this.#last = { time, duration }
    return duration
  }
}
