import { describe, expect, it } from 'vitest'
import { type ReadMediaPlaylist, readPlaylist } from '../../../../../src/media/hls/playlist-reader.js'
import { Cursor } from '../../../../../src/plugins/hls/pull/cursor.js'

function playlist(first: number, count: number, more = ''): ReadMediaPlaylist {
  const segments = Array.from({ length: count }, (_, i) => `#EXTINF:2\n${first + i}`).join('\n')
  const read = readPlaylist(
    `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${first}\n${more.startsWith('#EXT-X-S') ? more : ''}\n${segments}\n${more.startsWith('#EXT-X-S') ? '' : more}`,
  )
  if (read.type !== 'media') throw new Error('unexpected')
  return read
}
const names = (cursor: Cursor, of: ReadMediaPlaylist): string[] => cursor.take(of).map(({ resource }) => resource.uri)

describe('Cursor', () => {
  it('begins three target durations before the end of what is live, and at the start of what is complete', () => {
    expect(names(new Cursor(), playlist(10, 6))).toEqual(['13', '14', '15'])
    expect(names(new Cursor(), playlist(0, 5, '#EXT-X-ENDLIST'))).toEqual(['0', '1', '2', '3', '4'])
  })

  it('takes each segment once', () => {
    const cursor = new Cursor()
    cursor.take(playlist(10, 6))
    expect(names(cursor, playlist(10, 6))).toEqual([])
    expect(names(cursor, playlist(12, 6))).toEqual(['16', '17'])
    expect(cursor.next).toEqual({ sequence: 18, part: 0 })
  })

  it('begins again where the playlist went on without it, or began anew', () => {
    const cursor = new Cursor()
    cursor.take(playlist(10, 6))
    expect(names(cursor, playlist(100, 6))).toEqual(['103', '104', '105'])
    expect(cursor.missed).toBe(84)
    const anew = cursor.take(playlist(0, 4))
    expect(anew.map(({ resource, run }) => [resource.uri, run])).toEqual([
      ['1', 1],
      ['2', 1],
      ['3', 1],
    ])
  })

  it('takes parts, and then what is new of the same segment', () => {
    const part = (segment: number, n: number): string => `#EXT-X-PART:DURATION=0.5,URI="${segment}.${n}"${n === 0 ? ',INDEPENDENT=YES' : ''}`
    const control = '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1\n#EXT-X-PART-INF:PART-TARGET=0.5'
    const of = (...lines: readonly string[]): ReadMediaPlaylist => {
      const read = readPlaylist(['#EXTM3U', '#EXT-X-TARGETDURATION:2', control, ...lines].join('\n'))
      if (read.type !== 'media') throw new Error('unexpected')
      return read
    }
    const whole = [part(0, 0), part(0, 1), '#EXTINF:1', '0']
    const cursor = new Cursor()
    expect(names(cursor, of(...whole, part(1, 0)))).toEqual(['0.0', '0.1', '1.0'])
    expect(cursor.next).toEqual({ sequence: 1, part: 1 })
    // 1.5 s from the end, where 1 s is asked for
    expect(cursor.excess).toBe(0.5)
    expect(names(cursor, of(...whole, part(1, 0), part(1, 1)))).toEqual(['1.1'])
    expect(names(cursor, of(...whole, part(1, 0), part(1, 1), '#EXTINF:1', '1', part(2, 0)))).toEqual(['2.0'])
    const late = cursor.take(of(...whole, '#EXTINF:1', '1', '#EXTINF:1', '2', '#EXTINF:1', '3'))
    expect(late.map(({ resource, isFirst, isRest }) => [resource.uri, isFirst, isRest])).toEqual([
      ['2', false, true],
      ['3', true, false],
    ])
  })
})
