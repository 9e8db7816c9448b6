import { describe, expect, it } from 'vitest'
import { readPlaylist } from '../../../../src/media/hls/playlist-reader.js'
import { codeOf } from '../configs.js'

const media = (...lines: readonly string[]) => {
  const playlist = readPlaylist(['#EXTM3U', '#EXT-X-TARGETDURATION:4', ...lines, ''].join('\n'))
  if (playlist.type !== 'media') throw new Error('a media playlist was expected')
  return playlist
}

describe('readPlaylist', () => {
  it('reads segments with numbers, maps, ranges and clocks', () => {
    const playlist = media(
      '#EXT-X-MEDIA-SEQUENCE:7',
      '#EXT-X-DISCONTINUITY-SEQUENCE:3',
      '#EXT-X-MAP:URI="init.mp4",BYTERANGE="100@0"',
      '#EXT-X-BYTERANGE:50@100',
      '#EXTINF:3.5,title',
      'all.mp4',
      '#EXT-X-DISCONTINUITY',
      '#EXT-X-BYTERANGE:60',
      '#EXTINF:4,',
      'all.mp4',
      '#EXT-X-ENDLIST',
    )
    expect(playlist).toMatchObject({ target: 4, ended: true })
    expect(playlist.segments).toMatchObject([
      {
        sequence: 7,
        discontinuity: 3,
        duration: 3.5,
        whole: { uri: 'all.mp4', range: { from: 100, length: 50 } },
        map: { uri: 'init.mp4', range: { from: 0, length: 100 } },
      },
      { sequence: 8, discontinuity: 4, duration: 4, whole: { range: { from: 150, length: 60 } } },
    ])
  })

  it('reads keys', () => {
    const { segments } = media('#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x0102', '#EXTINF:1', 'a', '#EXT-X-KEY:METHOD=NONE', '#EXTINF:1', 'b')
    expect(segments[0]?.key).toEqual({ uri: 'k', iv: Uint8Array.from([...Array.from({ length: 14 }, () => 0), 1, 2]) })
    expect(segments[1]?.key).toBeUndefined()
    expect(codeOf(() => media('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"'))).toBe('ERR_CODEC_UNSUPPORTED')
  })

  it('reads what low latency adds', () => {
    const playlist = media(
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6',
      '#EXT-X-PART-INF:PART-TARGET=0.2',
      '#EXT-X-PART:DURATION=0.2,URI="a.0",INDEPENDENT=YES',
      '#EXTINF:0.2',
      'a',
      '#EXT-X-PART:DURATION=0.2,URI="b.0"',
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="b.1"',
    )
    expect(playlist).toMatchObject({ canBlock: true, partTarget: 0.2, partHoldBack: 0.6 })
    expect(playlist.segments).toMatchObject([
      { sequence: 0, whole: { uri: 'a' }, parts: [{ uri: 'a.0', independent: true }] },
      { sequence: 1, whole: undefined, parts: [{ uri: 'b.0', independent: false }] },
    ])
  })

  it('reads variants and renditions of sound', () => {
    const text = [
      '#EXTM3U',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="snd",NAME="deu, laut",DEFAULT=YES,URI="de.m3u8"',
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="sub",URI="s.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=800000,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="snd"',
      'low.m3u8',
    ]
    expect(readPlaylist(text.join('\r\n'))).toEqual({
      type: 'multivariant',
      variants: [{ uri: 'low.m3u8', bandwidth: 800_000, codecs: ['avc1.4d401e', 'mp4a.40.2'], audio: 'snd' }],
      audio: [{ group: 'snd', name: 'deu, laut', isDefault: true, uri: 'de.m3u8' }],
    })
  })

  it('refuses what is no playlist, and variables', () => {
    expect(codeOf(() => readPlaylist('<html>'))).toBe('ERR_MEDIA_INVALID')
    expect(codeOf(() => readPlaylist('#EXTM3U\n'))).toBe('ERR_MEDIA_INVALID')
    expect(codeOf(() => media('#EXT-X-DEFINE:NAME="a",VALUE="b"'))).toBe('ERR_CODEC_UNSUPPORTED')
  })
})
