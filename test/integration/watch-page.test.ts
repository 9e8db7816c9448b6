/** The watch page in Chromium, on a whole daemon: each protocol, broken publishers, what cannot be played, users, the page's policy. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { definePlugin } from '../../src/plugin.js'
import { hashPassword } from '../../src/plugins/auth-file/password.js'
import { sampleUrl } from '../../src/plugins/file/index.js'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { Nodes, type TestNode } from './nodes.js'

const nodes = new Nodes()
let node: TestNode
/** Only ann sees what is secret. */
const guard = definePlugin({
  name: 'guard',
  provides: ['permission'],
  start: (ctx) =>
    ctx.provide('permission', {
      allows: (who, { target }) => who.kind !== 'client' || who.id === 'ann' || !target.startsWith('secret/') || 'That is for ann.',
    }),
})

const url = (path: string): string => `http://127.0.0.1:${node.daemon.http?.port}/${path}`
const publish = (path: string): Promise<unknown> => node.client.call('pulls.create', { body: { url: sampleUrl, path } })
const unpublish = (path: string): Promise<unknown> => node.client.call('pulls.remove', { params: { path } })

beforeAll(async () => {
  const home = nodes.newHome()
  writeFileSync(join(home, 'users.yaml'), `users:\n  ann: ${await hashPassword('right', { ln: 4, r: 8, p: 1 })}\n`, { mode: 0o600 })
  node = await nodes.start('watched', { home, plugins: [guard], flags: { 'auth-file.enabled': true, 'hls.segmentDuration': 1000 } })
})
afterAll(() => nodes.dispose())

describe('files of the pages', () => {
  it.each([
    ['', 'text/html', '<video'],
    ['publish', 'text/html', 'WHIP|Publish'],
    ['style.css', 'text/css', 'video'],
    ['watch.js', 'text/javascript', 'import'],
    ['lib/hls.js', 'text/javascript', 'export'],
    ['lib/mpegts.js', 'text/javascript', 'mpegts'],
  ])('/watch/%s is served with a strict policy', async (path, type, text) => {
    const answer = await fetch(url(`watch/${path}`))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain(type)
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(await answer.text()).toMatch(new RegExp(text))
    const head = await fetch(url(`watch/${path}`), { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('has a slash at its end, and keeps what it was asked', async () => {
    const answer = await fetch(url('watch?path=live/cam'), { redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([307, 'watch/?path=live/cam'])
  })
})

describeWith(['chromium'], 'Chromium', () => {
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let problems: string[]

  beforeAll(async () => {
    await publish('live/cam')
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--autoplay-policy=no-user-gesture-required'] })
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    problems = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('request', (request) => !request.url().startsWith(url('')) && /^https?:/.test(request.url()) && problems.push(request.url()))
  })
  afterEach(() => context.close())

  const data = (name: string): Promise<string | null> => page.getAttribute('body', `data-${name}`)
  const seconds = (): Promise<number> => page.$eval('video', (video) => video.currentTime)
  const text = async (selector: string): Promise<string> => (await page.textContent(selector)) ?? ''
  const playsFor = async (time: number): Promise<void> => {
    await waitFor('the page to say that it plays', async () => (await data('state')) === 'playing', 25_000)
    const from = await seconds()
    await waitFor('the picture to move', async () => (await seconds()) > from + time, 25_000)
  }
  const picture = () =>
    page.$eval('video', (video) => ({ width: video.videoWidth, height: video.videoHeight, shown: video.getVideoPlaybackQuality().totalVideoFrames }))
  const behind = (): Promise<number> => page.$eval('video', ({ buffered, currentTime }) => buffered.end(buffered.length - 1) - currentTime)

  it.each([
    ['fmp4', 'fMP4'],
    ['hls', 'LL-HLS'],
    ['flv', 'FLV'],
  ])('plays by %s: pictures move, in the right size, near the live edge', async (via, name) => {
    await page.goto(url(`watch/?path=live/cam&via=${via}`))
    await playsFor(1.5)
    expect(await data('via')).toBe(via)
    expect(await text('#status')).toBe(`Playing live/cam by ${name}, live.`)
    const { shown, ...size } = await picture()
    expect(size).toEqual({ width: 640, height: 360 })
    expect(shown).toBeGreaterThan(15)
    expect(await behind()).toBeLessThan(4)
    await waitFor('figures', async () => /640×360.*H\.264 \(avc1.*AAC \(mp4a.*bit\/s.*Latency\d.*Frames\d+, \d+ dropped.*Viewers\d/.test(await text('#stats')))
    expect(problems).toEqual([])
  })

  it('publishes a camera by WHIP, and plays it by WebRTC, sound and all', async () => {
    const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required']
    const other = await chromium.launch({ executablePath: '/usr/bin/chromium', args: camera })
    try {
      const studio = await other.newPage()
      await studio.goto(url('watch/publish'))
      await studio.fill('#path', 'live/me')
      await studio.selectOption('#size', '360')
      await studio.click('#start')
      await waitFor('the camera to be on air', async () => (await studio.getAttribute('body', 'data-state')) === 'playing', 25_000)
      await page.goto(url('watch/?path=live/me&via=webrtc'))
      await playsFor(1)
      expect(await data('via')).toBe('webrtc')
      expect((await picture()).width).toBeGreaterThan(0)
      await waitFor('figures', async () => /Opus/.test(await text('#stats')))
      await studio.click('#stop')
      await waitFor('the stream to end', () => node.probe.ctx.streams.list().every(({ path }) => path !== 'live/me'))
    } finally {
      await other.close()
    }
    expect(problems).toEqual([])
  })

  it('chooses by itself, and plays on when the publisher is replaced', async () => {
    await publish('live/again')
    await page.goto(url('watch/?path=live/again'))
    await playsFor(0.5)
    await unpublish('live/again')
    await publish('live/again')
    await waitFor('another publication to play', async () => (await data('state')) === 'playing')
    const from = await seconds()
    const { shown } = await picture()
    await waitFor('the picture to move on', async () => (await picture()).shown > shown + 40 || (await seconds()) > from + 1.5, 25_000)
    await unpublish('live/again')
    expect(problems).toEqual([])
  })

  it('follows the list: streams come and go, and one that is waited for plays once it is there', async () => {
    await page.goto(url('watch/?path=live/later'))
    await waitFor('the status', async () => (await text('#status')).startsWith('There is no stream live/later.'))
    expect(await data('state')).toBe('waiting')
    const names = (): Promise<string[]> => page.$$eval('#streams a span', (spans) => spans.map((span) => span.textContent ?? ''))
    await waitFor('the stream that is there', async () => (await names()).includes('live/cam'))
    await publish('live/later')
    await waitFor('it in the list', async () => (await names()).includes('live/later'))
    await playsFor(0.3)
    await unpublish('live/later')
    await waitFor('it to leave the list', async () => !(await names()).includes('live/later'))
    await page.focus('#streams a')
    await page.keyboard.press('Enter')
    await waitFor('the other one in the address', () => page.url().includes('path=live%2Fcam'))
    await playsFor(0.3)
    expect(await page.getAttribute('#streams a', 'aria-current')).toBe('page')
  })

  it('says why a protocol is no choice, and never shows a black picture', async () => {
    const track = { id: 1, kind: 'video', codec: 'vvc1.1.L123', width: 320, height: 180 } as const
    const publication = node.probe.ctx.streams.publish('live/odd', [track])
    publication.write({ track: 1, timestamp: 0, key: true, data: new Uint8Array(8) })
    await page.goto(url('watch/?path=live/odd'))
    await waitFor('the reason', async () => (await data('state')) === 'failed')
    expect(await text('#status')).toContain('live/odd cannot be played here.')
    expect(await text('#status')).toContain('fMP4: fMP4 does not carry vvc1.1.L123.')
    expect(await page.isDisabled('#via-hls')).toBe(true)
    expect(await text('#why-hls')).toBe('LL-HLS does not carry vvc1.1.L123.')
    publication.close()
    expect(problems).toEqual([])
  })

  it('asks for a login where one is needed, and plays then', async () => {
    await publish('secret/cam')
    await page.goto(url('watch/?path=secret/cam'))
    await waitFor('the refusal', async () => (await data('state')) === 'failed')
    expect(await text('#status')).toBe('That is for ann.')
    expect(await page.$$eval('#streams a span', (spans) => spans.map((span) => span.textContent))).not.toContain('secret/cam')
    await page.fill('#user', 'ann')
    await page.fill('#password', 'right')
    await page.press('#password', 'Enter')
    await playsFor(0.3)
    for (const via of ['hls', 'flv']) {
      await page.check(`#via-${via}`)
      await waitFor(`the choice of ${via}`, async () => (await data('via')) === via)
      await playsFor(0.3)
    }
    expect(problems).toEqual([])
    await page.goto(url('watch/?path=secret/cam&user=ann&pass=right'))
    await playsFor(0.3)
    expect(page.url()).not.toContain('pass')
    await unpublish('secret/cam')
  })

  it('tells the publisher what it needs, in plain words', async () => {
    await page.goto(url('watch/publish'))
    expect(await text('#status')).toBe('Choose what to send.')
    await page.fill('#path', 'live/me')
    await page.click('#start')
    await waitFor('the refusal', async () => (await data('state')) === 'failed')
    expect(await text('#status')).toMatch(/There is no such camera or microphone here|were not permitted/)
    expect(problems).toEqual([])
  })

  it('escapes what it is asked for', async () => {
    await page.goto(url('watch/'))
    await page.fill('#path', 'live/<b>x</b>')
    await page.press('#path', 'Enter')
    await waitFor('the name as text', async () => (await text('#status')).includes('live/<b>x</b>'))
  })
})

describeWith(['chromium', 'ffmpeg'], 'what WebRTC does not carry', () => {
  it('is played in the version that the node makes of it, when WebRTC is asked for', async () => {
    const maker = await nodes.start('maker', { yaml: 'plugins:\n  transcode:\n    outputs: [opus, webrtc]\n' })
    const root = `http://127.0.0.1:${maker.daemon.http?.port}`
    // the clip has AAC, and B-pictures
    maker.probe.ctx.streams.pull(sampleUrl, 'live/clip')
    await waitFor('the versions', () => maker.probe.ctx.streams.versions('live/clip').length === 2, 20_000)
    const { versions } = await maker.client.call('streams.info', { params: { path: 'live/clip' } })
    expect(versions).toEqual([
      { path: 'live/clip~opus', audio: 'opus' },
      { path: 'live/clip~webrtc', video: 'avc1.64001f', audio: 'opus', inOrder: true },
    ])
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--autoplay-policy=no-user-gesture-required'] })
    try {
      const page = await browser.newPage()
      await page.goto(`${root}/watch/?path=live/clip&via=webrtc`)
      await waitFor('the page to play', async () => (await page.getAttribute('body', 'data-state')) === 'playing', 40_000)
      expect(await page.getAttribute('body', 'data-version')).toBe('live/clip~webrtc')
      expect(await page.textContent('#lacks')).toContain('this is live/clip~webrtc, which the node makes of it.')
      const heard = () => page.$eval('video', ({ srcObject }) => (srcObject instanceof MediaStream ? srcObject.getTracks().map(({ kind }) => kind) : []))
      expect([...(await heard())].sort()).toEqual(['audio', 'video'])
      await waitFor('the picture to move', () => page.$eval('video', (video) => video.currentTime > 1 && video.videoWidth === 640), 25_000)
      // without a wish it is what needs no work
      await page.goto(`${root}/watch/?path=live/clip`)
      await waitFor('the page to play', async () => (await page.getAttribute('body', 'data-state')) === 'playing', 40_000)
      expect([await page.getAttribute('body', 'data-via'), await page.getAttribute('body', 'data-version')]).toEqual(['fmp4', null])
    } finally {
      await browser.close()
    }
  })
})

describeWith(['chromium'], 'a daemon that restarts', () => {
  it('is found again by the page', async () => {
    const port = node.daemon.http?.port
    await publish('live/back')
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--autoplay-policy=no-user-gesture-required'] })
    try {
      const page = await browser.newPage()
      await page.goto(url('watch/?path=live/back'))
      const moves = async (): Promise<void> => {
        await waitFor('the page to play', async () => (await page.getAttribute('body', 'data-state')) === 'playing', 25_000)
        const from = await page.$eval('video', (video) => video.currentTime)
        await waitFor('the picture to move', async () => (await page.$eval('video', (video) => video.currentTime)) > from + 0.5, 25_000)
      }
      await moves()
      const { home } = node
      await nodes.stop(node)
      await waitFor('the page to see it', async () => (await page.textContent('#node'))?.includes('no connection'))
      node = await nodes.start('watched', { home, plugins: [guard], flags: { 'auth-file.enabled': true, 'http.port': port } })
      await publish('live/back')
      await moves()
    } finally {
      await browser.close()
    }
  })
})
