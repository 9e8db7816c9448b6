/** The lines of docs/protocols.md, run as they stand there but for ports and the file. */

import { type SpawnOptions, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleUrl } from '../../src/plugins/file/index.js'
import { freePort } from '../free-port.js'
import { Nodes, type TestNode } from '../integration/nodes.js'
import { itWith } from '../needs.js'
import { has, isRoot, type ToolName } from '../tools.js'
import { waitFor } from '../wait-for.js'
import { run } from './cli.js'

const page = readFileSync(join(import.meta.dirname, '../../docs/protocols.md'), 'utf8')
const sample = join(import.meta.dirname, '../../examples/sample.flv')
const lines = [...page.matchAll(/`((?:ffmpeg|ffprobe|curl|gst-launch-1\.0|vlc) [^`]+)`/g)].map(([, line = '']) => line)
const pulls = [...page.matchAll(/`shoal pull (\S+) (live\/in-\w+)`/g)].map(([, url = '', path = '']) => ({ url, path }))
/** WebRTC carries no B-pictures, and the file has some: it gets another stream. */
const plain = { path: 'live/plain', track: { id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 } } as const
const tools: Readonly<Record<string, readonly ToolName[]>> = {
  ffmpeg: ['ffmpeg'],
  ffprobe: ['ffmpeg'],
  curl: ['curl', 'ffmpeg'],
  'gst-launch-1.0': ['gstreamer'],
  vlc: ['vlc', 'ffmpeg'],
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

/** A line that runs: its exit code and its complaints. */
interface Started {
  readonly ended: Promise<{ code: number | null; words: string }>
  stop(): void
}

/** Starts a line. */
function start(line: string, more: readonly string[] = [], options: SpawnOptions = {}): Started {
  const [program = '', ...args] = placed(line.replace('-i cam.mp4', `-i ${sample}`)).split(' ')
  const child = spawn(program, [...args, ...more], { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  child.stderr?.on('data', (text) => {
    words = (words + text).slice(-2000)
  })
  return { ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, words }))), stop: () => void child.kill('SIGKILL') }
}

/** VLC without a screen writes what it would play to a file. It does not run as root. */
async function playByVlc(line: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-vlc-'))
  chmodSync(folder, 0o777)
  const file = join(folder, 'played.ts')
  const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {}
  const options = { ...nobody, env: { ...process.env, HOME: folder } }
  const running = start(line.replace('vlc', 'cvlc'), ['--quiet', '--sout', `#std{access=file,mux=ts,dst=${file}}`], options)
  try {
    await waitFor('what VLC plays', () => existsSync(file) && statSync(file).size > 100_000, 30_000)
    running.stop()
    await running.ended
    return (await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', file]).ended).stdout
  } finally {
    running.stop()
    await running.ended
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('a line of the docs', () => {
  for (const line of lines) {
    const [program = ''] = line.split(' ')
    itWith(needs(line), line, async () => {
      if (program === 'vlc') {
        const played = await playByVlc(line)
        for (const codec of ['h264', 'aac']) expect(played).toContain(codec)
        return
      }
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
