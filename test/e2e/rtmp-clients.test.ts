/** Encoders and players as people have them, against the RTMP and HTTP-FLV of one node. */

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { freePort } from '../free-port.js'
import { describeWith, itWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { CliNode, httpOf, type Running, run } from './cli.js'

interface StreamRow {
  path: string
  framesIn: number
  since: number
  tracks: { codec: string; width?: number }[]
}

const quiet = ['-v', 'error', '-nostdin']

/** A picture and a tone, encoded as H.264 and AAC and sent to `url`. */
function encode(url: string, size = '320x180'): Running {
  const picture = ['-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`, '-f', 'lavfi', '-i', 'sine']
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  return run('ffmpeg', [...quiet, ...picture, ...codecs, '-f', 'flv', url])
}

/** The same with GStreamer's own elements. */
function encodeWithGStreamer(url: string): Running {
  const video = 'videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! openh264enc gop-size=25 ! h264parse ! queue ! mux.'
  const audio = 'audiotestsrc is-live=true ! audio/x-raw,rate=44100,channels=2 ! voaacenc ! aacparse ! queue ! mux.'
  return run('gst-launch-1.0', ['-q', ...`flvmux name=mux streamable=true ! rtmp2sink location=${url} ${video} ${audio}`.split(' ')])
}

/** How many pictures FFmpeg says it has decoded, in the output of `-progress`. */
function pictures(progress: string): number {
  return Number([...progress.matchAll(/frame=(\d+)/g)].at(-1)?.[1] ?? 0)
}

describeWith(['ffmpeg'], 'RTMP clients', () => {
  let node: CliNode
  let rtmp: string
  let http: string
  const running: Running[] = []
  const start = (process: Running): Running => {
    running.push(process)
    return process
  }
  const streamOf = async (path: string): Promise<StreamRow | undefined> =>
    (await node.json<{ streams: StreamRow[] }>('streams')).streams.find((stream) => stream.path === path)
  const flows = (path: string): Promise<StreamRow> =>
    waitFor(`frames of ${path}`, async () => {
      const row = await streamOf(path)
      return row && row.framesIn > 25 && row
    })

  beforeAll(async () => {
    const port = await freePort()
    node = new CliNode('studio', { SHOAL_RTMP__PORT: String(port) })
    await node.start()
    rtmp = `rtmp://127.0.0.1:${port}`
    http = await httpOf(node)
  })
  afterEach(async () => {
    for (const process of running.splice(0)) await process.kill('SIGKILL')
  })
  afterAll(() => node?.dispose())

  it('ffmpeg publishes, and plays back over HTTP and RTMP', async () => {
    start(encode(`${rtmp}/live/cam`))
    await flows('live/cam')
    for (const url of [`${http}/live/cam.flv`, `${rtmp}/live/cam`]) {
      const played = await run('ffmpeg', [...quiet, '-i', url, '-t', '1', '-f', 'null', '-progress', '-', '-']).ended
      expect(played, url).toMatchObject({ code: 0, stderr: '' })
      expect(pictures(played.stdout), url).toBeGreaterThanOrEqual(20)
    }
  })

  itWith(['curl'], 'curl sees an FLV stream, and an error it can read', async () => {
    start(encode(`${rtmp}/live/cam`))
    await flows('live/cam')
    const head = await run('curl', ['-sSI', `${http}/live/cam.flv`]).ended
    expect(head.stdout).toMatch(/^HTTP\/1\.1 200/)
    expect(head.stdout.toLowerCase()).toContain('content-type: video/x-flv')
    const body = await run('bash', ['-c', `curl -sSN ${http}/live/cam.flv 2>/dev/null | head -c 9 | od -An -tx1`]).ended
    expect(body.stdout.trim()).toBe('46 4c 56 01 05 00 00 00 09')
    const missing = await run('curl', ['-sSI', '-w', '%{http_code}', `${http}/live/none.flv`]).ended
    expect(missing.stdout).toMatch(/404$/)
  })

  itWith(['gstreamer'], 'GStreamer publishes and plays', async () => {
    start(encodeWithGStreamer(`${rtmp}/live/gst`))
    const row = await flows('live/gst')
    expect(row.tracks.map(({ codec }) => codec.split('.')[0]).sort()).toEqual(['avc1', 'mp4a'])
    const probe = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,width', '-of', 'csv=p=0', `${rtmp}/live/gst`]).ended
    expect(probe.stdout.trim().split('\n').sort()).toEqual(['aac', 'h264,320'])
    const played = await run('gst-launch-1.0', [
      '-q',
      'rtmp2src',
      `location=${rtmp}/live/gst`,
      'num-buffers=50',
      '!',
      'flvdemux',
      'name=d',
      'd.video',
      '!',
      'h264parse',
      '!',
      'openh264dec',
      '!',
      'fakesink',
    ]).ended
    expect(played.code, played.stderr).toBe(0)
  })

  it('an encoder that was killed comes back on its path, and a viewer stays', async () => {
    const first = start(encode(`${rtmp}/live/back`))
    const before = await flows('live/back')
    const viewer = start(run('ffmpeg', [...quiet, '-i', `${http}/live/back.flv`, '-f', 'null', '-progress', '-', '-']))
    const frames = (): number => pictures(viewer.output.stdout)
    await waitFor('pictures', () => frames() > 10)
    await first.kill('SIGKILL')
    start(encode(`${rtmp}/live/back`))
    const after = await flows('live/back')
    expect(after.since).toBeGreaterThan(before.since)
    const at = frames()
    await waitFor('more pictures', () => frames() > at + 25)
    expect(viewer.child.exitCode).toBeNull()
  })

  it('a second encoder is refused while the first lives', async () => {
    start(encode(`${rtmp}/live/one`))
    const { since } = await flows('live/one')
    const second = await encode(`${rtmp}/live/one`, '640x360').ended
    expect(second.code).not.toBe(0)
    const row = await flows('live/one')
    expect(row.since).toBe(since)
    expect(row.tracks.find(({ width }) => width !== undefined)?.width).toBe(320)
  })

  it('or takes over where the configuration says so', async () => {
    await node.json('config', 'set', 'plugins.rtmp.takeover', 'true')
    await node.kill()
    await node.start()
    const first = start(encode(`${rtmp}/live/one`))
    await flows('live/one')
    start(encode(`${rtmp}/live/one`, '640x360'))
    await first.ended
    const row = await waitFor('the second', async () => {
      const now = await streamOf('live/one')
      return now?.tracks.some(({ width }) => width === 640) && now.framesIn > 25
    })
    expect(row).toBe(true)
  })
})
