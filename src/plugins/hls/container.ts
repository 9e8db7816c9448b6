/** The two forms of segments: fragmented MP4 and MPEG-TS. */

import { ShoalError } from '../../errors.js'
import { fragment, type Mp4Run, type Mp4Sample, toSample } from '../../media/mp4/fragment.js'
import { initSegment } from '../../media/mp4/init-segment.js'
import { chooseMp4Tracks, type Mp4Track } from '../../media/mp4/track.js'
import { TsMuxer, type TsPosition, tsStart } from '../../media/mpegts/muxer.js'
import { chooseTsTracks } from '../../media/mpegts/track.js'
import { sameBytes } from '../../media/nal.js'
import type { Frame, Track } from '../../stream.js'
import { checkChoice } from '../../viewing/format.js'

/** Names of the forms, as `?format=` has them. */
export type Format = 'fmp4' | 'ts'

/** A frame with the µs to add to its times. */
export interface TimedFrame {
  readonly frame: Frame
  readonly shift: number
}

/** Makes the bytes of one stream's segments. */
export interface Container {
  readonly tracks: readonly Track[]
  /** As `CODECS` has them. */
  readonly codecs: readonly string[]
  /** What a decoder needs first; MPEG-TS has it in each segment. */
  readonly init: Uint8Array | undefined
  /** May segments of this follow those of `before` without a discontinuity? */
  follows(before: Container): boolean
  /** Bytes of these frames. `opens`: they begin a segment. `step`: µs of a frame that does not say how long it lasts. */
  part(frames: readonly TimedFrame[], opens: boolean, step: number): Uint8Array
}

/** Opens a container for the tracks. Throws `ERR_CODEC_UNSUPPORTED`. */
export function openContainer(format: Format, tracks: readonly Track[]): Container {
  return format === 'ts' ? new TsContainer(tracks) : new Mp4Container(tracks)
}

class Mp4Container implements Container {
  readonly tracks: readonly Track[]
  readonly codecs: readonly string[]
  readonly init: Uint8Array
  readonly #tracks: readonly Mp4Track[]
  #sequence = 0

  constructor(tracks: readonly Track[]) {
    const choice = chooseMp4Tracks(tracks)
    checkChoice('HLS with fragmented MP4', choice)
    this.#tracks = choice.carried
    this.tracks = choice.carried.map(({ track }) => track)
    this.codecs = choice.carried.map(({ codec }) => (codec === 'mp4a.6B' ? 'mp4a.40.34' : codec))
    this.init = initSegment(choice.carried)
  }

  follows(before: Container): boolean {
    if (!(before instanceof Mp4Container) || !sameBytes(before.init, this.init)) return false
    this.#sequence = before.#sequence
    return true
  }

  part(frames: readonly TimedFrame[], _opens: boolean, step: number): Uint8Array {
    const runs = this.#tracks.map((track): Mp4Run => {
      const own = frames.filter(({ frame }) => frame.track === track.track.id)
      return { track, samples: untilNext(own.map(({ frame, shift }) => toSample(track, frame, shift, track.durationOf(frame) || step))) }
    })
    this.#sequence = (this.#sequence + 1) % 2 ** 32
    return Buffer.concat(
      fragment(
        this.#sequence,
        runs.filter(({ samples }) => samples.length > 0),
      ),
    )
  }
}

/** Each sample lasts until the next one; the last as long as it says. */
function untilNext(samples: readonly Mp4Sample[]): Mp4Sample[] {
  return samples.map((sample, i) => {
    const next = samples[i + 1]
    return next && next.decodeTime > sample.decodeTime ? { ...sample, duration: next.decodeTime - sample.decodeTime } : sample
  })
}

class TsContainer implements Container {
  readonly tracks: readonly Track[]
  readonly codecs: readonly string[]
  readonly init = undefined
  readonly #muxer: TsMuxer
  #position: TsPosition = tsStart

  constructor(tracks: readonly Track[]) {
    const choice = chooseTsTracks(tracks)
    checkChoice('HLS with MPEG-TS', choice)
    this.tracks = choice.carried.map(({ track }) => track)
    this.codecs = this.tracks.map(({ codec }) => (/^(mp3|mp4a\.6[9bB])$/.test(codec) ? 'mp4a.40.34' : codec))
    this.#muxer = new TsMuxer(choice.carried)
  }

  follows(before: Container): boolean {
    const of = ({ tracks }: Container): string =>
      tracks.map(({ id, codec, width, height, sampleRate }) => [id, codec, width, height, sampleRate].join()).join(';')
    if (!(before instanceof TsContainer) || of(before) !== of(this)) return false
    this.#position = before.#position
    return true
  }

  part(frames: readonly TimedFrame[], opens: boolean): Uint8Array {
    if (opens) this.#position = { ...this.#position, tablesAt: undefined }
    const units = frames.map(({ frame, shift }) => {
      const unit = this.#write(frame, shift)
      if (unit) this.#position = unit.after
      return unit?.bytes ?? new Uint8Array()
    })
    return Buffer.concat(units)
  }

  /** A frame whose data is broken is left out, as a decoder would. */
  #write(frame: Frame, shift: number): ReturnType<TsMuxer['write']> {
    try {
      return this.#muxer.write(frame, shift, this.#position)
    } catch (error) {
      if (error instanceof ShoalError) return undefined
      throw error
    }
  }
}
