/** HLS beside a real player: ffmpeg. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Plugin } from '../../src/plugin.js'
import { hls } from '../../src/plugins/hls/index.js'
import { describeWith } from '../needs.js'
import { ViewingNode } from '../unit/viewing/node.js'
import { waitFor } from '../wait-for.js'

const run = promisify(execFile)

let node: ViewingNode
let stop: () => Promise<void>
/** ffmpeg 5 reads the initialization segment again with each playlist, and says so. */
const complaints = (stderr: string): string => stderr.replace(/.*Found duplicated MOOV Atom.*\n/g, '')
const late = 40 * 86_400 * 1e6

beforeEach(async () => {
  node = await ViewingNode.start(hls as Plugin, { wait: 10_000, segmentDuration: 1000 })
})
afterEach(async () => {
  await stop()
  await node.close()
})

describeWith(['ffmpeg'], 'ffmpeg', () => {
  it.each([
    ['fragmented MP4', '', 0],
    ['fragmented MP4, late on its clock', '', late],
    ['MPEG-TS', '?format=ts', 0],
  ])('sees codecs, size and rate of a live stream in %s', async (_, query, shift) => {
    stop = await node.feed('live/cam', { shift, speed: 2 })
    const what = ['-show_streams', '-show_packets', '-read_intervals', '%+4', '-of', 'json']
    const { stdout, stderr } = await run('ffprobe', ['-v', 'warning', ...what, node.url(`live/cam.m3u8${query}`)])
    expect(complaints(stderr)).toBe('')
    const { streams, packets } = JSON.parse(stdout)
    expect(streams).toMatchObject([
      { codec_name: 'h264', profile: 'Main', width: 640, height: 360, r_frame_rate: '25/1' },
      { codec_name: 'aac', sample_rate: '44100', channels: 2 },
    ])
    const times = packets
      .filter((packet: { codec_type: string }) => packet.codec_type === 'video')
      .map((packet: { dts_time: string }) => Number(packet.dts_time))
    expect(times.length).toBeGreaterThan(70)
    expect(times.slice(1).every((time: number, i: number) => Math.abs(time - times[i] - 0.04) < 0.002)).toBe(true)
    expect(packets[0].flags.startsWith('K')).toBe(true)
  })

  it('decodes without a complaint, joining in the middle', async () => {
    stop = await node.feed('live/cam', { speed: 4 })
    await waitFor('some seconds of stream', () => (node.hub.info('live/cam')?.framesIn ?? 0) > 150)
    for (const query of ['', '?format=ts']) {
      const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', node.url(`live/cam.m3u8${query}`), '-t', '3', '-f', 'null', '-'])
      expect(complaints(stderr)).toBe('')
    }
  })
})
