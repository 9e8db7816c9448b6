/** MPEG-TS beside a real player: ffmpeg. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Plugin } from '../../src/plugin.js'
import { mpegts } from '../../src/plugins/mpegts/index.js'
import { describeWith } from '../needs.js'
import { ViewingNode } from '../unit/viewing/node.js'
import { waitFor } from '../wait-for.js'

const run = promisify(execFile)

let node: ViewingNode
let stop: () => Promise<void>
/** The next multiple of 2^33 ticks is two seconds away. */
const beforeWrap = Math.floor((2 ** 33 * 1e6) / 90_000) - 2_000_000

beforeEach(async () => {
  node = await ViewingNode.start(mpegts as Plugin, { wait: 10_000 })
})
afterEach(async () => {
  await stop()
  await node.close()
})

describeWith(['ffmpeg'], 'ffmpeg', () => {
  it.each([
    ['from the start of its clock', 0],
    ['across the end of the 33 bits', beforeWrap],
  ])('sees codecs, size and rate of a live stream %s', async (_, shift) => {
    stop = await node.feed('live/cam', { shift, speed: 2 })
    const what = ['-show_streams', '-show_packets', '-read_intervals', '%+3', '-of', 'json']
    const { stdout, stderr } = await run('ffprobe', ['-v', 'warning', '-analyzeduration', '800000', ...what, node.url('live/cam.ts')])
    expect(stderr).toBe('')
    const { streams, packets } = JSON.parse(stdout)
    expect(streams).toMatchObject([
      { codec_name: 'h264', profile: 'Main', width: 640, height: 360, r_frame_rate: '25/1', id: '0x100' },
      { codec_name: 'aac', sample_rate: '44100', channels: 2, id: '0x101' },
    ])
    const times = packets.filter((packet: { codec_type: string }) => packet.codec_type === 'video').map((packet: { dts: number }) => packet.dts)
    expect(times.length).toBeGreaterThan(60)
    expect(times.slice(1).every((time: number, i: number) => time - times[i] === 3600)).toBe(true)
    expect(packets.find((packet: { codec_type: string }) => packet.codec_type === 'video').flags.startsWith('K')).toBe(true)
  })

  it('decodes without a complaint, joining in the middle', async () => {
    stop = await node.feed('live/cam', { speed: 4 })
    await waitFor('some seconds of stream', () => (node.hub.info('live/cam')?.framesIn ?? 0) > 150)
    const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', node.url('live/cam.ts'), '-t', '3', '-f', 'null', '-'])
    expect(stderr).toBe('')
  })
})
