import { describe, expect, it } from 'vitest'
import type { MediaEvent } from '../../../../src/media/media-event.js'
import { TsDemuxer } from '../../../../src/media/mpegts/demuxer.js'
import { TsMuxer, tsStart } from '../../../../src/media/mpegts/muxer.js'
import { packets } from '../../../../src/media/mpegts/packet.js'
import { associationSection, mapPid, mapSection } from '../../../../src/media/mpegts/section.js'
import { chooseTsTracks } from '../../../../src/media/mpegts/track.js'
import { joinNals } from '../../../../src/media/nal.js'
import type { Frame, Track } from '../../../../src/stream.js'
import { avcConfigs, codeOf, hevcConfigs, hex } from '../configs.js'

const avc: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const hevc: Track = { id: 1, kind: 'video', codec: 'hvc1.1.6.L63.90', description: hex(hevcConfigs[0]?.hex ?? '') }
const aac: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }
const opus: Track = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }

const picture = (timestamp: number, more: Partial<Frame> = {}): Frame => ({
  track: 1,
  timestamp,
  key: false,
  data: joinNals([Uint8Array.of(0x41, 9, 9, 7)]),
  ...more,
})
const key = (timestamp: number): Frame => picture(timestamp, { key: true, data: joinNals([new Uint8Array(3000).fill(7).with(0, 0x65)]) })
const sound = (timestamp: number): Frame => ({ track: 2, timestamp, key: true, data: Uint8Array.of(0x21, 1, 2, 3) })

/** All frames one after the other. */
function mux(tracks: readonly Track[], frames: readonly Frame[], shift = 0): Buffer {
  const muxer = new TsMuxer(chooseTsTracks(tracks).carried)
  let position = tsStart
  return Buffer.concat(
    frames.map((frame) => {
      const unit = muxer.write(frame, shift, position)
      position = unit?.after ?? position
      return unit?.bytes ?? new Uint8Array()
    }),
  )
}

function demux(bytes: Uint8Array, step = bytes.length, demuxer = new TsDemuxer()): MediaEvent[] {
  const events: MediaEvent[] = []
  for (let at = 0; at < bytes.length; at += step) events.push(...demuxer.push(bytes.subarray(at, at + step)))
  return [...events, ...demuxer.flush()]
}

const framesIn = (events: readonly MediaEvent[]): Frame[] => events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []))
const tracksIn = (events: readonly MediaEvent[]): Track[] => events.flatMap((event) => (event.type === 'track' ? [event.track] : []))

describe('TsDemuxer', () => {
  const frames = [key(120_000), sound(100_000), picture(240_000, { decodeTime: 160_000 }), sound(123_220), picture(200_000)]

  it('gives back what the muxer was given, in pieces of any size', () => {
    const bytes = mux([avc, aac], frames)
    for (const step of [bytes.length, 1316, 188, 7]) {
      const demuxer = new TsDemuxer()
      const events = demux(bytes, step, demuxer)
      const read = framesIn(events)
      expect(tracksIn(events)).toMatchObject([
        { id: 1, width: 640, height: 360 },
        { id: 2, codec: 'mp4a.40.2', sampleRate: 44_100 },
      ])
      expect(demuxer.complete).toBe(true)
      expect(read.filter(({ track }) => track === 1).map(({ timestamp, decodeTime, key, data }) => ({ timestamp, decodeTime, key, data: [...data] }))).toEqual(
        frames.filter(({ track }) => track === 1).map(({ timestamp, decodeTime, key, data }) => ({ timestamp, decodeTime, key, data: [...data] })),
      )
      expect(read.filter(({ track }) => track === 2).map(({ timestamp, data }) => [timestamp, ...data])).toEqual([
        [100_000, 0x21, 1, 2, 3],
        [123_222, 0x21, 1, 2, 3],
      ])
    }
  })

  it('reads H.265 and Opus', () => {
    const entry = picture(0, { key: true, data: joinNals([Uint8Array.of(0x26, 1, 7)]) })
    const packet: Frame = { track: 2, timestamp: 0, key: true, data: new Uint8Array(300).fill(1).with(0, 0xfc) }
    const events = demux(mux([hevc, opus], [entry, packet, { ...packet, timestamp: 20_000 }]))
    expect(
      tracksIn(events)
        .map(({ codec }) => codec.slice(0, 4))
        .sort(),
    ).toEqual(['hvc1', 'opus'])
    expect(framesIn(events).filter(({ track }) => track === 2)).toMatchObject([
      { timestamp: 0, duration: 20_000 },
      { timestamp: 20_000, duration: 20_000 },
    ])
    expect(framesIn(events).filter(({ key, track }) => key && track === 1).length).toBe(1)
  })

  it('goes on over the wrap of the clock', () => {
    const wrap = Math.round((2 ** 33 * 100) / 9)
    const times = framesIn(demux(mux([avc], [key(0), picture(40_000), picture(80_000)], wrap - 50_000))).map(({ timestamp }) => timestamp - wrap)
    expect(times.map((time) => Math.round(time / 100) * 100)).toEqual([-50_000, -10_000, 30_000])
  })

  it('drops pictures after a loss, up to the next key frame', () => {
    const parts = [key(0), picture(40_000), picture(80_000), key(120_000), picture(160_000)]
    const bytes = mux([avc], parts)
    const tables = 2 * 188
    const cut = Buffer.concat([bytes.subarray(0, tables + 376), bytes.subarray(tables + 564)])
    expect(framesIn(demux(cut)).map(({ timestamp }) => timestamp)).toEqual([120_000, 160_000])
  })

  it('passes over what is no packet, and says so when nothing else comes', () => {
    expect(framesIn(demux(Buffer.concat([Buffer.alloc(300, 1), mux([avc], [key(0), picture(40_000)])]))).length).toBe(2)
    expect(codeOf(() => new TsDemuxer().push(new Uint8Array(100_000)))).toBe('ERR_MEDIA_INVALID')
  })

  it('names what it does not read', () => {
    const program = (...types: readonly number[]): Buffer => {
      const streams = types.map((type, i) => ({ type, pid: 0x100 + i, descriptors: new Uint8Array() }))
      return Buffer.concat([packets(0, 0, associationSection()), packets(mapPid, 0, mapSection(streams, 0x100, 0))])
    }
    const demuxer = new TsDemuxer()
    demux(program(0x1b, 0x81), 188, demuxer)
    expect(demuxer.leftOut).toEqual(['AC-3'])
    expect(() => demux(program(0x02, 0x81))).toThrow('MPEG-2 video, AC-3')
  })

  const klv: Track = { id: 3, kind: 'data', codec: 'application/smpte336m' }
  const unit = (seed: number, size = 30): Uint8Array => Uint8Array.from({ length: size }, (_, i) => [6, 14, 43, 52][i] ?? (i + seed) & 0xff)

  it('gives back KLV beside pictures, and nothing else of data', () => {
    const text: Track = { id: 4, kind: 'data', codec: 'text' }
    const rows = [0, 1, 2].flatMap((i): Frame[] => [
      key(i * 40_000),
      { track: 3, timestamp: i * 40_000 + 10_000, key: true, data: unit(i, 500) },
      { track: 4, timestamp: i * 40_000, key: true, data: unit(9) },
    ])
    const events = demux(mux([avc, text, klv], rows))
    expect(tracksIn(events)).toMatchObject([{ id: 1 }, klv])
    const read = framesIn(events).filter(({ track }) => track === 3)
    expect(read.map(({ data }) => Buffer.from(data).toString('hex'))).toEqual([0, 1, 2].map((i) => Buffer.from(unit(i, 500)).toString('hex')))
    expect(read.map(({ timestamp }) => timestamp - (read[0]?.timestamp ?? 0))).toEqual([0, 40_000, 80_000])
    expect(chooseTsTracks([klv]).carried).toEqual([])
  })

  it('reads synchronous KLV out of cells, and asynchronous without times', () => {
    const cell = (part: number, data: Uint8Array): Uint8Array => Uint8Array.from([0, 0, (part << 6) | 0x10, data.length >> 8, data.length & 0xff, ...data])
    const whole = unit(5, 300)
    const pes = (id: number, pts: readonly number[], body: Uint8Array): Uint8Array =>
      Uint8Array.from([
        0,
        0,
        1,
        id,
        (3 + pts.length + body.length) >> 8,
        (3 + pts.length + body.length) & 255,
        0x84,
        pts.length > 0 ? 0x80 : 0,
        pts.length,
        ...pts,
        ...body,
      ])
    const stamp = [0x21, 0, 1, 0, 1]
    const cells = Buffer.concat([
      cell(3, unit(1)),
      cell(0, unit(8)),
      cell(2, whole.subarray(0, 100)),
      cell(0, whole.subarray(100, 200)),
      cell(1, whole.subarray(200)),
    ])
    const tables = (type: number, descriptors: Uint8Array): Uint8Array[] => [
      packets(0, 0, associationSection()),
      packets(
        mapPid,
        0,
        mapSection(
          [
            { pid: 0x101, type: 0x03, descriptors: new Uint8Array() },
            { pid: 0x102, type, descriptors },
          ],
          0x101,
          0,
        ),
      ),
      packets(0x101, 0, pes(0xc0, stamp, new Uint8Array(4))),
    ]
    const metadata = Uint8Array.of(0x26, 9, 0x01, 0, 0xff, ...Buffer.from('KLVA'), 0, 0x0f)
    const synchronous = demux(Buffer.concat([...tables(0x15, metadata), packets(0x102, 0, pes(0xfc, stamp, cells))]))
    expect(framesIn(synchronous).map(({ data }) => Buffer.from(data).toString('hex'))).toEqual(
      [unit(1), whole].map((data) => Buffer.from(data).toString('hex')),
    )
    const registration = Uint8Array.of(5, 4, ...Buffer.from('KLVA'))
    const asynchronous = demux(Buffer.concat([...tables(0x06, registration), packets(0x102, 0, pes(0xbd, [], unit(2)))]))
    expect(framesIn(asynchronous).map(({ track, data }) => [track, Buffer.from(data).toString('hex')])).toEqual([[3, Buffer.from(unit(2)).toString('hex')]])
  })
})
