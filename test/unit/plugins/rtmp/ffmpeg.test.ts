import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import { describeWith, itWith } from '../../../needs.js'
import { type FakeHost, startRtmp } from './fake.js'
import { until } from './until.js'

const run = promisify(execFile)
const source = (seconds: number): string[] => ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=25', '-f', 'lavfi', '-i', 'sine', '-t', String(seconds)]
const quiet = ['-y', '-hide_banner', '-loglevel', 'error']
const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'flv']

describeWith(['ffmpeg'], 'real clients', () => {
  let host: FakeHost | undefined
  afterEach(async () => {
    await host?.stop()
  })

  it('ffmpeg publishes, ffprobe plays both codecs', async () => {
    host = await startRtmp({ config: { playWait: 10_000 } })
    const url = `rtmp://127.0.0.1:${host.port}/live/x`
    const publisher = spawn('ffmpeg', [...quiet, ...source(2), ...codecs, `${url}?token=abc`])
    const ended = once(publisher, 'close')
    const { stdout } = await run('ffprobe', ['-v', 'error', '-analyzeduration', '500000', '-show_entries', 'stream=codec_name,width', '-of', 'csv=p=0', url])
    expect(stdout.trim().split('\n').sort()).toEqual(['aac', 'h264,160'])
    expect((await ended)[0]).toBe(0)
    const publication = host.streams.published.get('live/x')
    await until('the end', () => publication?.closed)
    const video = publication?.frames.filter(({ track }) => track === 1) ?? []
    expect(video.length).toBe(50)
    expect(video.filter(({ key }) => key).length).toBe(2)
    expect(video.some(({ timestamp, decodeTime }) => decodeTime !== undefined && decodeTime < timestamp)).toBe(true)
  })

  itWith(['gstreamer'], 'GStreamer reads what it plays, with its own client and with librtmp', async () => {
    host = await startRtmp({ config: { playWait: 10_000 } })
    const url = `rtmp://127.0.0.1:${host.port}/live/x`
    const publisher = spawn('ffmpeg', [...quiet, ...source(2), ...codecs, url])
    const ended = once(publisher, 'close')
    await Promise.all([
      run('gst-launch-1.0', ['-q', 'rtmp2src', `location=${url}`, 'num-buffers=5', '!', 'fakesink']),
      run('gst-launch-1.0', ['-q', 'rtmpsrc', `location=${url} live=1`, 'num-buffers=5', '!', 'fakesink']),
    ])
    publisher.kill('SIGKILL')
    await ended
  })

  it('our client pulls from ffmpeg as a server, and pushes to it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shoal-rtmp-'))
    const file = join(folder, 'pushed.flv')
    const [from, to] = [await freePort(), await freePort()]
    host = await startRtmp()
    const server = spawn('ffmpeg', [...quiet, ...source(1), ...codecs, '-listen', '1', `rtmp://127.0.0.1:${from}/live/x`])
    const receiver = spawn('ffmpeg', [...quiet, '-listen', '1', '-i', `rtmp://127.0.0.1:${to}/live/y`, '-c', 'copy', file])
    const ended = Promise.all([once(server, 'close'), once(receiver, 'close')])
    const { pull, push } = host
    // ffmpeg says nothing of the end: it closes the connection
    const pulled = retried(() => pull(`rtmp://127.0.0.1:${from}/live/x`, 'cam')).catch((error: Error) => error.message)
    const pushed = retried(() => push(`rtmp://127.0.0.1:${to}/live/y`, 'cam'))
    expect(await pulled).toContain('closed the connection')
    await pushed
    await ended
    const { stdout } = await run('ffprobe', ['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_name,nb_read_packets', '-of', 'csv=p=0', file])
    await rm(folder, { recursive: true })
    expect(stdout).toContain('h264,25')
    expect(stdout).toContain('aac,')
    expect(host.streams.published.get('cam')?.frames.filter(({ track }) => track === 1).length).toBe(25)
  })

  it('ffmpeg is told why it may not publish', async () => {
    host = await startRtmp({ permission: { allows: () => 'not here' } })
    const refused = await run('ffmpeg', [...quiet, ...source(1), ...codecs, `rtmp://127.0.0.1:${host.port}/live/x`]).catch((error: Error) => error)
    expect(String(refused)).toContain('not here')
  })
})

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Again while ffmpeg does not listen yet. */
async function retried(run: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!String(error).includes('ECONNREFUSED')) throw error
      await sleep(20)
    }
  }
}
