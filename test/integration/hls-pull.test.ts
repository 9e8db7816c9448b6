/** Pulls of playlists that ffmpeg wrote, and of our own Low-Latency HLS. */

import { execFile } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Plugin } from '../../src/plugin.js'
import { hls } from '../../src/plugins/hls/index.js'
import { pull } from '../../src/plugins/hls/pull/pull.js'
import type { Frame } from '../../src/stream.js'
import { type FakePullJob, fakePullJob } from '../../src/testing/fake-job.js'
import { describeWith } from '../needs.js'
import { ViewingNode } from '../unit/viewing/node.js'
import { waitFor } from '../wait-for.js'

const run = promisify(execFile)
const decoded = ({ decodeTime, timestamp }: Frame): number => decodeTime ?? timestamp
const framesOf = (job: FakePullJob, track: number): Frame[] => job.streams.publications.flatMap(({ frames }) => frames).filter((frame) => frame.track === track)

/** Evenly spaced pictures, with sound beside them. µs. */
function expectWhole(job: FakePullJob, pictures: number): void {
  expect(job.streams.publications.length).toBe(1)
  const [video, audio] = [framesOf(job, 1), framesOf(job, 2)]
  expect(video.length).toBeGreaterThanOrEqual(pictures)
  expect(video[0]?.key).toBe(true)
  const shown = video.map(({ timestamp }) => timestamp).sort((a, b) => a - b)
  expect(shown.slice(0, pictures).every((time, i) => i === 0 || Math.abs(time - (shown[i - 1] as number) - 40_000) < 2000)).toBe(true)
  expect(video.every((frame) => decoded(frame) <= frame.timestamp)).toBe(true)
  expect(Math.abs((shown[0] as number) - (audio[0]?.timestamp ?? 0))).toBeLessThan(100_000)
  expect(audio.slice(1).every((frame, i) => Math.abs(frame.timestamp - (audio[i]?.timestamp ?? 0)) < 30_000)).toBe(true)
}

describeWith(['ffmpeg'], 'HLS pulls of what ffmpeg wrote', () => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-hls-'))
  let server: Server
  let base: string

  beforeAll(async () => {
    const input = ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=25', '-f', 'lavfi', '-i', 'sine=sample_rate=48000']
    const codecs = ['-t', '3', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
    const out = ['-f', 'hls', '-hls_time', '1', '-hls_list_size', '0']
    writeFileSync(join(folder, 'secret.key'), Buffer.alloc(16, 7))
    writeFileSync(join(folder, 'key.info'), `secret.key\n${join(folder, 'secret.key')}\n`)
    const outputs = [
      [...out, join(folder, 'ts.m3u8')],
      [...out, '-hls_segment_type', 'fmp4', '-hls_fmp4_init_filename', 'init.mp4', join(folder, 'fmp4.m3u8')],
      [...out, '-hls_flags', 'single_file', join(folder, 'ranges.m3u8')],
      [...out, '-hls_key_info_file', join(folder, 'key.info'), join(folder, 'aes.m3u8')],
    ]
    const groups = ['-map', '0:v', '-map', '1:a', '-var_stream_map', 'v:0,agroup:sound a:0,agroup:sound,default:yes', '-master_pl_name', 'multi.m3u8']
    await run('ffmpeg', [...input, ...outputs.flatMap((output) => [...codecs, ...output])])
    await run('ffmpeg', [...input, ...codecs, ...groups, ...out, '-hls_segment_type', 'fmp4', join(folder, 'multi-%v.m3u8')])
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://host')
      if (pathname.startsWith('/old/')) {
        response.writeHead(302, { location: pathname.slice(4) }).end()
        return
      }
      const file = join(folder, pathname)
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
      const size = statSync(file).size
      response.writeHead(from === undefined ? 200 : 206, { 'content-length': from === undefined ? size : Number(to) - Number(from) + 1 })
      createReadStream(file, from === undefined ? {} : { start: Number(from), end: Number(to) }).pipe(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    base = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })

  it('reads segments of both sorts, ranges, keys and groups to the end', async () => {
    const names = ['ts', 'fmp4', 'ranges', 'aes', 'multi']
    await Promise.all(
      names.map(async (name) => {
        const job = fakePullJob(`${base}/old/${name}.m3u8`)
        await pull(job)
        expect(
          job.streams.publications[0]?.tracks.map(({ codec }) => codec.slice(0, 4)),
          name,
        ).toEqual(['avc1', 'mp4a'])
        expectWhole(job, 75)
        await job.end()
      }),
    )
  })

  it('says why there is nothing', async () => {
    const job = fakePullJob(`${base}/secret.key`)
    await expect(pull(job)).rejects.toMatchObject({ code: 'ERR_MEDIA_INVALID' })
    await job.end()
  })
})

describe('HLS pulls of our own', () => {
  let node: ViewingNode
  let stop: () => Promise<void>
  beforeAll(async () => {
    node = await ViewingNode.start(hls as Plugin, { wait: 10_000, segmentDuration: 1000 })
    stop = await node.feed('live/cam')
  })
  afterAll(async () => {
    await stop()
    await node.close()
  })

  it.each([
    ['parts of fragmented MP4', ''],
    ['segments of MPEG-TS', '?format=ts'],
  ])('follow %s live', async (_, query) => {
    const job = fakePullJob(node.url(`live/cam.m3u8${query}`))
    const done = pull(job).catch((error: unknown) => error)
    await waitFor('3 s of pictures', () => framesOf(job, 1).length >= 75, 20_000)
    await job.end()
    await done
    expectWhole(job, 70)
  })
})
