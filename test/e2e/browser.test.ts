/** A real browser: it plays the page of the demo, and a page from elsewhere gets nothing. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { mainFile, type Running, run } from './cli.js'

/** No call to its maker's servers, and what a container without a GPU needs. */
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']

describeWith(['chromium'], 'Chromium', () => {
  let folder: string
  let demo: Running
  let browser: Browser
  let elsewhere: Server
  let watch: URL
  let token: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-browser-'))
    demo = run(process.execPath, [mainFile, 'demo', '--json'], { env: { TMPDIR: folder } })
    const [story] = await waitFor('the demo', () => /^\{.*\}(?=\n)/.exec(demo.output.stdout), 30_000)
    watch = new URL((JSON.parse(story) as { watch: string }).watch)
    token = readFileSync(join(folder, readdirSync(folder)[0] ?? '', 'attic', 'api.token'), 'utf8').trim()
    elsewhere = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>elsewhere</title>'))
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...args, '--disable-quic'] })
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.kill('SIGKILL')
    elsewhere?.closeAllConnections()
    elsewhere?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const time = (page: Page): Promise<number> => page.locator('video').evaluate((video) => (video as HTMLVideoElement).currentTime)

  it('plays the stream of the demo: its time advances, in the right size, without an error', async () => {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(watch.href)
    const started = await waitFor('the first picture', () => time(page), 20_000)
    await waitFor('two seconds of video', async () => (await time(page)) > started + 2, 20_000)
    const size = await page.locator('video').evaluate((video) => [(video as HTMLVideoElement).videoWidth, (video as HTMLVideoElement).videoHeight])
    expect(size).toEqual([640, 360])
    expect(errors).toEqual([])
    await page.close()
  })

  it('lets a page of another origin neither call the API nor open a WebSocket, token or not', async () => {
    const address = elsewhere.address()
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`)
    const attempts = await page.evaluate(
      async ({ origin, secret }) => {
        const outcome = async (path: string, init: RequestInit): Promise<string> => {
          try {
            const answer = await fetch(origin + path, init)
            return `${answer.type} ${answer.status}`
          } catch (error) {
            return (error as Error).name
          }
        }
        const socket = (path: string): Promise<string> =>
          new Promise((resolve) => {
            const opened = new WebSocket(origin.replace('http', 'ws') + path)
            opened.onopen = () => resolve('opened')
            opened.onerror = () => resolve('refused')
          })
        const authorization = { authorization: `Bearer ${secret}` }
        return {
          plain: await outcome('/api/status', {}),
          withToken: await outcome('/api/status', { headers: authorization }),
          health: await outcome('/healthz', {}),
          stop: await outcome('/api/stop', { method: 'POST', headers: authorization }),
          // goes out without asking first
          blind: await outcome('/api/stop', { method: 'POST', mode: 'no-cors', body: '{}' }),
          websocket: await socket('/live/demo.flv'),
        }
      },
      { origin: watch.origin, secret: token },
    )
    expect(attempts).toEqual({
      plain: 'TypeError',
      withToken: 'TypeError',
      health: 'TypeError',
      stop: 'TypeError',
      blind: 'TypeError',
      websocket: 'refused',
    })
    await page.close()
    // the daemon still runs, and the same token works for whoever is no page
    const status = await fetch(`${watch.origin}/api/status`, { headers: { authorization: `Bearer ${token}` } })
    expect(await status.json()).toMatchObject({ state: 'running' })
    const origin = { origin: 'http://evil.example' }
    expect((await fetch(`${watch.origin}/api/status`, { headers: { authorization: `Bearer ${token}`, ...origin } })).status).toBe(403)
  })
})
