/** Reading movie fragments: which bytes are which sample (ISO/IEC 14496-12 8.8). */

import { ShoalError } from '../../errors.js'
import { FieldReader, findBox, invalidMp4, type Mp4Box, readBoxes } from './box-reader.js'
import type { MovieTrack, SampleDefaults } from './movie.js'

/** Samples a fragment may have. */
const maxSamples = 100_000

/** A sample, and where its bytes are. */
export interface FragmentSample {
  readonly track: MovieTrack
  /** Ticks. */
  readonly decodeTime: number
  readonly composition: number
  readonly duration: number
  readonly key: boolean
  /** From the start of `moof`. */
  readonly offset: number
  readonly size: number
}

/** Where a track is: ticks at which its next sample is decoded, for fragments that do not say it. */
export type NextTimes = Map<number, number>

/** sample_is_non_sync_sample (8.8.3.1). */
const nonSync = 0x1_0000

/** The samples of a `moof`, tracks that are not read left out. Throws `ERR_MEDIA_INVALID`, and `ERR_CODEC_UNSUPPORTED` for what is encrypted. */
export function readFragment(moof: Uint8Array, tracks: readonly MovieTrack[], moofStart: number, next: NextTimes): FragmentSample[] {
  const samples: FragmentSample[] = []
  let end = 0
  for (const { type, content } of readBoxes(moof)) {
    if (type !== 'traf') continue
    const boxes = readBoxes(content)
    const run = readHeader(boxes, tracks, moofStart, end)
    for (const box of boxes) {
      if (box.type !== 'trun') continue
      const read = readRun(box.content, run, samples.length)
      if (run.track) samples.push(...read)
    }
    end = run.offset
    if (run.track) next.set(run.track.id, run.time)
  }
  return samples

  function readHeader(boxes: readonly Mp4Box[], known: readonly MovieTrack[], start: number, before: number): Run {
    const header = findBox(boxes, 'tfhd')
    if (!header) throw invalidMp4('a track fragment without tfhd')
    const { id, base, ...defaults } = readFragmentHeader(header)
    const track = known.find((each) => each.id === id)
    if (track && boxes.some(({ type }) => type === 'senc')) throw new ShoalError('ERR_CODEC_UNSUPPORTED', 'MP4: the stream is encrypted.')
    const time = readDecodeTime(findBox(boxes, 'tfdt')) ?? next.get(id) ?? 0
    const origin = base === 'moof' ? 0 : base === 'before' ? before : base - start
    return { track, time, origin, offset: origin, defaults: { ...(track?.defaults ?? { duration: 0, size: 0, flags: 0 }), ...defaults } }
  }
}

/** Where reading of a track fragment is. */
interface Run {
  readonly track: MovieTrack | undefined
  readonly defaults: SampleDefaults
  /** What data offsets are relative to, from the start of `moof`. */
  readonly origin: number
  /** Of the next sample, from the start of `moof`. */
  offset: number
  /** Ticks of the next sample. */
  time: number
}

function readFragmentHeader(content: Uint8Array): Partial<SampleDefaults> & { readonly id: number; readonly base: number | 'moof' | 'before' } {
  const reader = new FieldReader(content, 'tfhd')
  const id = reader.u32()
  const has = (flag: number): boolean => (reader.flags & flag) !== 0
  // without a base the first fragment counts from moof, and further ones from the end of the data before
  const base = has(1) ? reader.u64() : has(0x2_0000) ? ('moof' as const) : ('before' as const)
  if (has(2)) reader.skip(4)
  const duration = has(8) ? { duration: reader.u32() } : {}
  const size = has(0x10) ? { size: reader.u32() } : {}
  const flags = has(0x20) ? { flags: reader.u32() } : {}
  return { id, base, ...duration, ...size, ...flags }
}

function readDecodeTime(content: Uint8Array | undefined): number | undefined {
  if (!content) return undefined
  const reader = new FieldReader(content, 'tfdt')
  return reader.version === 1 ? reader.u64() : reader.u32()
}

function readRun(content: Uint8Array, run: Run, known: number): FragmentSample[] {
  const reader = new FieldReader(content, 'trun')
  const has = (flag: number): boolean => (reader.flags & flag) !== 0
  const count = reader.u32()
  if (known + count > maxSamples) throw invalidMp4(`a fragment of more than ${maxSamples} samples`)
  if (has(1)) run.offset = run.origin + reader.i32()
  const firstFlags = has(4) ? reader.u32() : undefined
  return Array.from({ length: count }, (_, n) => {
    const duration = has(0x100) ? reader.u32() : run.defaults.duration
    const size = has(0x200) ? reader.u32() : run.defaults.size
    const own = has(0x400) ? reader.u32() : run.defaults.flags
    const composition = has(0x800) ? (reader.version === 0 ? reader.u32() : reader.i32()) : 0
    const flags = n === 0 ? (firstFlags ?? own) : own
    const { track, time: decodeTime, offset } = run
    run.offset += size
    run.time += duration
    if (!Number.isSafeInteger(run.time)) throw invalidMp4('a time is too large')
    // only read where the track is
    return { track: track as MovieTrack, decodeTime, composition, duration, key: (flags & nonSync) === 0, offset, size }
  })
}
