/** Movie fragments: `moof` and `mdat` (ISO/IEC 14496-12 8.8). */

import type { Frame } from '../../stream.js'
import type { Mp4Track } from './track.js'

/** A frame in ticks of its track. */
export interface Mp4Sample {
  /** 0 or more. */
  readonly decodeTime: number
  /** Presentation minus decoding; may be less than 0. */
  readonly composition: number
  readonly duration: number
  readonly key: boolean
  readonly data: Uint8Array
}

/** Samples of one track, in decode order. */
export interface Mp4Run {
  readonly track: Mp4Track
  readonly samples: readonly Mp4Sample[]
}

/** The frame as a sample. `shift`: µs added to its times; `duration`: µs. A decode time before 0 does not exist in MP4 and becomes 0, with the presentation kept. */
export function toSample(track: Mp4Track, frame: Frame, shift: number, duration: number): Mp4Sample {
  const ticks = (time: number): number => Math.round((time * track.timescale) / 1e6)
  const decodeTime = Math.max(0, ticks((frame.decodeTime ?? frame.timestamp) + shift))
  const composition = ticks(frame.timestamp + shift) - decodeTime
  return { decodeTime, composition, duration: ticks(duration), key: frame.key || track.kind === 'audio', data: frame.data }
}

const tfhdSize = 16
const tfdtSize = 20
const trunHead = 20
const sampleSize = 16
const trafHead = 8 + tfhdSize + tfdtSize + trunHead

/** sample_depends_on and sample_is_non_sync_sample (8.8.3.1). */
const keySample = 0x0200_0000
const deltaSample = 0x0101_0000

/**
 * A fragment: everything before the data, then the data of all samples, run by run, without a copy. `sequence`: of the
 * fragment in its stream, modulo 2^32. Runs must not be empty.
 */
export function fragment(sequence: number, runs: readonly Mp4Run[]): Uint8Array[] {
  const moofSize = 8 + 16 + runs.reduce((sum, { samples }) => sum + trafHead + sampleSize * samples.length, 0)
  const data = runs.flatMap(({ samples }) => samples.map((sample) => sample.data))
  const writer = new BoxWriter(moofSize + 8)
  writer.box(moofSize, 'moof')
  writer.box(16, 'mfhd').put(0, sequence)
  let offset = moofSize + 8
  for (const run of runs) {
    writeRun(writer, run, offset)
    offset += run.samples.reduce((sum, sample) => sum + sample.data.length, 0)
  }
  writer.box(offset - moofSize, 'mdat')
  return [writer.bytes, ...data]
}

function writeRun(writer: BoxWriter, { track, samples }: Mp4Run, offset: number): void {
  const runSize = trunHead + sampleSize * samples.length
  const defaultBaseIsMoof = 0x02_0000
  writer.box(8 + tfhdSize + tfdtSize + runSize, 'traf')
  writer.box(tfhdSize, 'tfhd').put(defaultBaseIsMoof, track.id)
  writer.box(tfdtSize, 'tfdt').put(0x0100_0000)
  writer.put64(samples[0]?.decodeTime ?? 0)
  // version 1, signed composition offsets; data offset; duration, size, flags and composition of each sample
  writer.box(runSize, 'trun').put(0x0100_0f01, samples.length, offset)
  for (const sample of samples) writer.put(sample.duration, sample.data.length, sample.key ? keySample : deltaSample, sample.composition)
}

/** Writes boxes of known sizes one after the other. */
class BoxWriter {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
    this.#view = new DataView(this.bytes.buffer)
  }

  box(size: number, type: string): this {
    this.#view.setUint32(this.#at, size)
    for (let i = 0; i < 4; i++) this.bytes[this.#at + 4 + i] = type.charCodeAt(i)
    this.#at += 8
    return this
  }

  /** 32 bits each; numbers less than 0 as two's complement. */
  put(...values: readonly number[]): void {
    for (const value of values) {
      this.#view.setUint32(this.#at, value)
      this.#at += 4
    }
  }

  put64(value: number): void {
    this.#view.setBigUint64(this.#at, BigInt(value))
    this.#at += 8
  }
}
