/** One encoder in, players of every format out: nothing is lost and times only rise. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freePort } from '../free-port.js'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { CliNode, httpOf, type Running, run } from './cli.js'

interface Probe {
  readonly streams: readonly { readonly codec_name: string; readonly width?: number; readonly r_frame_rate: string }[]
  readonly packets: readonly { readonly codec_type: string; readonly dts_time: string; readonly pts_time: string }[]
}

/** Seconds between neighbours. */
const steps = (times: readonly number[]): number[] => times.slice(1).map((time, i) => time - (times[i] ?? 0))

describeWith(['ffmpeg'], 'players', () => {
  let node: CliNode
  let encoder: Running
  let http: string

  beforeAll(async () => {
    const port = await freePort()
    node = new CliNode('studio', { SHOAL_RTMP__PORT: String(port) })
    await node.start()
    http = await httpOf(node)
    const input = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-f', 'lavfi', '-i', 'sine=sample_rate=48000']
    const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
    encoder = run('ffmpeg', ['-v', 'error', '-nostdin', ...input, ...codecs, '-f', 'flv', `rtmp://127.0.0.1:${port}/live/cam`])
    await waitFor('the stream', async () => (await node.json<{ streams: { framesIn: number }[] }>('streams')).streams.some(({ framesIn }) => framesIn > 100))
  })
  afterAll(async () => {
    await encoder?.kill('SIGKILL')
    await node?.dispose()
  })

  it('see codecs, size and rate, lose no frame in six seconds, and have sound and picture together', async () => {
    const targets = ['live/cam.mp4', 'live/cam.ts', 'live/cam.m3u8', 'live/cam.m3u8?format=ts']
    const probes = targets.map(async (target) => {
      const { code, stdout, stderr } = await run('ffprobe', [
        ...['-v', 'error', '-show_streams', '-show_packets', '-read_intervals', '%+6', '-of', 'json'],
        `${http}/${target}`,
      ]).ended
      return { target, code, stderr, probe: JSON.parse(stdout) as Probe }
    })
    for (const { target, code, stderr, probe } of await Promise.all(probes)) {
      expect([target, code, stderr]).toEqual([target, 0, ''])
      expect(probe.streams, target).toMatchObject([
        { codec_name: 'h264', width: 320, r_frame_rate: '25/1' },
        { codec_name: 'aac', sample_rate: '48000' },
      ])
      const of = (kind: string) => probe.packets.filter((packet) => packet.codec_type === kind)
      const times = of('video').map(({ dts_time }) => Number(dts_time))
      expect(times.length, target).toBeGreaterThan(125)
      expect(
        steps(times).every((step) => Math.abs(step - 0.04) < 0.002),
        target,
      ).toBe(true)
      const sounds = of('audio').map(({ pts_time }) => Number(pts_time))
      expect(
        steps(sounds).every((step) => step > 0 && step < 0.045),
        target,
      ).toBe(true)
      const [picture = 0, sound = 0] = [times.at(0), sounds.at(0)]
      expect(Math.abs(picture - sound), target).toBeLessThan(0.25)
    }
  })

  it('take a snapshot', async () => {
    const shot = await run('ffprobe', ['-v', 'error', '-show_entries', 'packet=flags', '-of', 'csv=p=0', `${http}/live/cam.mp4?snapshot`]).ended
    expect(shot.stdout.trim().split('\n')).toHaveLength(1)
    expect(shot.stdout).toMatch(/^K/)
    const jpg = join(node.home, 'cam.jpg')
    expect(await run('ffmpeg', ['-v', 'error', '-i', `${http}/live/cam.mp4?snapshot`, '-frames:v', '1', jpg]).ended).toMatchObject({ code: 0, stderr: '' })
    expect(readFileSync(jpg).subarray(0, 2).toString('hex')).toBe('ffd8')
  })
})
