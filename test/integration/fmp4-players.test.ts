/** Fragmented MP4 beside real players: ffmpeg, and Chromium with Media Source Extensions. */

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Plugin } from '../../src/plugin.js'
import { fmp4 } from '../../src/plugins/fmp4/index.js'
import { describeWith } from '../needs.js'
import { ViewingNode } from '../unit/viewing/node.js'
import { waitFor } from '../wait-for.js'

let node: ViewingNode
let stop: () => Promise<void>
/** A publisher whose clock is at 40 days: later than 2^31 ms, so that signed readers would fail. */
const late = 40 * 86_400 * 1e6

beforeEach(async () => {
  node = await ViewingNode.start(fmp4 as Plugin, { wait: 10_000 })
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
    const { stdout } = await run('ffprobe', ['-v', 'error', '-analyzeduration', '800000', ...what, node.url('live/cam.mp4')])
    const { streams, packets } = JSON.parse(stdout)
    expect(streams).toMatchObject([
      { codec_name: 'h264', profile: 'Main', width: 640, height: 360, r_frame_rate: '25/1', time_base: '1/90000' },
      { codec_name: 'aac', sample_rate: '44100', channels: 2, time_base: '1/44100' },
    ])
    const pictures = packets.filter((packet: { codec_type: string }) => packet.codec_type === 'video')
    const times = pictures.map((packet: { dts: number }) => packet.dts)
    expect(times.length).toBeGreaterThan(15)
    expect(times.slice(1).every((time: number, i: number) => time - times[i] === 3600)).toBe(true)
    expect(pictures.some((packet: { pts: number; dts: number }) => packet.pts > packet.dts)).toBe(true)
    expect(packets[0].flags.startsWith('K')).toBe(true)
  })

  it('decodes without a complaint, joining in the middle', async () => {
    stop = await node.feed('live/cam', { speed: 4 })
    await waitFor('some seconds of stream', () => (node.hub.info('live/cam')?.framesIn ?? 0) > 150)
    const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', node.url('live/cam.mp4'), '-t', '3', '-f', 'null', '-'])
    expect(stderr).toBe('')
  })

  it('decodes a snapshot: one picture in the right size', async () => {
    stop = await node.feed('live/cam', { shift: late })
    const answer = await fetch(node.url('live/cam.mp4?snapshot'))
    expect(answer.headers.get('content-type')).toBe('video/mp4')
    const folder = await import('node:os').then(({ tmpdir }) => tmpdir())
    const file = `${folder}/shoal-snapshot-${process.pid}.mp4`
    writeFileSync(file, Buffer.from(await answer.arrayBuffer()))
    const { stdout } = await run('ffprobe', ['-v', 'error', '-count_frames', '-show_entries', 'stream=codec_name,width,nb_read_frames', '-of', 'csv=p=0', file])
    expect(stdout.trim()).toBe('h264,640,1')
  })
})

/** What the page in the docs does: one source buffer, fed by a WebSocket. */
const player = `<!doctype html><video muted autoplay></video><script>
  const video = document.querySelector('video')
  const source = new MediaSource()
  const address = new URLSearchParams(location.search).get('src')
  video.src = URL.createObjectURL(source)
  source.onsourceopen = () => {
    const socket = new WebSocket(address)
    const waiting = []
    let buffer
    const feed = () => {
      if (buffer && !buffer.updating && waiting.length > 0) buffer.appendBuffer(waiting.shift())
      if (video.buffered.length > 0 && video.currentTime < video.buffered.start(0)) video.currentTime = video.buffered.start(0)
    }
    socket.binaryType = 'arraybuffer'
    socket.onclose = ({ reason }) => (document.title = reason)
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') {
        if (buffer) return buffer.changeType(data)
        buffer = source.addSourceBuffer(data)
        buffer.onupdateend = feed
      } else waiting.push(data)
      feed()
    }
  }
</script>`

describeWith(['chromium'], 'Chromium', () => {
  let browser: Browser
  let page: Page
  let server: Server
  const problems: string[] = []

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--autoplay-policy=no-user-gesture-required'] })
    server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(player)).listen(0, '127.0.0.1')
  })
  afterAll(async () => {
    await browser.close()
    server.closeAllConnections()
    server.close()
  })

  it.each([
    ['from the start of its clock', 0],
    ['late on its clock', late],
  ])('plays it over a WebSocket, %s', async (_, shift) => {
    stop = await node.feed('live/cam', { shift })
    page = await browser.newPage()
    page.on('pageerror', (error) => problems.push(String(error)))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?src=${node.url('live/cam.mp4').replace('http', 'ws')}`)
    const seconds = (): Promise<number> => page.$eval('video', (video) => video.currentTime)
    const from = await waitFor('a picture', () => page.$eval('video', (video) => video.videoWidth === 640 && video.currentTime), 15_000)
    await waitFor('the picture to move', async () => (await seconds()) > from + 1.5, 15_000)
    const info = await page.$eval('video', (video) => ({
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
      ranges: video.buffered.length,
      failed: video.error?.message,
      ahead: video.buffered.end(0) - video.currentTime,
    }))
    expect(info).toMatchObject({ ranges: 1, failed: undefined })
    expect(info.ahead).toBeLessThan(2)
    expect(problems).toEqual([])
    await page.close()
  })
})
