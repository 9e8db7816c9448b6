import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TsMuxer, tsStart } from '../../../../../src/media/mpegts/muxer.js'
import { chooseTsTracks } from '../../../../../src/media/mpegts/track.js'
import { joinNals } from '../../../../../src/media/nal.js'
import { pull } from '../../../../../src/plugins/hls/pull/pull.js'
import type { Frame, Track } from '../../../../../src/stream.js'
import { fakePullJob } from '../../../../../src/testing/fake-job.js'
import { avcConfigs, hex } from '../../../media/configs.js'

const avc: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
const aac: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1190'), sampleRate: 48_000, channels: 2 }

const pictures = Array.from({ length: 10 }, (_, n): Frame => {
  return { track: 1, timestamp: 1_000_000 + n * 40_000, key: n === 0, data: joinNals([Uint8Array.of(n === 0 ? 0x65 : 0x41, n, 9, 7)]) }
})
const sounds = Array.from({ length: 18 }, (_, n): Frame => ({ track: 2, timestamp: 1_000_000 + n * 21_333, key: true, data: Uint8Array.of(0x21, n, 2, 3) }))

/** A transport stream. */
function mux(tracks: readonly Track[], frames: readonly Frame[]): Buffer {
  const muxer = new TsMuxer(chooseTsTracks(tracks).carried)
  let position = tsStart
  const units = frames.map((frame) => {
    const unit = muxer.write(frame, 0, position)
    position = unit?.after ?? position
    return unit?.bytes ?? new Uint8Array()
  })
  return Buffer.concat(units)
}

const list = (name: string): string => `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.4,\n${name}.ts\n#EXT-X-ENDLIST\n`
const files: Readonly<Record<string, string | Buffer>> = {
  '/both.m3u8': list('both'),
  '/both.ts': mux([avc, aac], [...pictures, ...sounds]),
  '/apart.m3u8':
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="one",DEFAULT=YES,URI="sound.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a"\npicture.m3u8\n',
  '/picture.m3u8': list('picture'),
  '/picture.ts': mux([avc], pictures),
  '/broken.m3u8': `#EXTM3U\n#EXT-X-TARGETDURATION:1\n${['both', 'gone', 'both', 'busy'].map((name) => `#EXT-X-DISCONTINUITY\n#EXTINF:0.4,\n${name}.ts\n`).join('')}#EXT-X-ENDLIST\n`,
  '/busy.ts': mux([avc, aac], [...pictures, ...sounds]),
  '/variants.m3u8': '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9000,CODECS="avc1.4d401e"\ngone.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nboth.m3u8\n',
  '/late.m3u8': '',
  '/sound.m3u8': list('sound'),
  '/sound.ts': mux([aac], sounds),
}

const asked: string[] = []

/** A Low-Latency playlist: at first parts of a segment, the next time three segments on, without them. */
function late(url: string): string | Buffer | undefined {
  if (url.startsWith('/late.m3u8')) {
    const head = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.1\n#EXT-X-PART-INF:PART-TARGET=0.2\n'
    if (!url.includes('_HLS_msn')) return `${head}#EXT-X-PART:DURATION=0.2,INDEPENDENT=YES,URI="late.0"\n`
    return `${head}#EXTINF:0.4,\nlate.ts\n#EXT-X-ENDLIST\n`
  }
  const whole = files['/picture.ts'] ?? ''
  if (url === '/late.0') return whole.slice(0, 188 * 6)
  return url === '/late.ts' ? whole : undefined
}

describe('HLS pull', () => {
  let server: Server
  let base = ''
  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      asked.push(url)
      const file = late(url) ?? files[url]
      // some say the second time what they cannot say the first
      if (url === '/busy.ts' && asked.filter((each) => each === url).length === 1) return response.writeHead(503).end()
      if (file === undefined) return response.writeHead(404).end()
      return response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(file))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    base = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it.each(['both', 'apart'])('begins with all tracks, sound beside its pictures, though it comes after them: %s', async (name) => {
    const job = fakePullJob(`${base}/${name}.m3u8`)
    const begun: string[][] = []
    await pull({
      ...job,
      publish(tracks) {
        begun.push(tracks.map(({ codec }) => codec.slice(0, 4)))
        return job.publish(tracks)
      },
    })
    expect(begun).toEqual([['avc1', 'mp4a']])
    const frames = job.streams.publications[0]?.frames ?? []
    expect(frames.length).toBe(28)
    const times = frames.map(({ timestamp }) => timestamp)
    if (name === 'both') expect(times).toEqual(times.toSorted((a, b) => a - b))
    await job.end()
  })

  const timing = { request: 5000, stall: 5000, retry: 20 }

  it('reads compressed answers, goes on over discontinuities, tries again what fails and leaves out what is gone', async () => {
    const job = fakePullJob(`${base}/broken.m3u8`)
    await pull(job, timing)
    const frames = job.streams.publications[0]?.frames ?? []
    expect(frames.length).toBe(28 * 3)
    const shown = frames.filter(({ track }) => track === 1).map(({ timestamp }) => timestamp)
    expect(shown).toEqual(shown.toSorted((a, b) => a - b))
    expect(new Set(shown).size).toBe(30)
    expect(asked.filter((url) => url === '/gone.ts')).toHaveLength(1)
    expect(asked.filter((url) => url === '/busy.ts')).toHaveLength(2)
    await job.end()
  })

  it('takes the next variant where the best cannot be had', async () => {
    const job = fakePullJob(`${base}/variants.m3u8`)
    await pull(job, timing)
    expect(asked).toContain('/gone.m3u8')
    expect(job.streams.publications[0]?.frames.length).toBe(28)
    await job.end()
  })

  it('finds the rest of a segment that it had begun by parts in the whole', async () => {
    const job = fakePullJob(`${base}/late.m3u8`)
    await pull(job, timing)
    const frames = job.streams.publications[0]?.frames ?? []
    expect(frames.map(({ timestamp }) => timestamp - (frames[0]?.timestamp ?? 0))).toEqual(pictures.map((_, n) => n * 40_000))
    await job.end()
  })
})
