/** WebRTC beside Chromium, with encoders and readers that nobody here wrote. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { read } from './keys/bench.js'
import { Nodes, type TestNode } from './nodes.js'

/** What the page in the docs does. */
const page = `<!doctype html><video muted autoplay playsinline></video><script>
  const video = document.querySelector('video')
  async function exchange(url, offer) {
    // as where a firewall lets no UDP through: neither end hears of a way by it
    const ways = (sdp) => (location.hash === '#tcp' ? sdp.replace(/a=candidate:\\S+ 1 udp .*\\r\\n/gi, '') : sdp)
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: ways(offer.sdp) })
    if (!answer.ok) throw new Error(answer.status + ' ' + (await answer.text()))
    return { sdp: ways(await answer.text()), location: new URL(answer.headers.get('location'), url).href, leftOut: answer.headers.get('shoal-left-out'), link: answer.headers.get('link') }
  }
  async function view(url) {
    const connection = (window.connection = new RTCPeerConnection())
    const stream = new MediaStream()
    video.srcObject = stream
    connection.ontrack = ({ track }) => stream.addTrack(track)
    connection.addTransceiver('video', { direction: 'recvonly' })
    connection.addTransceiver('audio', { direction: 'recvonly' })
    await connection.setLocalDescription(await connection.createOffer())
    const { sdp, location, leftOut, link } = await exchange(url, connection.localDescription)
    await connection.setRemoteDescription({ type: 'answer', sdp })
    return { location, leftOut, link }
  }
  async function publish(url, codec) {
    const connection = (window.connection = new RTCPeerConnection())
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true })
    for (const track of stream.getTracks()) connection.addTransceiver(track, { direction: 'sendonly' })
    const all = RTCRtpSender.getCapabilities('video').codecs.filter(({ mimeType }) => mimeType === codec)
    for (const each of connection.getTransceivers()) if (each.sender.track.kind === 'video') each.setCodecPreferences(all)
    await connection.setLocalDescription(await connection.createOffer())
    const { sdp, location } = await exchange(url, connection.localDescription)
    await connection.setRemoteDescription({ type: 'answer', sdp })
    return location
  }
  async function waysUsed() {
    const all = await connection.getStats()
    return [...all.values()].filter(({ type, nominated }) => type === 'candidate-pair' && nominated).map((pair) => all.get(pair.localCandidateId)?.protocol)
  }
  async function stats(type, kind) {
    const found = []
    for (const each of (await connection.getStats()).values()) if (each.type === type && each.kind === kind) found.push(each)
    return found
  }
</script>`

declare const view: (url: string) => Promise<{ location: string; leftOut: string | null; link: string | null }>
declare const publish: (url: string, codec: string) => Promise<string>
declare const waysUsed: () => Promise<(string | undefined)[]>
declare const stats: (type: string, kind: string) => Promise<Record<string, number>[]>

describeWith(['chromium', 'ffmpeg'], 'Chromium', () => {
  const nodes = new Nodes()
  const encoders: ChildProcess[] = []
  let browser: Browser
  let server: Server
  let origin: string
  let node: TestNode
  let http: string

  beforeAll(async () => {
    server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(page)).listen(0, '127.0.0.1')
    await waitFor('the page', () => server.listening)
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    node = await nodes.start('webrtc-players', { flags: { 'http.allowedOrigins': [origin] } })
    http = `http://127.0.0.1:${node.daemon.http?.port}`
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--autoplay-policy=no-user-gesture-required', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
    })
  })
  afterAll(async () => {
    await browser?.close()
    for (const encoder of encoders) encoder.kill('SIGKILL')
    server?.closeAllConnections()
    server?.close()
    await nodes.dispose()
  })

  /** ffmpeg publishes a test picture and a tone by RTMP, until the end of the tests. */
  async function encode(path: string, video: readonly string[], audio: readonly string[] = ['-c:a', 'aac']): Promise<void> {
    const { port } = await read<{ port: number }>(node, '/rtmp/info')
    const input = ['-re', '-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=25', '-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000']
    const output = [...video, '-pix_fmt', 'yuv420p', '-g', '25', ...audio, '-f', 'flv', `rtmp://127.0.0.1:${port}/${path}`]
    encoders.push(spawn('ffmpeg', ['-v', 'error', '-nostdin', ...input, ...output], { stdio: 'inherit' }))
    await waitFor(`the stream ${path}`, () => node.probe.ctx.streams.list().some((stream) => stream.path === path), 20_000)
  }

  async function opened(): Promise<Page> {
    const tab = await browser.newPage()
    await tab.goto(origin)
    return tab
  }

  it('shows a stream that ffmpeg publishes', async () => {
    await encode('live/cam', ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'])
    const tab = await opened()
    const version = node.probe.ctx.streams.pull('shoal:///live/cam-in-opus', 'live/cam~opus', {
      onDemand: true,
      versionOf: { path: 'live/cam', audio: 'opus' },
    })
    const { leftOut, link } = await tab.evaluate((url) => view(url), `${http}/live/cam/whep`)
    expect([leftOut, link]).toEqual(['mp4a.40.2', '<../../live/cam~opus/whep>; rel="alternate"'])
    await version.close()
    const other = await opened()
    expect((await other.evaluate((url) => view(url), `${http}/live/cam/whep`)).link).toBeNull()
    await other.close()
    const decoded = (): Promise<number> => tab.evaluate(async () => (await stats('inbound-rtp', 'video'))[0]?.framesDecoded ?? 0)
    await waitFor('pictures', async () => (await decoded()) > 75, 20_000)
    const [figures] = await tab.evaluate(() => stats('inbound-rtp', 'video'))
    expect(figures).toMatchObject({ frameWidth: 640, frameHeight: 360 })
    await tab.close()
  })

  it('comes by TCP, and publishes so, where no UDP gets through', async () => {
    const [camera, tab] = [await browser.newPage(), await browser.newPage()]
    try {
      for (const each of [camera, tab]) await each.goto(`${origin}#tcp`)
      await camera.evaluate(([url, name]) => publish(url, name), [`${http}/live/by-tcp/whip`, 'video/VP8'] as const)
      await waitFor('the stream', () => node.probe.ctx.streams.list().some(({ path, framesIn }) => path === 'live/by-tcp' && framesIn > 20), 20_000)
      await tab.evaluate((url) => view(url), `${http}/live/by-tcp/whep`)
      const decoded = (): Promise<number> => tab.evaluate(async () => (await stats('inbound-rtp', 'video'))[0]?.framesDecoded ?? 0)
      await waitFor('pictures', async () => (await decoded()) > 20, 20_000)
      const protocols = (each: Page): Promise<(string | undefined)[]> => each.evaluate(() => waysUsed())
      expect([await protocols(camera), await protocols(tab)]).toEqual([['tcp'], ['tcp']])
    } finally {
      for (const each of [camera, tab]) await each.close()
    }
    await waitFor('the end of both', async () => (await read<{ tcpConnections: number }>(node, '/webrtc/info')).tcpConnections === 0)
  })

  it.each([
    ['video/H264', /^avc1\./],
    ['video/VP8', /^vp8$/],
  ])('publishes its camera as %s, and shows it to another tab', async (codec, expected) => {
    const path = `live/${codec.slice(6).toLowerCase()}`
    const camera = await opened()
    const location = await camera.evaluate(([url, name]) => publish(url, name), [`${http}/${path}/whip`, codec] as const)
    const tracks = (): readonly string[] =>
      node.probe.ctx.streams
        .list()
        .find((stream) => stream.path === path)
        ?.tracks.map((track) => track.codec) ?? []
    await waitFor('both tracks', () => tracks().length === 2, 20_000)
    expect(tracks()).toEqual(expect.arrayContaining([expect.stringMatching(expected), 'opus']))
    const tab = await opened()
    await tab.evaluate((url) => view(url), `${http}/${path}/whep`)
    const decoded = (): Promise<number> => tab.evaluate(async () => (await stats('inbound-rtp', 'video'))[0]?.framesDecoded ?? 0)
    await waitFor('pictures', async () => (await decoded()) > 20, 20_000)
    const second = await fetch(`${http}/${path}/whip`, { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: '' })
    expect(second.status).toBe(400)
    expect((await fetch(location, { method: 'DELETE' })).status).toBe(200)
    await waitFor('the end of the stream', () => tracks().length === 0)
    await tab.close()
    await camera.close()
  })
})
