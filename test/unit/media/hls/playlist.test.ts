import { describe, expect, it } from 'vitest'
import { type MediaPlaylist, writeMediaPlaylist, writeMultivariantPlaylist } from '../../../../src/media/hls/playlist.js'

const segment = (n: number, more: Partial<MediaPlaylist['segments'][number]> = {}) => ({ uri: `s${n}`, duration: 2, discontinuity: false, parts: [], ...more })
const plain: MediaPlaylist = { target: 2, sequence: 5, discontinuitySequence: 0, segments: [segment(5), segment(6)], independent: true, ended: false }

describe('a media playlist', () => {
  it('of MPEG-TS is plain', () => {
    expect(writeMediaPlaylist(plain).split('\n')).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      '#EXT-X-TARGETDURATION:2',
      '#EXT-X-MEDIA-SEQUENCE:5',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXTINF:2.00000,',
      's5',
      '#EXTINF:2.00000,',
      's6',
      '',
    ])
  })

  it('of low latency lists parts, what comes next, and each initialization segment where it begins', () => {
    const part = (uri: string, independent = false) => ({ uri, duration: 0.2, independent })
    const playlist: MediaPlaylist = {
      ...plain,
      discontinuitySequence: 1,
      segments: [segment(5, { map: 'i1' }), segment(6, { map: 'i2', discontinuity: true, parts: [part('p6.0', true), part('p6.1')] })],
      lowLatency: { partTarget: 0.2, parts: [part('p7.0', true)], discontinuity: false, map: 'i2', next: 'p7.1' },
    }
    expect(writeMediaPlaylist(playlist).split('\n')).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:9',
      '#EXT-X-TARGETDURATION:2',
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.60000,HOLD-BACK=6,CAN-SKIP-UNTIL=12',
      '#EXT-X-PART-INF:PART-TARGET=0.20000',
      '#EXT-X-MEDIA-SEQUENCE:5',
      '#EXT-X-DISCONTINUITY-SEQUENCE:1',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="i1"',
      '#EXTINF:2.00000,',
      's5',
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-MAP:URI="i2"',
      '#EXT-X-PART:DURATION=0.20000,URI="p6.0",INDEPENDENT=YES',
      '#EXT-X-PART:DURATION=0.20000,URI="p6.1"',
      '#EXTINF:2.00000,',
      's6',
      '#EXT-X-PART:DURATION=0.20000,URI="p7.0",INDEPENDENT=YES',
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p7.1"',
      '',
    ])
  })

  it('says the end', () => {
    expect(writeMediaPlaylist({ ...plain, ended: true })).toMatch(/#EXT-X-ENDLIST\n$/)
  })

  it('leaves out of an update what is older than six target durations', () => {
    const segments = Array.from({ length: 10 }, (_, n) => segment(n, { map: 'i1' }))
    const text = writeMediaPlaylist({ ...plain, segments }, true)
    expect(text).toContain('#EXT-X-VERSION:9\n')
    expect(text).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n#EXTINF:2.00000,\ns4\n')
    expect(text).not.toContain('MAP')
    expect(writeMediaPlaylist(plain, true)).toBe(writeMediaPlaylist(plain))
  })
})

describe('a multivariant playlist', () => {
  it('says what its one variant is', () => {
    const variant = { uri: 'cam.m3u8?media=1', bandwidth: 9000, average: 8000, codecs: ['avc1.4d401e', 'mp4a.40.2'], width: 640, height: 360 }
    expect(writeMultivariantPlaylist(variant, true)).toBe(
      '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n' +
        '#EXT-X-STREAM-INF:BANDWIDTH=9000,AVERAGE-BANDWIDTH=8000,CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=640x360\ncam.m3u8?media=1\n',
    )
  })
})
