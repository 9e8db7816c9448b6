import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TsMuxer, type TsPosition, tsStart } from '../../../../src/media/mpegts/muxer.js'
import { associationSection, crc32, mapSection } from '../../../../src/media/mpegts/section.js'
import { chooseTsTracks } from '../../../../src/media/mpegts/track.js'
import { fromAnnexB, joinNals } from '../../../../src/media/nal.js'
import type { Frame, Track } from '../../../../src/stream.js'
import { avcConfigs, codeOf, hevcConfigs, hex } from '../configs.js'
import { packetsOf, unitsOf } from './reader.js'

const avc: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const hevc: Track = { id: 1, kind: 'video', codec: 'hvc1.1.6.L63.90', description: hex(hevcConfigs[0]?.hex ?? '') }
const aac: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }

const picture = (timestamp: number, more: Partial<Frame> = {}): Frame => ({
  track: 1,
  timestamp,
  key: false,
  data: joinNals([Uint8Array.of(0x41, 9, 9)]),
  ...more,
})
const sound = (timestamp: number, data: Uint8Array = Uint8Array.of(0x21, 1)): Frame => ({ track: 2, timestamp, key: true, data })
const muxerOf = (...tracks: readonly Track[]): TsMuxer => new TsMuxer(chooseTsTracks(tracks).carried)

/** All frames one after the other. */
function mux(muxer: TsMuxer, frames: readonly Frame[], shift = 0, from: TsPosition = tsStart): Buffer {
  let position = from
  const parts = frames.map((frame) => {
    const unit = muxer.write(frame, shift, position)
    position = unit?.after ?? position
    return unit?.bytes ?? new Uint8Array()
  })
  return Buffer.concat(parts)
}

describe('tables', () => {
  it('are these bytes', () => {
    expect(Buffer.from(associationSection()).toString('hex', 0, 17)).toBe('0000b00d0001c100000001f0002ab104b2')
    const map = mapSection([{ pid: 0x100, type: 0x1b, descriptors: new Uint8Array() }], 0x100, 3)
    expect(Buffer.from(map).toString('hex', 0, 18)).toBe('0002b0120001c70000e100f0001be100f000')
    // the sum over a section with its own sum is 0
    expect(crc32(map.subarray(1, 22))).toBe(0)
    expect(map.length).toBe(184)
  })

  it('come first, before each key frame, and for sound alone twice a second', () => {
    const tables = (bytes: Buffer): number => packetsOf(bytes).filter(({ pid }) => pid === 0).length
    expect(tables(mux(muxerOf(avc, aac), [picture(0, { key: true }), sound(0), picture(40_000), picture(80_000, { key: true })]))).toBe(2)
    expect(packetsOf(mux(muxerOf(avc, aac), [sound(0)])).map(({ pid }) => pid)).toEqual([0, 0x1000, 0x101])
    expect(
      tables(
        mux(
          muxerOf(aac),
          Array.from({ length: 50 }, (_, n) => sound(n * 20_000)),
        ),
      ),
    ).toBe(2)
  })
})

describe('frames', () => {
  it('of H.264 get a delimiter, and key frames their parameter sets', () => {
    const own = Uint8Array.of(9, 0x10)
    const units = unitsOf(mux(muxerOf(avc), [picture(0, { key: true, data: joinNals([own, Uint8Array.of(0x65, 7)]) }), picture(40_000)]))
    expect(units.map(({ data }) => fromAnnexB(data).map((nal) => (nal[0] ?? 0) & 0x1f))).toEqual([
      [9, 7, 8, 5],
      [9, 1],
    ])
  })

  it('of H.265 too', () => {
    const [unit] = unitsOf(mux(muxerOf(hevc), [picture(0, { key: true, data: joinNals([Uint8Array.of(0x26, 1, 7)]) })]))
    expect(fromAnnexB(unit?.data ?? Buffer.alloc(0)).map((nal) => ((nal[0] ?? 0) >> 1) & 0x3f)).toEqual([35, 32, 33, 34, 19])
  })

  it('of AAC get an ADTS header', () => {
    const [unit] = unitsOf(mux(muxerOf(aac), [sound(0, Uint8Array.of(1, 2, 3))]))
    expect(unit?.data.toString('hex')).toBe('fff15080015ffc010203')
  })

  it('of MP3 go as they are, of Opus behind their length', () => {
    const mp3 = muxerOf({ id: 2, kind: 'audio', codec: 'mp3', sampleRate: 44_100 })
    expect(unitsOf(mux(mp3, [sound(0, hex('fffb90'))]))[0]?.data.toString('hex')).toBe('fffb90')
    const opus = muxerOf({ id: 2, kind: 'audio', codec: 'opus', channels: 2, sampleRate: 48_000 })
    const [unit] = unitsOf(mux(opus, [sound(0, new Uint8Array(300))]))
    expect(unit?.data.toString('hex', 0, 4)).toBe('7fe0ff2d')
    expect(unit?.data.length).toBe(304)
  })

  it('of tracks that are not carried give nothing, and broken ones an error', () => {
    expect(muxerOf(aac).write(picture(0), 0, tsStart)).toBeUndefined()
    expect(codeOf(() => muxerOf(avc).write(picture(0, { data: Uint8Array.of(0, 0, 0, 9) }), 0, tsStart))).toBe('ERR_MEDIA_INVALID')
    expect(codeOf(() => muxerOf(aac).write(sound(0, new Uint8Array(9000)), 0, tsStart))).toBe('ERR_FRAME_INVALID')
  })

  it('keep their times modulo 2^33, their bytes and their order: B-frames, jumps, any size', () => {
    const some = fc.record({
      step: fc.integer({ min: 0, max: 10_000_000 }),
      lead: fc.integer({ min: 0, max: 500_000 }),
      size: fc.integer({ min: 1, max: 900 }),
      key: fc.boolean(),
    })
    const wrap = 2 ** 33
    const ticks = (time: number): number => ((Math.round((time * 9) / 100) % wrap) + wrap) % wrap
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 12 }), fc.integer({ min: -1e6, max: 3e11 }), (rows, start) => {
        let time = start
        const frames = rows.map(({ step, lead, size, key }) => {
          time += step
          return picture(time + lead, { decodeTime: time, key, data: joinNals([new Uint8Array(size).fill(0x41)]) })
        })
        const bytes = mux(muxerOf(avc, aac), frames)
        expect(unitsOf(bytes).map(({ pts, dts }) => [pts, dts])).toEqual(frames.map(({ timestamp, decodeTime = 0 }) => [ticks(timestamp), ticks(decodeTime)]))
        expect(unitsOf(bytes).map(({ data }) => fromAnnexB(data).at(-1)?.length)).toEqual(rows.map(({ size }) => size))
        expect(packetsOf(bytes).flatMap(({ clock }) => (clock === undefined ? [] : [clock]))).toEqual(
          frames.map(({ decodeTime = 0 }) => ticks(decodeTime - 200_000)),
        )
        expect(packetsOf(bytes).filter(({ flags }) => (flags & 0x40) !== 0)).toHaveLength(rows.filter(({ key }) => key).length)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a gap', () => {
  it('is said on every PID, without counting', () => {
    const rows = packetsOf(muxerOf(avc, aac).gap({ tables: 3, video: 0, audio: 9, data: 0, tablesAt: 0 }))
    expect(rows.map(({ pid, counter, flags, content }) => [pid, counter, flags, content.length])).toEqual([
      [0, 2, 0x80, 0],
      [0x1000, 2, 0x80, 0],
      [0x100, 15, 0x80, 0],
      [0x101, 8, 0x80, 0],
    ])
  })
})

describe('the choice of tracks', () => {
  it('leaves what MPEG-TS or ADTS cannot say', () => {
    const av1: Track = { id: 3, kind: 'video', codec: 'av01.0.01M.08', description: hex('81') }
    const odd: Track = { ...aac, description: hex('17803e8010') }
    expect(chooseTsTracks([av1, odd, aac, { id: 5, kind: 'data', codec: 'text' }])).toMatchObject({ carried: [{ track: aac }], left: [av1, odd] })
  })
})
