import { describe, expect, it } from 'vitest'
import { makeOpusHead } from '../../../../src/media/opus.js'
import { mediaOf, readerOf } from '../../../../src/media/sdp/media.js'
import { parseSdp, writeSdp } from '../../../../src/media/sdp/sdp.js'
import type { Track } from '../../../../src/stream.js'
import { avcConfigs, hevcConfigs } from '../configs.js'

const hex = (text = ''): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const picture = (id: number, { codec, width, height, hex: config }: (typeof avcConfigs)[number]): Track => ({
  id,
  kind: 'video',
  codec,
  description: hex(config),
  width,
  height,
})

describe('session descriptions', () => {
  const tracks: readonly Track[] = [
    picture(1, avcConfigs[1] as (typeof avcConfigs)[number]),
    { ...picture(2, hevcConfigs[0] as (typeof hevcConfigs)[number]) },
    { id: 3, kind: 'audio', codec: 'mp4a.40.2', description: hex('1190'), sampleRate: 48_000, channels: 2 },
    { id: 4, kind: 'audio', codec: 'opus', description: makeOpusHead(2, 0), sampleRate: 48_000, channels: 2 },
    { id: 5, kind: 'audio', codec: 'ulaw', sampleRate: 16_000, channels: 2 },
    { id: 6, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 },
  ]

  it('tracks come back as they were described', () => {
    const text = writeSdp(
      'live/cam',
      tracks.map((track, i) => mediaOf(track, 96 + i)),
    )
    const { media, control } = parseSdp(text)
    expect(control).toBe('*')
    expect(media.map((each) => each.control)).toEqual(tracks.map((_, i) => `trackID=${i}`))
    const read = media.map((each, i) => readerOf(each, i + 1)?.reader.track)
    expect(read.map((track) => ({ ...track, description: undefined }))).toEqual(tracks.map((track) => ({ ...track, description: undefined })))
  })

  it('codecs that describe themselves, and metadata, have an encoding of their own', () => {
    const others: readonly Track[] = [
      { id: 1, kind: 'video', codec: 'vp8' },
      { id: 2, kind: 'video', codec: 'vp09.02.10.10' },
      { id: 3, kind: 'video', codec: 'av01.0.05H.08' },
      { id: 4, kind: 'data', codec: 'application/smpte336m' },
      { id: 5, kind: 'data', codec: 'application/vnd.onvif.metadata' },
    ]
    const text = writeSdp(
      'live/cam',
      others.map((track, i) => mediaOf(track, 96 + i)),
    )
    const { media } = parseSdp(text)
    expect(media.map(({ kind, encoding, rate }) => `${kind} ${encoding} ${rate}`)).toEqual([
      'video vp8 90000',
      'video vp9 90000',
      'video av1 90000',
      'application smpte336m 90000',
      'application vnd.onvif.metadata 90000',
    ])
    expect(media.map(({ parameters }) => Object.fromEntries(parameters))).toEqual([
      {},
      { 'profile-id': '2' },
      { profile: '0', 'level-idx': '5', tier: '1' },
      {},
      {},
    ])
    const read = media.map((each, i) => readerOf(each, i + 1)?.reader.track)
    expect(read).toEqual([undefined, undefined, undefined, others[3], others[4]])
  })

  it('what devices write is read', () => {
    const text =
      'v=0\no=- 1 1 IN IP4 0.0.0.0\nm=audio 0 RTP/AVP 0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:rtsp://1.2.3.4/cam/track1\nm=application 0 RTP/AVP 107\n'
    const { media, control } = parseSdp(text)
    expect(control).toBeUndefined()
    expect(media.map(({ kind, encoding, rate }) => [kind, encoding, rate])).toEqual([
      ['audio', 'pcmu', 8000],
      ['video', 'h264', 90_000],
      ['application', '', 0],
    ])
    expect(readerOf(media[1] as (typeof media)[number], 1)?.reader.track).toBeUndefined()
    expect(readerOf(media[2] as (typeof media)[number], 1)).toBeUndefined()
  })

  it('what is none is refused', () => {
    for (const text of ['', 'hello', `v=0\n${'m=audio 0 RTP/AVP 0\n'.repeat(33)}`]) expect(() => parseSdp(text)).toThrow(/SDP/)
  })
})
