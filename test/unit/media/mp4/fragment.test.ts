import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fragment, toSample } from '../../../../src/media/mp4/fragment.js'
import { chooseMp4Tracks, type Mp4Track } from '../../../../src/media/mp4/track.js'
import type { Frame, Track } from '../../../../src/stream.js'
import { avcConfigs, hex } from '../configs.js'
import { boxesOf, samplesOf } from './reader.js'

const avc: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const aac: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }
const [video, audio] = chooseMp4Tracks([avc, aac]).carried as [Mp4Track, Mp4Track]
const frame = (more: Partial<Frame>): Frame => ({ track: 1, timestamp: 0, key: true, data: Uint8Array.of(1, 2, 3), ...more })

describe('a fragment', () => {
  it('is these bytes', () => {
    const sample = toSample(video, frame({ timestamp: 2_080_000, decodeTime: 2_000_000, key: false }), 0, 40_000)
    const [head, data] = fragment(5, [{ track: video, samples: [sample] }])
    expect(Buffer.from(head ?? []).toString('hex')).toBe(
      `${'00000068'}${'6d6f6f66'}00000010${'6d666864'}0000000000000005${'00000050'}${'74726166'}` +
        `00000010${'74666864'}0002000000000001${'00000014'}${'74666474'}01000000000000000002bf20` +
        `00000024${'7472756e'}01000f010000000100000070${'00000e10'}0000000301010000${'00001c20'}0000000b${'6d646174'}`,
    )
    expect(data).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('holds runs of several tracks, each at its own data', () => {
    const pictures = [0, 1, 2].map((n) => toSample(video, frame({ timestamp: n * 40_000, key: n === 0, data: Uint8Array.of(n, n) }), 0, 40_000))
    const sounds = [0, 1].map((n) => toSample(audio, frame({ track: 2, timestamp: n * 23_220, key: false, data: Uint8Array.of(100 + n) }), 0, 23_220))
    const bytes = Buffer.concat(
      fragment(1, [
        { track: video, samples: pictures },
        { track: audio, samples: sounds },
      ]),
    )
    expect(boxesOf(bytes).map(({ type }) => type)).toEqual(['moof', 'mdat'])
    const samples = samplesOf(bytes)
    expect(samples.map(({ track, decodeTime, key, data }) => [track, decodeTime, key, [...data]])).toEqual([
      [1, 0, true, [0, 0]],
      [1, 3600, false, [1, 1]],
      [1, 7200, false, [2, 2]],
      [2, 0, true, [100]],
      [2, 1024, true, [101]],
    ])
  })

  it('keeps decode times, compositions and order of any frames: B-frames, jumps, hours-long clocks', () => {
    const times = fc.record({ decodeTime: fc.integer({ min: 0, max: 1e15 }), lead: fc.integer({ min: -500_000, max: 2_000_000 }), key: fc.boolean() })
    fc.assert(
      fc.property(times, fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 1e12 }), ({ decodeTime, lead, key }, data, shift) => {
        for (const track of [video, audio]) {
          const sample = toSample(track, frame({ timestamp: decodeTime + lead, decodeTime, key, data }), shift, 40_000)
          const [read] = samplesOf(Buffer.concat(fragment(1, [{ track, samples: [sample] }])))
          const near = (ticks: number, time: number): boolean => Math.abs((ticks * 1e6) / track.timescale - time) <= 1e6 / track.timescale
          expect(near(read?.decodeTime ?? -1, decodeTime + shift)).toBe(true)
          expect(near((read?.decodeTime ?? 0) + (read?.composition ?? 0), decodeTime + lead + shift)).toBe(true)
          expect(read?.key).toBe(key || track === audio)
          expect([...(read?.data ?? [])]).toEqual([...data])
        }
      }),
    )
  })

  it('keeps the presentation of a frame that is decoded before 0', () => {
    expect(toSample(video, frame({ timestamp: 0, decodeTime: -80_000 }), 0, 40_000)).toMatchObject({ decodeTime: 0, composition: 0 })
    expect(toSample(video, frame({ timestamp: 40_000, decodeTime: -40_000 }), 0, 40_000)).toMatchObject({ decodeTime: 0, composition: 3600 })
  })
})

describe('the duration of a frame', () => {
  it('is what it says, or what its codec says', () => {
    expect(audio.durationOf(frame({ track: 2 }))).toBeCloseTo((1024 / 44_100) * 1e6)
    expect(audio.durationOf(frame({ track: 2, duration: 5 }))).toBe(5)
    expect(video.durationOf(frame({}))).toBe(0)
    const [mp3, opus] = [
      { codec: 'mp3', sampleRate: 44_100 },
      { codec: 'opus', channels: 2 },
    ].map((more) => chooseMp4Tracks([{ id: 1, kind: 'audio', ...more }]).carried[0])
    expect(mp3?.durationOf(frame({ data: hex('fffb9000') }))).toBeCloseTo((1152 / 44_100) * 1e6)
    expect(mp3?.durationOf(frame({ data: hex('0000') }))).toBe(0)
    expect(opus?.durationOf(frame({ data: hex('fc') }))).toBe(20_000)
  })
})
