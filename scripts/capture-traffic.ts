/**
 * Makes `test/fixtures/captured`, the real traffic that fuzz tests begin with: what ffmpeg and Chromium send. `npx tsx scripts/capture-traffic.ts`.
 * Files are committed, so that the tests need neither; each is cut to a few kilobytes.
 */

import '../src/polyfill.js'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { read } from '../test/integration/keys/bench.js'
import { Nodes } from '../test/integration/nodes.js'

const target = new URL('../test/fixtures/captured/', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'shoal-capture-'))
const keep = (name: string, bytes: Uint8Array | string): void => writeFileSync(new URL(name, target), bytes)

const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=25']
const tone = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000']
const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-crf', '45', '-pix_fmt', 'yuv420p', '-bsf:v', 'filter_units=remove_types=6']
const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '45', '-x265-params', 'log-level=none:info=0', '-pix_fmt', 'yuv420p']
const aac = ['-c:a', 'aac', '-b:a', '32k']
const short = ['-t', '0.3']

async function ffmpeg(...args: readonly string[]): Promise<void> {
  const child = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'close')
}

/** Byte streams and playlists, as files. */
async function files(): Promise<void> {
  const all: readonly (readonly [name: string, args: readonly string[], size: number])[] = [
    ['avc-aac.mpegts', [...x264, ...aac, ...short, '-f', 'mpegts'], 188 * 16],
    ['hevc-mp3.mpegts', [...x265, '-c:a', 'libmp3lame', '-b:a', '32k', ...short, '-f', 'mpegts'], 188 * 16],
    ['avc-aac.mp4', [...x264, ...aac, ...short, '-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-f', 'mp4'], 8000],
    ['hevc-opus.mp4', [...x265, '-c:a', 'libopus', '-b:a', '32k', ...short, '-movflags', 'frag_every_frame+empty_moov', '-f', 'mp4'], 4000],
    ['avc-aac.flv', [...x264, ...aac, ...short, '-f', 'flv'], 3000],
  ]
  for (const [name, args, size] of all) {
    const file = join(folder, name)
    await ffmpeg(...picture, ...tone, ...args, file)
    keep(name, readFileSync(file).subarray(0, size))
  }
  const list = ['-t', '2', '-f', 'hls', '-hls_time', '0.5', '-hls_list_size', '3']
  await ffmpeg(
    ...picture,
    ...tone,
    ...x264,
    '-g',
    '12',
    ...aac,
    ...list,
    '-hls_segment_type',
    'fmp4',
    '-master_pl_name',
    'master.m3u8',
    join(folder, 'live.m3u8'),
  )
  for (const name of ['live.m3u8', 'master.m3u8']) keep(name, readFileSync(join(folder, name)))
}

/** Datagrams of RTP, or of RTCP, each behind two bytes of length. */
async function rtp(name: string, args: readonly string[]): Promise<void> {
  const [media, reports] = [createSocket('udp4'), createSocket('udp4')]
  const packets: Buffer[] = []
  const control: Buffer[] = []
  media.on('message', (packet) => packets.push(Buffer.from(packet)))
  reports.on('message', (packet) => control.push(Buffer.from(packet)))
  for (const socket of [media, reports]) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  const url = `rtp://127.0.0.1:${media.address().port}?rtcpport=${reports.address().port}&pkt_size=400`
  await ffmpeg(...args, '-f', 'rtp', url)
  media.close()
  reports.close()
  const framed = (all: readonly Buffer[]): Buffer => Buffer.concat(all.flatMap((each) => [Buffer.from([each.length >> 8, each.length & 255]), each]))
  keep(`${name}.rtp`, framed(packets.slice(0, 8)))
  keep(`${name}.rtcp`, control[0] ?? '')
}

/** What ffmpeg says first to a server of ours, by way of a proxy that listens. */
async function conversation(name: string, port: number, size: number, args: (port: number) => readonly string[]): Promise<void> {
  const said: Buffer[] = []
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    client.on('data', (bytes) => said.push(bytes)).on('error', () => {})
    server.on('error', () => {})
    client.pipe(server).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  await ffmpeg(...args(typeof address === 'object' && address ? address.port : 0))
  proxy.close()
  keep(name, Buffer.concat(said).subarray(0, size))
}

/** Offers of a browser, by WHEP and WHIP. */
async function offers(): Promise<void> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'] })
  const page = await browser.newPage()
  for (const direction of ['recvonly', 'sendonly'] as const) {
    const sdp = await page.evaluate(async (way) => {
      const connection = new RTCPeerConnection()
      for (const kind of ['audio', 'video']) {
        const layers = kind === 'video' && way === 'sendonly' ? { sendEncodings: [{ rid: 'h' }, { rid: 'l' }] } : {}
        connection.addTransceiver(kind, { direction: way, ...layers })
      }
      if (way === 'recvonly') connection.createDataChannel('data')
      await connection.setLocalDescription(await connection.createOffer())
      return connection.localDescription?.sdp ?? ''
    }, direction)
    keep(`${direction}.sdp`, sdp)
  }
  await browser.close()
}

await files()
await rtp('avc', [...picture, ...x264, ...short])
await rtp('hevc', [...picture, ...x265, ...short])
await rtp('aac', [...tone, ...aac, ...short])
const nodes = new Nodes()
const node = await nodes.start('capture')
const live = ['-re', ...picture, '-re', ...tone, ...x264, ...aac, '-t', '1']
const { port: rtmp } = await read<{ port: number }>(node, '/rtmp/info')
const { port: rtsp } = await read<{ port: number }>(node, '/rtsp/info')
// the handshake is 3073 bytes of chance
await conversation('publish.rtmp', rtmp, 3073 + 3000, (port) => [...live, '-f', 'flv', `rtmp://127.0.0.1:${port}/live/cam`])
await conversation('record.rtsp', rtsp, 4000, (port) => [...live, '-f', 'rtsp', '-rtsp_transport', 'tcp', `rtsp://127.0.0.1:${port}/live/cam`])
await nodes.dispose()
await offers()
rmSync(folder, { recursive: true })
