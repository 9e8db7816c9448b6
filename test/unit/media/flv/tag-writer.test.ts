import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAmf0 } from '../../../../src/media/amf/amf0.js'
import { type HeaderTag, type TagEvent, TagReader, TagWriter } from '../../../../src/media/flv/tag-body.js'
import type { Frame, Track } from '../../../../src/stream.js'
import { av1Configs, avcConfigs, hevcConfigs, hex } from '../configs.js'

const avc: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const hevc: Track = { id: 1, kind: 'video', codec: 'hvc1.1.6.L63.90', description: hex(hevcConfigs[0]?.hex ?? ''), width: 640, height: 360 }
const av1: Track = { id: 1, kind: 'video', codec: 'av01.0.01M.08', description: hex(av1Configs[0]?.hex ?? ''), width: 640, height: 360 }
const vp9: Track = { id: 1, kind: 'video', codec: 'vp09.00.21.08', description: hex('010000000015820202020000'), width: 640, height: 360 }
const aac: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }
const opus: Track = { id: 2, kind: 'audio', codec: 'opus', description: hex('4f707573486561640102380180bb0000000000'), sampleRate: 48_000, channels: 2 }
const mp3: Track = { id: 2, kind: 'audio', codec: 'mp3', sampleRate: 44_100, channels: 2 }
const data: Track = { id: 3, kind: 'data', codec: 'text' }

const bytesOf = (body: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(body))
const read = (reader: TagReader, tags: readonly HeaderTag[]): TagEvent[] => tags.flatMap((tag) => reader.read(tag.kind, 0, bytesOf(tag.body)))

describe('TagWriter and TagReader', () => {
  it.each([
    ['AVC and AAC', avc, aac],
    ['HEVC and Opus', hevc, opus],
    ['AV1 and Opus', av1, opus],
    ['VP9 and MP3', vp9, mp3],
  ])('agree on tracks and frames: %s', (_, video, audio) => {
    const ms = fc.integer({ min: 0, max: 2 ** 31 })
    const frame = fc.record({ time: ms, step: fc.integer({ min: 0, max: 5000 }), key: fc.boolean(), nal: fc.uint8Array({ minLength: 1, maxLength: 30 }) })
    fc.assert(
      fc.property(frame, ({ time, step, key, nal }) => {
        const writer = new TagWriter([video, audio, data])
        const reader = new TagReader()
        const tracks = read(reader, writer.headers()).flatMap((event) => (event.type === 'track' ? [event.track] : []))
        expect(tracks).toEqual(audio === mp3 ? [video] : [video, audio])
        const timed = video === avc || video === hevc
        const picture: Frame = {
          track: 1,
          timestamp: (time + (timed ? step : 0)) * 1000,
          ...(timed && step > 0 && { decodeTime: time * 1000 }),
          key,
          data: Uint8Array.of(0, 0, 0, nal.length + 1, 0x02, ...nal),
        }
        const tag = writer.write(picture)
        expect(tag?.timestamp).toBe(time)
        expect(tag && reader.read(tag.kind, tag.timestamp, bytesOf(tag.body))).toEqual([{ type: 'frame', frame: picture }])
      }),
    )
  })

  it('agree on sound', () => {
    for (const [track, bytes] of [
      [aac, 'aabb'],
      [opus, 'fc01'],
      [mp3, 'fffb9064'],
    ] as const) {
      const writer = new TagWriter([track])
      const reader = new TagReader()
      read(reader, writer.headers())
      const tag = writer.write({ track: 2, timestamp: 40_000, key: true, data: hex(bytes) })
      const events = tag ? reader.read(tag.kind, tag.timestamp, bytesOf(tag.body)) : []
      expect(events.at(-1)).toMatchObject({ type: 'frame', frame: { track: 2, timestamp: 40_000, key: true, data: hex(bytes) } })
      expect(reader.tracks).toEqual([track])
    }
  })
})

describe('TagWriter', () => {
  it('says in the metadata what it carries', () => {
    const [metadata] = new TagWriter([avc, aac]).headers()
    expect(decodeAmf0(bytesOf(metadata?.body ?? []))).toEqual([
      'onMetaData',
      { videocodecid: 7, width: 640, height: 360, audiocodecid: 10, audiosamplerate: 44_100, stereo: true, encoder: 'Shoal' },
    ])
    const [enhanced] = new TagWriter([hevc, opus]).headers()
    expect(decodeAmf0(bytesOf(enhanced?.body ?? []))[1]).toMatchObject({ videocodecid: 0x68766331, audiocodecid: 0x4f707573 })
  })

  it('does not copy frame data', () => {
    const frame: Frame = { track: 1, timestamp: 0, key: true, data: hex('0000000165') }
    expect(new TagWriter([avc]).write(frame)?.body.at(-1)).toBe(frame.data)
  })

  it('carries the first picture and the first sound, no data, and no codec it does not know', () => {
    const writer = new TagWriter([data, avc, { ...hevc, id: 7 }, aac])
    const frame = (track: number): Frame => ({ track, timestamp: 0, key: true, data: hex('00') })
    expect([1, 2, 3, 7, 9].map((track) => writer.write(frame(track))?.kind)).toEqual(['video', 'audio', undefined, undefined, undefined])
    const known = [avc, hevc, av1, vp9, aac, opus, mp3].map((track) => writer.supports(track))
    expect(known).toEqual([true, true, true, true, true, true, true])
    const { description: _, ...bare } = avc
    const { description: __, ...bareOpus } = opus
    const unknown = [data, bare, { ...bareOpus, channels: 6 }, { ...avc, codec: 'vp8' }, { ...aac, codec: 'flac' }, { ...avc, kind: 'audio' as const }]
    expect(unknown.map((track) => writer.supports(track))).toEqual([false, false, false, false, false, false])
    expect(writer.supports(bareOpus)).toBe(true)
  })

  it('says which kinds it carries', () => {
    expect(new TagWriter([avc, data]).kinds).toEqual({ video: true, audio: false })
    expect(new TagWriter([aac]).kinds).toEqual({ video: false, audio: true })
  })

  it('takes a changed track', () => {
    const writer = new TagWriter([avc, aac])
    expect(writer.update(hevc).map((tag) => tag.kind)).toEqual(['script', 'video'])
    expect(writer.write({ track: 1, timestamp: 0, key: true, data: hex('00') })?.body[0]).toEqual(hex('93 68766331'))
    expect(writer.update({ ...avc, codec: 'vp8' })).toEqual([])
    expect(writer.write({ track: 1, timestamp: 0, key: true, data: hex('00') })).toBeUndefined()
  })

  it('wraps times at 2^32 ms', () => {
    expect(new TagWriter([avc]).write({ track: 1, timestamp: (2 ** 32 + 5) * 1000, key: true, data: hex('00') })?.timestamp).toBe(5)
  })

  it('writes negative composition times', () => {
    const tag = new TagWriter([avc]).write({ track: 1, timestamp: 960_000, decodeTime: 1_000_000, key: false, data: hex('00') })
    expect(tag?.body[0]).toEqual(hex('2701ffffd8'))
  })
})
