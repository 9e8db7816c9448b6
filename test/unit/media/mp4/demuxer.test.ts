import { describe, expect, it } from 'vitest'
import type { MediaEvent } from '../../../../src/media/media-event.js'
import { box } from '../../../../src/media/mp4/box.js'
import { Mp4Demuxer } from '../../../../src/media/mp4/demuxer.js'
import { fragment, toSample } from '../../../../src/media/mp4/fragment.js'
import { initSegment } from '../../../../src/media/mp4/init-segment.js'
import { chooseMp4Tracks } from '../../../../src/media/mp4/track.js'
import { joinNals } from '../../../../src/media/nal.js'
import type { Frame, Track } from '../../../../src/stream.js'
import { av1Configs, avcConfigs, codeOf, hex } from '../configs.js'

const avc: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const av1: Track = { id: 1, kind: 'video', codec: 'av01.0.01M.08', description: hex(av1Configs[0]?.hex ?? ''), width: 64, height: 48 }
const aac: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }
const opus: Track = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }

const picture = (timestamp: number, decodeTime: number, key = false): Frame => ({
  track: 1,
  timestamp,
  ...(decodeTime !== timestamp && { decodeTime }),
  key,
  data: joinNals([Uint8Array.of(key ? 0x65 : 0x41, 9, 9, timestamp & 0xff)]),
})
const sound = (timestamp: number): Frame => ({ track: 2, timestamp, key: true, data: Uint8Array.of(0x21, 1, 2, 3) })

/** One fragment with all frames. */
function mux(tracks: readonly Track[], frames: readonly Frame[]): Buffer {
  const { carried } = chooseMp4Tracks(tracks)
  const runs = carried.map((track) => ({
    track,
    samples: frames.filter((frame) => frame.track === track.track.id).map((frame) => toSample(track, frame, 0, 40_000)),
  }))
  return Buffer.concat([initSegment(carried), ...fragment(1, runs)])
}

function demux(bytes: Uint8Array, step = bytes.length, demuxer = new Mp4Demuxer()): MediaEvent[] {
  const events: MediaEvent[] = []
  for (let at = 0; at < bytes.length; at += step) events.push(...demuxer.push(bytes.subarray(at, at + step)))
  return events
}

const framesIn = (events: readonly MediaEvent[]): Frame[] => events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []))
const tracksIn = (events: readonly MediaEvent[]): Track[] => events.flatMap((event) => (event.type === 'track' ? [event.track] : []))

describe('Mp4Demuxer', () => {
  const frames = [picture(80_000, 0, true), picture(200_000, 40_000), picture(120_000, 80_000), sound(0), sound(40_000)]

  it('gives back what the muxer was given, in order of decoding, in pieces of any size', () => {
    const bytes = Buffer.concat([mux([avc, aac], frames), box('free', new Uint8Array(50))])
    for (const step of [bytes.length, 100, 7, 1]) {
      const events = demux(bytes, step)
      expect(tracksIn(events)).toMatchObject([
        { id: 1, codec: avc.codec, width: 640 },
        { id: 2, codec: 'mp4a.40.2', description: aac.description },
      ])
      expect(framesIn(events).map(({ track, timestamp, decodeTime, key, data }) => [track, timestamp, decodeTime, key, ...data.subarray(-4)])).toEqual(
        [frames[0], frames[3], frames[1], frames[4], frames[2]].map((frame) => [
          frame?.track,
          frame?.timestamp,
          frame?.decodeTime,
          frame?.key,
          ...(frame?.data.subarray(-4) ?? []),
        ]),
      )
    }
  })

  it('reads AV1 and Opus', () => {
    const events = demux(mux([av1, opus], [picture(0, 0, true), { ...sound(0), data: Uint8Array.of(0xfc, 1) }]))
    expect(tracksIn(events)).toMatchObject([{ codec: 'av01.0.01M.08' }, { codec: 'opus', channels: 2 }])
    expect(framesIn(events).length).toBe(2)
  })

  it('moves decode times before the times of display', () => {
    const times = framesIn(demux(mux([avc], [picture(1_000_000, 1_000_000, true), picture(1_120_000, 1_040_000), picture(1_040_000, 1_080_000)])))
    expect(times.map(({ timestamp, decodeTime }) => [timestamp, decodeTime ?? timestamp])).toEqual([
      [1_000_000, 960_000],
      [1_120_000, 1_000_000],
      [1_040_000, 1_040_000],
    ])
  })

  it('refuses what is no live stream, is encrypted or too large', () => {
    const plain = mux([avc], [picture(0, 0, true)])
    const renamed = (from: string, to: string): Buffer => Buffer.from(plain.toString('latin1').replace(from, to), 'latin1')
    expect(codeOf(() => demux(renamed('mvex', 'free')))).toBe('ERR_CODEC_UNSUPPORTED')
    expect(codeOf(() => demux(renamed('avc1', 'encv')))).toBe('ERR_CODEC_UNSUPPORTED')
    expect(codeOf(() => demux(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, ...Buffer.from('moov'))))).toBe('ERR_MEDIA_INVALID')
  })
})
