/** The lines of docs/protocols.md, run as they stand there but for ports and the file. */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleUrl } from '../../src/plugins/file/index.js'
import { freePort } from '../free-port.js'
import { Nodes, type TestNode } from '../integration/nodes.js'
import { itWith } from '../needs.js'
import { has, type ToolName } from '../tools.js'
import { waitFor } from '../wait-for.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/protocols.md'), 'utf8')
const sample = join(import.meta.dirname, '../../examples/sample.flv')
const lines = [...page.matchAll(/`((?:ffmpeg|ffprobe|curl|gst-launch-1\.0) [^`]+)`/g)].map(([, line = '']) => line)
const pulls = [...page.matchAll(/`shoal pull (\S+) (live\/in-\w+)`/g)].map(([, url = '', path = '']) => ({ url, path }))
/** WebRTC carries no B-pictures, and the file has some: it gets another stream. */
const plain = { path: 'live/plain', track: { id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 } } as const
const tools: Readonly<Record<string, readonly ToolName[]>> = {
  ffmpeg: ['ffmpeg'],
  ffprobe: ['ffmpeg'],
  curl: ['curl', 'ffmpeg'],
  'gst-launch-1.0': ['gstreamer'],
}

const nodes = new Nodes()
let node: TestNode
let ports: Readonly<Record<string, number>>

beforeAll(async () => {
  const [srt, udp] = [await freePort(), await freePort()]
  node = await nodes.start('lines', has('libsrt') ? { flags: { 'srt.listen': true, 'srt.port': srt } } : {})
  const port = async (plugin: string): Promise<number> => (await node.client.plugin<{ port: number }>('GET', `/${plugin}/info`)).port
  ports = { 8180: node.daemon.http?.port ?? 0, 1935: await port('rtmp'), 8554: await port('rtsp'), 8890: srt, 5000: udp }
  await node.client.call('pulls.create', { body: { url: sampleUrl, path: 'live/cam' } })
  await waitFor('the stream', () => isThere('live/cam'))
  speak()
  for (const { url, path } of pulls) await node.client.call('pulls.create', { body: { url: placed(url), path } })
})
afterAll(async () => {
  clearInterval(voice)
  await nodes.dispose()
})

let voice: NodeJS.Timeout | undefined
/** Publishes sound for those who cannot take the file. */
function speak(): void {
  const publication = node.probe.ctx.streams.publish(plain.path, [plain.track])
  let at = 0
  voice = setInterval(() => publication.write({ track: 1, timestamp: at++ * 20_000, key: true, data: Uint8Array.of(0xfc, 1, 2) }), 20)
}

/** Where a publisher goes: said in its line, or by the pull that listens for it. */
const pathIn = (line: string): string => /live\/in-\w+$/.exec(line)?.[0] ?? pulls.find(({ url }) => line.includes(`${url}?`))?.path ?? ''
const isThere = (path: string): boolean => node.probe.ctx.streams.list().some((stream) => stream.path === path && stream.framesIn > 0)
/** With the ports of this node. */
const placed = (text: string): string =>
  text.replace('live/cam/whep', `${plain.path}/whep`).replace(/(?<=:\/\/127\.0\.0\.1:)(\d+)/g, (port) => `${ports[Number(port)] ?? port}`)
/** Programs that a line needs. */
const needs = (line: string): readonly ToolName[] => [...(tools[line.split(' ')[0] ?? ''] ?? []), ...(line.includes('srt://') ? (['libsrt'] as const) : [])]

/** Starts a line; resolves with its exit code and its complaints. */
function start(line: string): { readonly ended: Promise<{ code: number | null; words: string }>; stop(): void } {
  const [program = '', ...args] = placed(line.replace('-i cam.mp4', `-i ${sample}`)).split(' ')
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  child.stderr.on('data', (text) => {
    words = (words + text).slice(-2000)
  })
  return { ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, words }))), stop: () => void child.kill('SIGKILL') }
}

describe('a line of the docs', () => {
  for (const line of lines) {
    const [program = ''] = line.split(' ')
    itWith(needs(line), line, async () => {
      const running = start(line)
      try {
        if (program === 'ffmpeg') await waitFor('the stream', () => isThere(pathIn(line)), 30_000)
        else {
          const { code, words } = await running.ended
          expect(code, words).toBe(0)
        }
      } finally {
        running.stop()
        await running.ended
      }
    })
  }
  for (const { url, path } of pulls.filter(({ url }) => /^(http|whep)/.test(url))) {
    it(`shoal pull ${url} ${path}`, () => waitFor('the stream', () => isThere(path), 30_000))
  }
})
