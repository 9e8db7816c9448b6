import { afterEach, describe, expect, it } from 'vitest'
import type { Hub } from '../../../../src/daemon/streams/hub.js'
import type { Plugin } from '../../../../src/plugin.js'
import { hls } from '../../../../src/plugins/hls/index.js'
import type { HlsInfo } from '../../../../src/plugins/hls/server.js'
import type { Track } from '../../../../src/stream.js'
import { waitFor } from '../../../wait-for.js'
import { boxesOf, samplesOf } from '../../media/mp4/reader.js'
import { unitsOf } from '../../media/mpegts/reader.js'
import { audio, numberIn, picture, smaller, sound, video } from '../../viewing/media.js'
import { ViewingNode } from '../../viewing/node.js'

let node: ViewingNode
afterEach(async () => await node?.close())

type Publication = ReturnType<Hub['publish']>

/** A node with segments of a second, and a stream with pictures from `from` to `to`. */
async function start(config: object = {}, tracks: readonly Track[] = [video, audio]): Promise<Publication> {
  node = await ViewingNode.start(hls as Plugin, { segmentDuration: 1000, ...config })
  return node.hub.publish('live/cam', tracks, { publisher: 'test' })
}
function write(publication: Publication, from: number, to: number): void {
  for (let n = from; n < to; n++) publication.write(picture(n))
}
const text = async (target: string): Promise<string> => await (await fetch(node.url(target))).text()
const bytes = async (target: string): Promise<Buffer> => Buffer.from(await (await fetch(node.url(`live/${target}`))).arrayBuffer())
const media = (more = ''): Promise<string> => text(`live/cam.m3u8?media=1${more}`)
const uris = (playlist: string): string[] => playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
const partsOf = (playlist: string): string[] => [...playlist.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].map((match) => match[1] ?? '')
const numbersOf = (body: Buffer): number[] => samplesOf(body).flatMap(({ track, data }) => (track === 1 ? [numberIn(data.subarray(4))] : []))

describe('playlists', () => {
  it('say codecs, size and rate, and lead to the media playlist', async () => {
    const publication = await start()
    write(publication, 0, 60)
    const answer = await fetch(node.url('live/cam.m3u8?tracks=video&token=secret'))
    expect(answer.headers.get('content-type')).toBe('application/vnd.apple.mpegurl')
    const playlist = await answer.text()
    expect(playlist).toMatch(/CODECS="avc1.4d401e",RESOLUTION=640x360\n/)
    expect(playlist).toMatch(/BANDWIDTH=[1-9]\d+,AVERAGE-BANDWIDTH=[1-9]\d+/)
    // what the request was allowed by goes along
    expect(uris(playlist)).toEqual(['cam.m3u8?media=1&tracks=video&token=secret'])
    expect(uris(await text(`live/${uris(playlist)[0]}`))).toEqual(['cam.m4s?n=0&tracks=video&token=secret', 'cam.m4s?n=1&tracks=video&token=secret'])
  })

  it('name segments that begin with key frames, and hold every frame once', async () => {
    const publication = await start({ partDuration: 0 })
    for (let n = 0; n < 80; n++) {
      publication.write(picture(n))
      publication.write(sound(n))
    }
    const playlist = await media()
    expect(playlist).not.toContain('PART')
    expect(playlist).toContain('#EXT-X-TARGETDURATION:1\n')
    const names = uris(playlist)
    expect(names).toHaveLength(3)
    expect(playlist.match(/#EXTINF:1\.00000,/g)).toHaveLength(3)
    const bodies = await Promise.all(names.map(bytes))
    expect(bodies.map((body) => numbersOf(body)[0])).toEqual([0, 25, 50])
    expect(bodies.flatMap(numbersOf)).toEqual(Array.from({ length: 75 }, (_, n) => n))
    expect(bodies.flatMap((body) => samplesOf(body).filter(({ track }) => track === 2))).toHaveLength(75)
    const [map] = /(?<=#EXT-X-MAP:URI=")[^"]+/.exec(playlist) ?? ['']
    expect(boxesOf(await bytes(map)).map(({ type }) => type)).toEqual(['ftyp', 'moov'])
  })

  it('in MPEG-TS have segments that stand alone', async () => {
    const publication = await start({ format: 'ts' })
    write(publication, 0, 60)
    const playlist = await media()
    expect(playlist).toContain('#EXT-X-VERSION:3\n')
    const names = uris(playlist)
    expect(names).toEqual(['cam.mpegts?n=0', 'cam.mpegts?n=1'])
    const [first, second] = await Promise.all(names.map(bytes))
    expect([first?.readUInt16BE(1), second?.readUInt16BE(1)]).toEqual([0x4000, 0x4000])
    expect(unitsOf(Buffer.concat([first ?? Buffer.alloc(0), second ?? Buffer.alloc(0)]))).toHaveLength(50)
  })

  it('keep as many segments as they should, and some behind them', async () => {
    const publication = await start({ window: 3 })
    write(publication, 0, 30)
    await media()
    write(publication, 30, 205)
    const playlist = await waitFor('the last segment', async () => {
      const now = await media()
      return uris(now).at(-1) === 'cam.m4s?n=7' && now
    })
    expect(playlist).toContain('#EXT-X-MEDIA-SEQUENCE:5\n')
    expect(uris(playlist)).toHaveLength(3)
    expect((await fetch(node.url('live/cam.m4s?n=4'))).status).toBe(200)
    expect((await fetch(node.url('live/cam.m4s?n=2'))).status).toBe(404)
  })
})

describe('low latency', () => {
  it('lists parts of at most the target, which together are the segment', async () => {
    const publication = await start()
    write(publication, 0, 33)
    const playlist = await media()
    expect(playlist).toContain('#EXT-X-PART-INF:PART-TARGET=0.20000\n')
    const parts = partsOf(playlist)
    // five of the complete segment, one of the next: its second grows
    expect(parts).toEqual([...Array.from({ length: 5 }, (_, n) => `cam.m4s?n=0&part=${n}`), 'cam.m4s?n=1&part=0'])
    expect(playlist).toMatch(/#EXT-X-PRELOAD-HINT:TYPE=PART,URI="cam.m4s\?n=1&part=1"\n$/)
    expect(playlist.match(/INDEPENDENT=YES/g)).toHaveLength(2)
    const bodies = await Promise.all(parts.slice(0, 5).map(bytes))
    expect(bodies.flatMap(numbersOf)).toEqual(Array.from({ length: 25 }, (_, n) => n))
    expect(Buffer.concat(bodies).equals(await bytes('cam.m4s?n=0'))).toBe(true)
  })

  it('holds requests for a playlist, and for the part of the hint, until they can be answered', async () => {
    const publication = await start()
    write(publication, 0, 30)
    await media()
    const [hinted, next, segment] = [bytes('cam.m4s?n=1&part=1'), media('&_HLS_msn=1&_HLS_part=1'), media('&_HLS_msn=1')]
    let done = 0
    for (const one of [hinted, next, segment]) void one.then(() => done++)
    write(publication, 30, 35)
    expect(done).toBe(0)
    publication.write(picture(35))
    expect(numbersOf(await hinted)).toEqual([30, 31, 32, 33, 34])
    expect(partsOf(await next).at(-1)).toBe('cam.m4s?n=1&part=1')
    expect(done).toBeLessThan(3)
    write(publication, 36, 51)
    expect(uris(await segment).at(-1)).toBe('cam.m4s?n=1')
  })

  it('leaves old segments out of an update that may be short', async () => {
    const publication = await start({ window: 12 })
    write(publication, 0, 30)
    await media()
    write(publication, 30, 260)
    await waitFor('ten segments', async () => uris(await media()).length === 10)
    expect(await media('&_HLS_skip=YES')).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n')
  })

  it.each([
    ['a segment far ahead', 'm3u8?media=1&_HLS_msn=9', 400],
    ['a part without a segment', 'm3u8?media=1&_HLS_part=1', 400],
    ['no number', 'm3u8?media=1&_HLS_msn=x', 400],
    ['a format that there is not', 'm3u8?format=mov', 400],
    ['a part far ahead', 'm4s?n=1&part=7', 404],
    ['a segment that grows', 'm4s?n=1', 404],
    ['no segment', 'm4s', 404],
    ['an initialization segment that there is not', 'm4s?init=9', 404],
    ['segments that nobody makes', 'mpegts?n=0', 404],
  ])('refuses %s', async (_, target, status) => {
    const publication = await start()
    write(publication, 0, 30)
    await media()
    expect((await fetch(node.url(`live/cam.${target}`))).status).toBe(status)
  })
})

describe('a stream', () => {
  it('changes its codec behind a discontinuity, with another initialization segment', async () => {
    const publication = await start()
    write(publication, 0, 30)
    await media()
    publication.update(smaller)
    write(publication, 50, 76)
    const playlist = await waitFor('the other codec', async () => {
      const now = await media()
      return now.includes('#EXT-X-DISCONTINUITY\n') && now.includes('init=2') && now
    })
    expect(playlist).toMatch(/#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="cam.m4s\?init=2"\n/)
    expect(await bytes('cam.m4s?init=1')).not.toEqual(await bytes('cam.m4s?init=2'))
  })

  it('goes on when another publisher with the same codec takes over, without a jump', async () => {
    const first = await start({ wait: 5000 }, [video])
    write(first, 100, 130)
    await media()
    first.close()
    const second = node.hub.publish('live/cam', [video], { publisher: 'test' })
    write(second, 0, 51)
    await waitFor('its segments', async () => uris(await media()).length === 4)
    const bodies = await Promise.all([0, 1, 2, 3].map((n) => bytes(`cam.m4s?n=${n}`)))
    const times = bodies.flatMap((body) => samplesOf(body).map(({ decodeTime }) => decodeTime / 90))
    expect(times.slice(1).every((time, i) => time - (times[i] ?? 0) === 40 || time - (times[i] ?? 0) === 100)).toBe(true)
    expect(await media()).not.toContain('DISCONTINUITY')
  })

  it.each([
    ['forward', 3_600_000_000],
    ['back', -500_000],
  ])('tells a clock that is set %s by a discontinuity, not by the length of a segment', async (_, by) => {
    const publication = await start()
    write(publication, 0, 40)
    await media()
    for (let n = 40; n < 90; n++) publication.write({ ...picture(n), timestamp: picture(n).timestamp + by })
    const playlist = await waitFor('segments behind the jump', async () => {
      const now = await media()
      return uris(now).length === 3 && now
    })
    expect(playlist).toContain('#EXT-X-TARGETDURATION:1\n')
    // pictures 25 to 39, then from the next key picture on
    expect(playlist).toMatch(/#EXTINF:0\.60000,\ncam.m4s\?n=1\n#EXT-X-DISCONTINUITY\n/)
    expect(numbersOf(await bytes('cam.m4s?n=2'))[0]).toBe(50)
  })

  it('ends with an end, and another one of the path begins with new numbers', async () => {
    const first = await start({}, [video])
    write(first, 0, 30)
    await media()
    first.close()
    const ended = await waitFor('the end', async () => {
      const now = await media()
      return now.includes('#EXT-X-ENDLIST') && now
    })
    expect(uris(ended)).toHaveLength(2)
    const second = node.hub.publish('live/cam', [video], { publisher: 'test' })
    write(second, 0, 30)
    expect(await media()).not.toContain('ENDLIST')
  })

  it('is segmented from its first viewer on, and not for long after its last', async () => {
    const publication = await start({ idleTimeout: 1000, segmentDuration: 500 }, [video])
    expect(publication.subscribers).toBe(0)
    write(publication, 0, 30)
    expect((await fetch(node.url('live/cam.m3u8'), { method: 'HEAD' })).status).toBe(200)
    expect(publication.subscribers).toBe(0)
    await Promise.all([media(), media(), text('live/cam.m3u8')])
    expect(publication.subscribers).toBe(1)
    expect((await node.read<HlsInfo>('/streams')).streams).toMatchObject([{ path: 'live/cam', format: 'fmp4', segments: 1, ended: false }])
    await waitFor('nobody', () => publication.subscribers === 0, 15_000)
    await waitFor('no stream', async () => (await node.read<HlsInfo>('/streams')).streams.length === 0)
    // numbers go on
    expect(uris(await media())).toEqual(['cam.m4s?n=2'])
  })

  it.each([
    ['there is none', 'live/none.m3u8', 404],
    ['its picture would be black', 'live/vp8.m3u8', 415],
    ['it has no media', 'live/text.m3u8', 415],
  ])('is refused when %s', async (_, target, status) => {
    await start()
    node.hub.publish('live/vp8', [{ id: 1, kind: 'video', codec: 'vp8' }, audio], { publisher: 'test' })
    node.hub.publish('live/text', [{ id: 1, kind: 'data', codec: 'text' }], { publisher: 'test' })
    expect((await fetch(node.url(target))).status).toBe(status)
    expect(node.hub.subscribers()).toEqual([])
  })

  it('names the versions of a stream whose picture it does not carry', async () => {
    await start()
    node.hub.publish('live/vp8', [{ id: 1, kind: 'video', codec: 'vp8' }], { publisher: 'test' })
    node.versions.push({ path: 'live/vp8~h264', video: 'avc1.64001f' })
    const { error } = (await (await fetch(node.url('live/vp8.m3u8'))).json()) as { error: { hint: string } }
    expect(error.hint).toContain('In other codecs there is live/vp8~h264 (avc1.64001f).')
  })

  it('of sound alone is cut by time', async () => {
    const publication = await start({}, [audio])
    for (let n = 0; n < 100; n++) publication.write(sound(n))
    const playlist = await media()
    expect(uris(playlist)).toHaveLength(2)
    expect((await fetch(node.url('live/cam.m4s?n=0'))).headers.get('content-type')).toBe('audio/mp4')
  })
})
