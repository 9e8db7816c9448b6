/** SRT between ffmpeg, ffprobe and whole nodes, with the libsrt of the system. */

import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ReceiveStatistics } from '../../src/plugins/srt/statistics.js'
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

/** A way for one caller to `target` that loses each `nth` data packet. */
async function lossyWay(target: number, nth: number): Promise<{ readonly port: number; close(): void }> {
  const [near, far] = [createSocket('udp4'), createSocket('udp4')]
  let caller = 0
  let packets = 0
  near.on('message', (bytes, { port }) => {
    caller = port
    const isData = ((bytes[0] ?? 0) & 0x80) === 0
    if (!isData || ++packets % nth !== 0) far.send(bytes, target, '127.0.0.1')
  })
  far.on('message', (bytes) => near.send(bytes, caller, '127.0.0.1'))
  near.bind(0, '127.0.0.1')
  far.bind(0, '127.0.0.1')
  await Promise.all([once(near, 'listening'), once(far, 'listening')])
  const close = (): void => {
    near.close()
    far.close()
  }
  return { port: (near.address() as AddressInfo).port, close }
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
  const publishTo = (url: string) => run('ffmpeg', [...source, ...codecs, url])
  const publish = async (node: TestNode, query: string) => publishTo(await urlOf(node, query))
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
    const connections = await read<readonly Record<string, unknown>[]>(open, '/srt/connections')
    expect(connections).toMatchObject([{ path: 'live/cam', role: 'publish', lost: 0, latency: expect.any(Number), rtt: expect.any(Number) }])
    expect(connections[0]?.['received']).toBeGreaterThan(10)
    const { stream } = await open.client.call('streams.info', { params: { path: 'live/cam' } })
    expect(stream.sourceStats).toMatchObject({ lost: 0, late: 0, retransmitted: expect.any(Number) })
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

  it('counts what a bad way loses, and what is sent again', async () => {
    const { port } = await read<{ port: number }>(open, '/srt/info')
    const way = await lossyWay(port, 20)
    try {
      await publishTo(`srt://127.0.0.1:${way.port}?streamid=publish:live/bad&latency=400000`)
      await flows(open, 'live/bad')
      const lossy = async () => (await read<readonly ReceiveStatistics[]>(open, '/srt/connections'))[0]
      await waitFor('packets that were sent again', async () => ((await lossy())?.retransmitted ?? 0) > 0, 20_000)
      expect((await lossy())?.missing).toBeGreaterThan(0)
      expect(infoOf(open, 'live/bad')?.sourceStats?.latency).toBe(400)
    } finally {
      way.close()
    }
  })

  it('nodes pull from and push to each other', async () => {
    await publish(open, 'streamid=publish:live/far')
    await flows(open, 'live/far')
    locked.probe.ctx.streams.pull(await urlOf(open, 'streamid=read:live/far'), 'in/pulled')
    await flows(locked, 'in/pulled')
    const pulled = await read<readonly { path: string; role: string }[]>(locked, '/srt/connections')
    expect(pulled.find(({ path }) => path === 'in/pulled')?.role).toBe('pull')
    expect(infoOf(locked, 'in/pulled')?.sourceStats?.received).toBeGreaterThan(10)
    const url = await urlOf(locked, 'streamid=publish:in/pushed&passphrase=correct-horse')
    await open.client.call('pushes.create', { body: { path: 'live/far', url } })
    await flows(locked, 'in/pushed')
    const sent = await read<readonly { role: string; sent?: number }[]>(open, '/srt/connections')
    expect(
      sent
        .filter(({ sent = 0 }) => sent > 10)
        .map(({ role }) => role)
        .sort(),
    ).toEqual(['push', 'read'])
    expect(infoOf(locked, 'in/pushed')?.tracks.map(({ codec }) => codec.slice(0, 4))).toEqual(['avc1', 'mp4a'])
    open.probe.ctx.streams.pull(await urlOf(locked, 'streamid=read:x&passphrase=wrong-wrong'), 'in/refused')
    await waitFor('the refusal', () => pullOf(open, 'in/refused').then((pull) => pull?.error?.code === 'ERR_UNAUTHENTICATED'))
  })
})
