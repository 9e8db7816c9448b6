/** MPEG-TS for many viewers: each frame is made into packets once. */

import { ShoalError } from '../errors.js'
import { TsMuxer, type TsPosition, type TsUnit, tsStart } from '../media/mpegts/muxer.js'
import { chooseTsTracks, type TsChoice } from '../media/mpegts/track.js'
import type { Frame, Track } from '../stream.js'
import { BatchCache } from './batch-cache.js'
import { checkChoice, type LiveFormat, type LiveWriter, type Muxed, type Parts } from './format.js'
import { joinUnits, MuxedCache } from './muxed-cache.js'

/** A frame as packets between two positions; `clock` tells the muxers and shifts of time apart. */
interface Made extends TsUnit {
  readonly clock: string
  readonly before: TsPosition
}

/** What all writers share. */
interface Shared {
  readonly units: MuxedCache<Frame, Made>
  readonly batches: BatchCache<{ readonly muxed: Muxed; readonly after: TsPosition }>
}

/**
 * The format. Packets carry counters, so bytes serve only viewers that stand alike. A viewer that comes begins with the
 * counters of those who had the same frame before it, and stands like them from then on.
 */
export class TsFormat implements LiveFormat {
  readonly name = 'MPEG-TS'
  readonly #shared: Shared = { units: new MuxedCache(), batches: new BatchCache() }

  open(tracks: readonly Track[], generation: number): TsWriter {
    const choice = chooseTsTracks(tracks)
    checkChoice(this.name, choice)
    return new TsWriter(choice, generation, this.#shared)
  }
}

/** One viewer's stream. */
export class TsWriter implements LiveWriter {
  readonly contentType = 'video/mp2t'
  readonly leftOut: readonly string[]
  readonly #muxer: TsMuxer
  readonly #version: string
  readonly #shared: Shared
  #position: TsPosition = tsStart
  /** No frame has been sent: the counters may be those of others. */
  #fresh = true

  constructor({ carried, left }: TsChoice, generation: number, shared: Shared) {
    this.leftOut = left.map(({ codec }) => codec)
    this.#version = `${generation & 31} ${carried.map(({ kind }) => kind).join()}`
    this.#muxer = new TsMuxer(carried, generation)
    this.#shared = shared
  }

  /** Tables come with the first frame. */
  head(): Parts {
    return []
  }

  /** A new program map says what is different. */
  follow(before: LiveWriter): boolean {
    if (!(before instanceof TsWriter)) return false
    this.#position = { ...before.#position, tablesAt: undefined }
    this.#fresh = before.#fresh
    return true
  }

  write(frames: readonly Frame[], shift: number, gap: boolean): Muxed {
    const clock = `${this.#version} ${shift}`
    const lead = frames[0] && (gap || this.#fresh) ? this.#enter(frames[0], clock, gap) : []
    const { tables, video, audio, data, tablesAt } = this.#position
    const variant = `${clock} ${tables} ${video} ${audio} ${data} ${tablesAt}`
    const { muxed, after } = this.#shared.batches.of(frames, variant, () => this.#join(frames, shift, clock))
    this.#position = after
    if (lead.length === 0) return muxed
    return { pieces: [...lead, ...muxed.pieces], bytes: muxed.bytes + lead.reduce((sum, part) => sum + part.length, 0), frames: muxed.frames }
  }

  /** Takes the place of those who had this frame, after a word about the jump; what to send before it. */
  #enter(frame: Frame, clock: string, gap: boolean): Uint8Array[] {
    const isNew = this.#fresh
    const from = this.#position
    const known = this.#shared.units.find(frame, (made) => made.clock === clock)
    if (known) this.#position = known.before
    this.#fresh = false
    if (gap && !isNew) return [this.#muxer.gap(from)]
    // a unit in the middle of sound has no tables of its own
    const hasTables = !known || known.after.tables !== known.before.tables
    return hasTables ? [] : [this.#muxer.tables({ ...known.before, tables: (known.before.tables + 15) & 15 })]
  }

  #join(frames: readonly Frame[], shift: number, clock: string): { muxed: Muxed; after: TsPosition } {
    let position = this.#position
    const units = frames.map((frame) => {
      const { tables, video, audio, data, tablesAt } = position
      const unit = this.#shared.units.of(frame, `${clock} ${tables} ${video} ${audio} ${data} ${tablesAt}`, () => this.#make(frame, shift, clock, position))
      position = unit.after
      return unit.bytes.length > 0 ? [unit.bytes] : []
    })
    return { muxed: joinUnits(units), after: position }
  }

  /** A frame whose data is broken is left out, as a decoder would. */
  #make(frame: Frame, shift: number, clock: string, before: TsPosition): Made {
    const nothing = { bytes: new Uint8Array(), after: before, before, clock }
    try {
      const unit = this.#muxer.write(frame, shift, before)
      return unit ? { ...unit, before, clock } : nothing
    } catch (error) {
      if (error instanceof ShoalError) return nothing
      throw error
    }
  }
}
