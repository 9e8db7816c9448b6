/** The plugin beside a real player: ffmpeg. The page that plays it in a browser has a test of its own. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { describeWith } from '../needs.js'
import { TestNode } from '../unit/plugins/http-flv/node.js'
import { waitFor } from '../wait-for.js'

let node: TestNode
let stop: () => Promise<void>
/** A publisher whose clock is at 40 days: later than 2^31 ms, so that signed readers would fail. */
const late = 40 * 86_400 * 1e6

beforeEach(async () => {
  node = await TestNode.serve({ wait: 10_000 })
})
afterEach(async () => {
  await stop()
  await node.close()
})

describeWith(['ffmpeg'], 'ffmpeg', () => {
  const run = promisify(execFile)

  it.each([
    ['from the start of its clock', 0],
    ['late on its clock', late],
  ])('sees codecs, size and rate of a live stream %s', async (_, shift) => {
    stop = await node.feed('live/cam', { shift })
    const what = ['-show_streams', '-show_packets', '-read_intervals', '%+1', '-of', 'json']
    const { stdout } = await run('ffprobe', ['-v', 'error', '-analyzeduration', '800000', ...what, node.url('live/cam.flv')])
    const { streams, packets } = JSON.parse(stdout)
    expect(streams).toMatchObject([
      { codec_name: 'h264', profile: 'Main', width: 640, height: 360, r_frame_rate: '25/1' },
      { codec_name: 'aac', sample_rate: '44100', channels: 2 },
    ])
    const times = packets.filter((packet: { codec_type: string }) => packet.codec_type === 'video').map((packet: { dts: number }) => packet.dts)
    expect(times.length).toBeGreaterThan(15)
    expect(times.slice(1).every((time: number, i: number) => time - times[i] === 40)).toBe(true)
    expect(packets[0].flags.startsWith('K')).toBe(true)
  })

  it('decodes without a complaint, joining in the middle', async () => {
    stop = await node.feed('live/cam', { speed: 4 })
    await waitFor('some seconds of stream', () => (node.hub.info('live/cam')?.framesIn ?? 0) > 150)
    const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-t', '3', '-i', node.url('live/cam.flv'), '-f', 'null', '-'])
    expect(stderr).toBe('')
  })
})
