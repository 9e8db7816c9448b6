/** SRT between ffmpeg, ffprobe and whole nodes, with the libsrt of the system. */

import { spawn } from 'node:child_process'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { StreamInfo } from '../../src/stream.js'
import { describeWith } from '../needs.js'
import { waitFor } from '../wait-for.js'
import { read } from './keys/bench.js'
import { Nodes, pullOf, type TestNode } from './nodes.js'

const source = ['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=25', '-f', 'lavfi', '-i', 'sine=sample_rate=48000']
const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'mpegts']

interface Done {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

describeWith(['ffmpeg', 'libsrt'], 'SRT', () => {
  const nodes = new Nodes()
  const running: { kill(): void; readonly done: Promise<Done> }[] = []
  let open: TestNode
  let locked: TestNode

  function run(program: string, args: readonly string[]): (typeof running)[number] {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => {
      stdout += data
    })
    child.stderr.on('data', (data) => {
      stderr += data
    })
    const done = new Promise<Done>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
    const process = { kill: () => void child.kill('SIGKILL'), done }
    running.push(process)
    return process
  }
  const urlOf = async (node: TestNode, query: string): Promise<string> => `srt://127.0.0.1:${(await read<{ port: number }>(node, '/srt/info')).port}?${query}`
  const publish = async (node: TestNode, query: string) => run('ffmpeg', [...source, ...codecs, await urlOf(node, query)])
  const infoOf = (node: TestNode, path: string): StreamInfo | undefined => node.probe.ctx.streams.list().find((stream) => stream.path === path)
  const flows = (node: TestNode, path: string): Promise<unknown> => waitFor(`frames of ${path}`, () => (infoOf(node, path)?.framesIn ?? 0) > 40, 20_000)

  beforeAll(async () => {
    ;[open, locked] = await Promise.all([
      nodes.start('open', { flags: { 'srt.listen': true } }),
      nodes.start('locked', { flags: { 'srt.listen': true, 'srt.passphrase': 'correct-horse', 'srt.takeover': true } }),
    ])
  })
  afterEach(async () => {
    for (const { kill } of running) kill()
    await Promise.all(running.splice(0).map(({ done }) => done))
  })
  afterAll(() => nodes.dispose())

  it('ffmpeg publishes, ffprobe reads, and an end without a word is noticed', async () => {
    const publisher = await publish(open, 'streamid=publish:live/cam')
    await flows(open, 'live/cam')
    const probe = ['-v', 'error', '-show_entries', 'stream=codec_name,width', '-of', 'csv=p=0']
    const { stdout, stderr } = await run('ffprobe', [...probe, await urlOf(open, 'streamid=#!::m=request,r=live/cam')]).done
    expect(stderr).toBe('')
    expect([...new Set(stdout.split('\n').filter(Boolean))].sort()).toEqual(['aac', 'h264,160'])
    publisher.kill()
    await waitFor('the end of the stream', () => infoOf(open, 'live/cam') === undefined, 20_000)
  })

  it('refuses wrong passphrases, callers without a stream, and a second publisher', async () => {
    for (const query of ['streamid=publish:live/in', 'streamid=publish:live/in&passphrase=wrong-wrong'])
      expect((await (await publish(locked, query)).done).code).not.toBe(0)
    expect((await (await publish(open, '')).done).code).not.toBe(0)
    await publish(open, 'streamid=publish:live/one')
    await flows(open, 'live/one')
    const since = infoOf(open, 'live/one')?.since
    expect((await (await publish(open, 'streamid=publish:live/one')).done).code).not.toBe(0)
    expect(infoOf(open, 'live/one')?.since).toBe(since)
  })

  it('a publisher replaces another where it may', async () => {
    const query = 'streamid=publish:live/cam&passphrase=correct-horse'
    const first = await publish(locked, query)
    await flows(locked, 'live/cam')
    const since = infoOf(locked, 'live/cam')?.since
    await publish(locked, query)
    expect((await first.done).code).not.toBe(0)
    await flows(locked, 'live/cam')
    expect(infoOf(locked, 'live/cam')?.since).not.toBe(since)
  })

  it('nodes pull from and push to each other', async () => {
    await publish(open, 'streamid=publish:live/far')
    await flows(open, 'live/far')
    locked.probe.ctx.streams.pull(await urlOf(open, 'streamid=read:live/far'), 'in/pulled')
    await flows(locked, 'in/pulled')
    const url = await urlOf(locked, 'streamid=publish:in/pushed&passphrase=correct-horse')
    await open.client.call('pushes.create', { body: { path: 'live/far', url } })
    await flows(locked, 'in/pushed')
    expect(infoOf(locked, 'in/pushed')?.tracks.map(({ codec }) => codec.slice(0, 4))).toEqual(['avc1', 'mp4a'])
    open.probe.ctx.streams.pull(await urlOf(locked, 'streamid=read:x&passphrase=wrong-wrong'), 'in/refused')
    await waitFor('the refusal', () => pullOf(open, 'in/refused').then((pull) => pull?.error?.code === 'ERR_UNAUTHENTICATED'))
  })
})
