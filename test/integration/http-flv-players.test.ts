/** The plugin beside real players: ffmpeg, and Chromium with mpegts.js. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { describeWith } from '../needs.js'
import { TestNode } from '../unit/plugins/http-flv/node.js'
import { waitFor } from '../wait-for.js'

let node: TestNode
let stop: () => Promise<void>
/** A publisher whose clock is at 40 days: later than 2^31 ms, so that signed readers would fail. */
const late = 40 * 86_400 * 1e6

beforeEach(async () => {
  node = await TestNode.start({ wait: 10_000 })
})
afterEach(async () => {
  await stop()
  await node.close()
})

describe('player files', () => {
  beforeEach(() => {
    stop = async () => {}
  })

  it.each([
    ['player', 'text/html', '<video'],
    ['player.js', 'text/javascript', 'createPlayer'],
    ['player.css', 'text/css', 'video'],
    ['mpegts.js', 'text/javascript', 'mpegts'],
  ])('/http-flv/%s is served with a strict policy', async (path, type, text) => {
    const response = await fetch(node.url(`http-flv/${path}`))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain(type)
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(response.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(await response.text()).toContain(text)
    const head = await fetch(node.url(`http-flv/${path}`), { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
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

describeWith(['chromium'], 'Chromium', () => {
  let browser: Browser
  let page: Page
  let problems: string[]

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--autoplay-policy=no-user-gesture-required'] })
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    page = await browser.newPage()
    problems = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('request', (request) => !request.url().includes(`:${node.port}/`) && /^https?:/.test(request.url()) && problems.push(request.url()))
  })
  afterEach(() => page.close())

  const state = (): Promise<string | null> => page.getAttribute('body', 'data-state')
  const seconds = (): Promise<number> => page.$eval('video', (video) => video.currentTime)
  const playsFor = async (time: number): Promise<void> => {
    await waitFor('the page to say that it plays', async () => (await state()) === 'playing', 15_000)
    const from = await seconds()
    await waitFor('the picture to move', async () => (await seconds()) > from + time, 15_000)
  }

  it.each([
    ['over HTTP', '', 0],
    ['over WebSocket', '&via=ws', 0],
    ['late on its clock', '', late],
  ])('plays a stream %s', async (_, query, shift) => {
    stop = await node.feed('live/cam', { shift })
    await page.goto(node.url(`http-flv/player?path=live/cam${query}`))
    await playsFor(1.5)
    expect(await page.textContent('#status')).toBe('Playing live/cam, live.')
    expect(await page.textContent('#stats')).toMatch(/640×360.*avc1.*mp4a/)
    const info = await page.$eval('video', (video) => ({
      muted: video.muted,
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
      at: video.currentTime,
    }))
    expect(info.muted).toBe(true)
    const buffered = await page.$eval('video', (video) => video.buffered.end(video.buffered.length - 1) - video.currentTime)
    expect(buffered).toBeLessThan(3)
    expect(problems).toEqual([])
    expect((await node.info()).viewers).toHaveLength(1)
  })

  it('plays on when the publisher is replaced', async () => {
    const first = await node.feed('live/cam', { shift: late })
    stop = first
    await page.goto(node.url('http-flv/player?path=live/cam'))
    await playsFor(0.5)
    await first()
    stop = await node.feed('live/cam')
    const from = await seconds()
    await waitFor('the picture to move on', async () => (await seconds()) > from + 2, 15_000)
    expect((await node.info()).opened).toBe(1)
    expect(problems).toEqual([])
  })

  it('says that there is no stream, and plays once there is', async () => {
    await node.close()
    node = await TestNode.start()
    stop = async () => {}
    await page.goto(node.url('http-flv/player?path=live/none'))
    await waitFor('the status', async () => (await page.textContent('#status'))?.startsWith('There is no stream live/none.'))
    expect(await state()).toBe('waiting')
    stop = await node.feed('live/none')
    await playsFor(0.3)
  })

  it('asks for a stream when none is named', async () => {
    stop = async () => {}
    await page.goto(node.url('http-flv/player'))
    expect(await page.textContent('#status')).toBe('Name a stream to play it.')
    await page.fill('#path', 'live/<b>x</b>')
    await page.press('#path', 'Enter')
    await waitFor('the name as text', async () => (await page.textContent('#status'))?.includes('live/<b>x</b>'))
  })
})
