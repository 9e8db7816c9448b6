import { describe, expect, it } from 'vitest'
import { initSegment } from '../../../../src/media/mp4/init-segment.js'
import { chooseMp4Tracks, mp4MimeType } from '../../../../src/media/mp4/track.js'
import { makeOpusHead } from '../../../../src/media/opus.js'
import type { Track } from '../../../../src/stream.js'
import { av1Configs, avcConfigs, hevcConfigs, hex } from '../configs.js'
import { boxesOf, find } from './reader.js'

const avc: Track = { id: 7, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const aac: Track = { id: 3, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }

const carried = (...tracks: readonly Track[]) => chooseMp4Tracks(tracks).carried
const entryOf = (track: Track): Buffer => find(initSegment(carried(track)), 'moov/trak/mdia/minf/stbl/stsd')

describe('the initialization segment', () => {
  it('has a track for the picture and one for the sound, whatever their ids are', () => {
    const init = initSegment(carried(aac, avc))
    expect(boxesOf(init).map(({ type }) => type)).toEqual(['ftyp', 'moov'])
    expect(find(init, 'ftyp').toString('latin1')).toBe('iso6\0\0\0\u0001iso6iso5mp41')
    const moov = boxesOf(find(init, 'moov'))
    expect(moov.map(({ type }) => type)).toEqual(['mvhd', 'trak', 'trak', 'mvex'])
    const tracks = moov.filter(({ type }) => type === 'trak').map(({ content }) => content)
    expect(tracks.map((trak) => find(trak, 'tkhd').readUInt32BE(12))).toEqual([1, 2])
    expect(tracks.map((trak) => find(trak, 'mdia/hdlr').toString('latin1', 8, 12))).toEqual(['vide', 'soun'])
    expect(tracks.map((trak) => find(trak, 'mdia/mdhd').readUInt32BE(12))).toEqual([90_000, 44_100])
    expect(boxesOf(find(init, 'moov/mvex')).map(({ content }) => content.readUInt32BE(4))).toEqual([1, 2])
    const tkhd = find(tracks[0] ?? Buffer.alloc(0), 'tkhd')
    expect([tkhd.length, tkhd.readUInt16BE(76), tkhd.readUInt16BE(80)]).toEqual([84, 640, 360])
  })

  it.each([
    ['H.264', avc, 'avc1', 'avcC'],
    ['H.264 with sets said to be in the stream', { ...avc, codec: 'avc3.4d401e' }, 'avc1', 'avcC'],
    ['H.265', { ...avc, codec: 'hev1.1.6.L63.90', description: hex(hevcConfigs[0]?.hex ?? '') }, 'hvc1', 'hvcC'],
    ['AV1', { ...avc, codec: 'av01.0.01M.08', description: hex(av1Configs[0]?.hex ?? '') }, 'av01', 'av1C'],
  ] as const)('describes %s by its own configuration', (_, track, type, config) => {
    const stsd = entryOf(track)
    const [entry] = boxesOf(stsd.subarray(8))
    expect(entry?.type).toBe(type)
    expect([entry?.content.readUInt16BE(24), entry?.content.readUInt16BE(26)]).toEqual([640, 360])
    expect(find(entry?.content.subarray(78) ?? stsd, config)).toEqual(Buffer.from(track.description ?? []))
  })

  it.each([
    ['a record', '000a8200020202', '01000000000a8200020202'],
    ['a record with the head of its box', '0100000000 0a8202020200 00', '01000000000a820202020000'],
    ['the codec string alone', undefined, '01000000000a820202020000'],
  ])('describes VP9 by %s', (_, description, expected) => {
    const track: Track = {
      id: 1,
      kind: 'video',
      codec: 'vp09.00.10.08',
      width: 64,
      height: 32,
      ...(description !== undefined && { description: hex(description) }),
    }
    const [entry] = boxesOf(entryOf(track).subarray(8))
    expect(find(entry?.content.subarray(78) ?? Buffer.alloc(0), 'vpcC').toString('hex')).toBe(expected)
  })

  it('describes AAC by an ES_Descriptor', () => {
    const [entry] = boxesOf(entryOf(aac).subarray(8))
    expect(entry?.type).toBe('mp4a')
    expect(entry?.content.toString('hex', 0, 28)).toBe(`${'00'.repeat(6)}0001${'00'.repeat(8)}0002001000000000ac440000`)
    expect(find(entry?.content.subarray(28) ?? Buffer.alloc(0), 'esds').toString('hex')).toBe(
      `00000000031900010004114015000000${'00000000'.repeat(2)}05021210060102`,
    )
  })

  it('describes MP3 and Opus', () => {
    const [mp3] = boxesOf(entryOf({ id: 1, kind: 'audio', codec: 'mp3', sampleRate: 48_000, channels: 2 }).subarray(8))
    expect(find(mp3?.content.subarray(28) ?? Buffer.alloc(0), 'esds')[11]).toBe(0x6b)
    const [opus] = boxesOf(entryOf({ id: 1, kind: 'audio', codec: 'opus', description: makeOpusHead(2, 312), sampleRate: 48_000, channels: 2 }).subarray(8))
    expect(opus?.type).toBe('Opus')
    expect(find(opus?.content.subarray(28) ?? Buffer.alloc(0), 'dOps').toString('hex')).toBe('000201380000bb80000000')
  })
})

describe('the choice of tracks', () => {
  const vp8: Track = { id: 9, kind: 'video', codec: 'vp8' }
  const text: Track = { id: 8, kind: 'data', codec: 'text' }

  it('takes the first picture and the first sound that it can carry, and says what it cannot', () => {
    const choice = chooseMp4Tracks([vp8, text, aac, avc, { ...aac, id: 4 }, { id: 5, kind: 'audio', codec: 'pcma' }])
    expect(choice.carried.map(({ track }) => track.id)).toEqual([7, 3])
    expect(choice.left.map(({ codec }) => codec)).toEqual(['vp8', 'pcma'])
  })

  it.each([
    ['H.264 without a description', { id: 1, kind: 'video', codec: 'avc1.4d401e' }],
    ['AAC with a broken one', { ...aac, description: hex('02') }],
    ['a picture that calls itself sound', { ...avc, kind: 'audio' }],
  ] as const)('leaves %s', (_, track) => {
    expect(chooseMp4Tracks([track])).toEqual({ carried: [], left: [track] })
  })

  it('says the MIME type as a browser takes it', () => {
    expect(mp4MimeType(carried(avc, aac))).toBe('video/mp4; codecs="avc1.4d401e,mp4a.40.2"')
    expect(mp4MimeType(carried({ ...avc, codec: 'avc3.4d401e' }))).toBe('video/mp4; codecs="avc1.4d401e"')
    expect(mp4MimeType(carried({ id: 1, kind: 'audio', codec: 'mp3', sampleRate: 44_100 }))).toBe('audio/mp4; codecs="mp4a.6B"')
  })
})
