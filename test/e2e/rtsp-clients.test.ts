/** Encoders and players as people have them, against the RTSP of whole nodes. */

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Frame, Track } from '../../src/stream.js'
import { read } from '../integration/keys/bench.js'
import { Nodes, type TestNode } from '../integration/nodes.js'
import { describeWith, itWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { type Running, run } from './cli.js'

const quiet = ['-v', 'error', '-nostdin']
const picture = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25']
const tone = ['-re', '-f', 'lavfi', '-i', 'sine=sample_rate=48000']
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p']
const h265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'keyint=25:bframes=0:log-level=none', '-pix_fmt', 'yuv420p']
const aac = ['-c:a', 'aac']

/** Sends some seconds to `url`. */
function publish(url: string, transport: string, codecs: readonly string[], seconds: number): Running {
  return run('ffmpeg', [...quiet, ...picture, ...tone, '-t', String(seconds), ...codecs, '-f', 'rtsp', '-rtsp_transport', transport, url])
}

/** All of a stream, to its end. */
interface Kept {
  readonly tracks: readonly Track[]
  readonly frames: readonly Frame[]
}

async function keepAll({ probe }: TestNode, path: string): Promise<Kept> {
  const subscription = await probe.ctx.streams.subscribe(path, { wait: 20_000 })
  const frames: Frame[] = []
  // the reader would wait for the publisher to come back
  const over = waitFor(`the end of ${path}`, () => !probe.ctx.streams.list().some((stream) => stream.path === path), 60_000).then(() => subscription.close())
  for await (const batch of subscription) frames.push(...batch)
  await over
  return { tracks: subscription.tracks, frames }
}

/** Frames of one kind, in the order in which they came. */
function framesOf({ tracks, frames }: Kept, kind: Track['kind']): readonly Frame[] {
  const id = tracks.find((track) => track.kind === kind)?.id
  return frames.filter(({ track }) => track === id)
}

const decoded = ({ decodeTime, timestamp }: Frame): number => decodeTime ?? timestamp
const steps = (times: readonly number[]): number[] => times.slice(1).map((time, i) => time - (times[i] as number))

/** Nothing lost, times that go up evenly, sound and picture together. In µs. */
function expectWhole(kept: Kept, pictures: number): void {
  const [video, audio] = [framesOf(kept, 'video'), framesOf(kept, 'audio')]
  expect(video.length).toBe(pictures)
  expect(video[0]?.key).toBe(true)
  expect(steps(video.map(decoded)).every((step) => step > 0)).toBe(true)
  expect(video.every((frame) => decoded(frame) <= frame.timestamp)).toBe(true)
  expectTogether(
    video.map(({ timestamp }) => timestamp),
    audio.map(({ timestamp }) => timestamp),
    // a reader begins with the group as it came in, and on a busy machine sound comes in after its picture
    250_000,
  )
}

/** `early`: µs that the first sound may lie before the first picture. */
function expectTogether(pictures: readonly number[], sounds: readonly number[], early = 50_000): void {
  const shown = pictures.toSorted((a, b) => a - b)
  expect(steps(shown).filter((step) => Math.abs(step - 40_000) > 2000)).toEqual([])
  expect(steps(sounds).filter((step) => step < 0 || step > 30_000)).toEqual([])
  const behind = (sounds[0] as number) - (shown[0] as number)
  expect(behind).toBeLessThan(50_000)
  expect(behind).toBeGreaterThan(-early)
}

describeWith(['ffmpeg'], 'RTSP clients', () => {
  const nodes = new Nodes()
  const running: Running[] = []
  let studio: TestNode
  let kitchen: TestNode
  let rtsp: string

  const keep = (process: Running): Running => {
    running.push(process)
    return process
  }
  const flows = (path: string): Promise<unknown> =>
    waitFor(`frames of ${path}`, () => (studio.probe.ctx.streams.list().find((stream) => stream.path === path)?.framesIn ?? 0) > 50)
  const urlOf = async (node: TestNode): Promise<string> => `rtsp://127.0.0.1:${(await read<{ port: number }>(node, '/rtsp/info')).port}`

  beforeAll(async () => {
    ;[studio, kitchen] = [await nodes.start('studio'), await nodes.start('kitchen')]
    rtsp = await urlOf(studio)
  })
  afterEach(async () => {
    for (const process of running.splice(0)) await process.kill('SIGKILL')
  })
  afterAll(() => nodes.dispose())

  it('ffmpeg publishes by TCP and UDP, and every frame comes', async () => {
    const cases = [
      { name: 'tcp', transport: 'tcp', codecs: [...h264, ...aac], expected: ['avc1', 'mp4a'] },
      { name: 'udp', transport: 'udp', codecs: [...h264, ...aac], expected: ['avc1', 'mp4a'] },
      { name: 'hevc', transport: 'tcp', codecs: [...h265, '-c:a', 'libopus'], expected: ['hvc1', 'opus'] },
      { name: 'phone', transport: 'udp', codecs: [...h264, '-c:a', 'pcm_alaw', '-ar', '8000'], expected: ['avc1', 'alaw'] },
    ]
    const seen = cases.map(async ({ name, transport, codecs, expected }) => {
      const kept = keepAll(studio, `in/${name}`)
      expect(await keep(publish(`${rtsp}/in/${name}`, transport, codecs, 6)).ended, name).toMatchObject({ code: 0, stderr: '' })
      const { tracks, frames } = await kept
      expect(tracks.map(({ codec }) => codec.slice(0, 4))).toEqual(expected)
      expect(tracks[0]).toMatchObject({ width: 320, height: 180 })
      expectWhole({ tracks, frames }, 150)
    })
    await Promise.all(seen)
  })

  it('ffmpeg plays by TCP and UDP', async () => {
    keep(publish(`${rtsp}/live/cam`, 'tcp', [...h264, ...aac], 60))
    await flows('live/cam')
    for (const transport of ['tcp', 'udp']) {
      const probe = [
        '-v',
        'error',
        '-rtsp_transport',
        transport,
        '-show_entries',
        'stream=codec_name,width:packet=codec_type,pts_time',
        '-read_intervals',
        '%+2',
      ]
      const { stdout, stderr } = await keep(run('ffprobe', [...probe, '-of', 'csv=p=0', `${rtsp}/live/cam`])).ended
      const times = (kind: string): number[] => [...stdout.matchAll(new RegExp(`^${kind},([\\d.]+)`, 'gm'))].map(([, time]) => Number(time) * 1e6)
      expect(stderr, transport).toBe('')
      expect(stdout).toMatch(/^h264,320$/m)
      expect(stdout).toMatch(/^aac/m)
      expect(times('video').length).toBeGreaterThan(40)
      // a player begins with a key picture that is shown 80 ms after it is decoded, and with the sound of that time
      expectTogether(times('video'), times('audio'), 110_000)
    }
  })

  itWith(['gstreamer'], 'GStreamer plays by TCP and UDP', async () => {
    keep(publish(`${rtsp}/live/cam`, 'tcp', [...h264, ...aac], 60))
    await flows('live/cam')
    const play = (protocols: string): Running => {
      const line = `rtspsrc location=${rtsp}/live/cam protocols=${protocols} ! rtph264depay ! h264parse ! identity eos-after=50 ! fakesink`
      return keep(run('gst-launch-1.0', ['-q', ...line.split(' ')]))
    }
    for (const { ended } of [play('tcp'), play('udp')]) {
      const played = await ended
      expect(played.code, played.stderr).toBe(0)
    }
  })

  it('another node pulls by TCP and UDP, and pushes on', async () => {
    keep(publish(`${rtsp}/live/cam`, 'tcp', [...h264, ...aac], 7))
    await flows('live/cam')
    const back = keepAll(studio, 'live/back')
    const pulled = ['tcp', 'udp'].map((transport) => {
      kitchen.probe.ctx.streams.pull(`${rtsp}/live/cam?transport=${transport}`, `pulled/${transport}`)
      return keepAll(kitchen, `pulled/${transport}`)
    })
    await kitchen.client.call('pushes.create', { body: { path: 'pulled/tcp', url: `${rtsp}/live/back` } })
    for (const kept of await Promise.all([...pulled, back])) {
      const pictures = framesOf(kept, 'video').length
      expect(pictures).toBeGreaterThan(75)
      expectWhole(kept, pictures)
    }
  })
})
