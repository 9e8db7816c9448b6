import { describe, expect, it } from 'vitest'
import { parseAudioConfig } from '../../../src/media/aac.js'
import { parseMp3Header } from '../../../src/media/mp3.js'
import { makeOpusHead, opusDuration, parseOpusHead } from '../../../src/media/opus.js'
import { codeOf, hex } from './configs.js'

describe('AudioSpecificConfig', () => {
  it.each([
    ['AAC-LC 44.1 kHz stereo', '1210', { codec: 'mp4a.40.2', sampleRate: 44_100, channels: 2, frameLength: 1024 }],
    ['AAC-LC 48 kHz mono, as ffmpeg writes it', '118856e500', { codec: 'mp4a.40.2', sampleRate: 48_000, channels: 1, frameLength: 1024 }],
    ['AAC-LC 8 kHz', '1588', { codec: 'mp4a.40.2', sampleRate: 8000, channels: 1, frameLength: 1024 }],
    ['7.1', '11b8', { codec: 'mp4a.40.2', sampleRate: 48_000, channels: 8, frameLength: 1024 }],
    ['frames of 960 samples', '1194', { codec: 'mp4a.40.2', sampleRate: 48_000, channels: 2, frameLength: 960 }],
    ['HE-AAC, 24 to 48 kHz', '2b118800', { codec: 'mp4a.40.5', sampleRate: 48_000, channels: 2, frameLength: 2048 }],
    ['HE-AAC v2', 'eb098800', { codec: 'mp4a.40.29', sampleRate: 48_000, channels: 2, frameLength: 2048 }],
    ['a rate that is written out', '17803e8010', { codec: 'mp4a.40.2', sampleRate: 32_000, channels: 2, frameLength: 1024 }],
    ['channels said in the stream', '1200', { codec: 'mp4a.40.2', sampleRate: 44_100, frameLength: 1024 }],
  ])('%s', (_, bytes, expected) => {
    expect(parseAudioConfig(hex(bytes))).toEqual(expected)
  })

  it.each([
    ['empty', ''],
    ['one byte', '12'],
    ['object type 0', '0210'],
    ['reserved rate', '1690'],
    ['a written-out rate of 0', '17800000 10'],
    ['reserved channels', '1278'],
    ['extension cut short', '2b11'],
  ])('is refused: %s', (_, bytes) => {
    expect(codeOf(() => parseAudioConfig(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })
})

describe('OpusHead', () => {
  it('is written and read', () => {
    expect(parseOpusHead(makeOpusHead(2))).toEqual({ codec: 'opus', sampleRate: 48_000, channels: 2, preSkip: 312 })
  })

  it('of libopus is read', () => {
    expect(parseOpusHead(hex('4f707573486561640102380180bb0000000000'))).toMatchObject({ channels: 2, preSkip: 312 })
  })

  it.each([
    ['empty', ''],
    ['another magic', '4f707573546167730102380180bb0000000000'],
    ['a later version', '4f707573486561641102380180bb0000000000'],
    ['no channels', '4f707573486561640100380180bb0000000000'],
    ['3 channels without a mapping', '4f707573486561640103380180bb0000000000'],
    ['a mapping that is cut short', '4f707573486561640106380180bb000000000104'],
  ])('is refused: %s', (_, bytes) => {
    expect(codeOf(() => parseOpusHead(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })

  it('is not written for 6 channels', () => {
    expect(codeOf(() => makeOpusHead(6))).toBe('ERR_MEDIA_INVALID')
  })

  it.each([
    ['CELT 20 ms', 'fc', 20_000],
    ['CELT 2.5 ms, two frames', 'e1', 5000],
    ['SILK 60 ms', '18', 60_000],
    ['hybrid 10 ms', '60', 10_000],
    ['three frames of 20 ms', 'ff03', 60_000],
    ['more than 120 ms', 'ff3f', 0],
    ['empty', '', 0],
  ])('packet: %s', (_, bytes, expected) => {
    expect(opusDuration(hex(bytes))).toBe(expected)
  })
})

describe('MP3 frame header', () => {
  it.each([
    ['MPEG 1, 44.1 kHz, joint stereo', 'fffb9064', { sampleRate: 44_100, channels: 2, frameLength: 1152 }],
    ['MPEG 1, 48 kHz, mono', 'fffb94c4', { sampleRate: 48_000, channels: 1, frameLength: 1152 }],
    ['MPEG 2, 22.05 kHz', 'fff39064', { sampleRate: 22_050, channels: 2, frameLength: 576 }],
    ['MPEG 2.5, 8 kHz', 'ffe39864', { sampleRate: 8000, channels: 2, frameLength: 576 }],
  ])('%s', (_, bytes, expected) => {
    expect(parseMp3Header(hex(bytes))).toEqual(expected)
  })

  it.each(['', 'fffb', '00fb9064', 'fffd9064', 'ffeb9064', 'fffb9c64'])('is refused: %s', (bytes) => {
    expect(codeOf(() => parseMp3Header(hex(bytes)))).toBe('ERR_MEDIA_INVALID')
  })
})
