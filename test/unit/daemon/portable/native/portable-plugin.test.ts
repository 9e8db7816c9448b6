import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PluginDescription } from '../../../../../src/daemon/portable/native/description.js'
import { describePortable, type PortablePlugin, portablePlugin } from '../../../../../src/daemon/portable/native/portable-plugin.js'
import { ShoalError } from '../../../../../src/errors.js'
import type { PushJob } from '../../../../../src/plugin.js'
import { type FakeContext, type FakeContextOptions, fakeContext, fakeNodeId } from '../../../../../src/testing/fake-context.js'
import { fakePullJob } from '../../../../../src/testing/fake-job.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { codeOf } from '../../../../../src/testing/test-api.js'
import { waitFor } from '../../../../wait-for.js'

const folder = join(import.meta.dirname, '../../../../fixtures/portable')
const program = { name: 'fixture', command: process.execPath, args: ['hello.mjs'], folder, env: { FIXTURE: 'yes' } }
let description: PluginDescription

beforeAll(async () => {
  description = await describePortable(program, { log: memoryLog() })
})

async function running(body: (fake: FakeContext, plugin: PortablePlugin) => Promise<void>, options: FakeContextOptions = {}): Promise<void> {
  const plugin = portablePlugin({ program, description, agent: 'shoal/test' })
  const fake = await fakeContext(plugin, options).start()
  try {
    await body(fake, plugin)
  } finally {
    await fake.stop()
  }
}

async function ask(plugin: PortablePlugin, question: string, kind = 'node-hello.ask'): Promise<string> {
  const reply = await plugin.handlePayload?.(fakeNodeId, kind, Buffer.from(question))
  return Buffer.from(reply ?? []).toString()
}

describe('describePortable', () => {
  it('finds what the plugin is', () => {
    expect(description).toMatchObject({
      ...{ name: 'node-hello', info: { version: '1.2.3' }, payloadKinds: ['node-hello.greet', 'node-hello.ask'] },
      ...{ pullers: [{ protocol: 'nodetest' }], pushers: [{ protocol: 'nodesink' }], events: ['peers'] },
      routes: [{ method: 'GET', path: '/echo/:word', public: false }],
    })
  })
})

describe('portablePlugin', () => {
  it('answers payloads with its configuration', async () => {
    await running(async (_, plugin) => expect(await ask(plugin, 'Ada', 'node-hello.greet')).toBe('moin Ada'), { config: { greeting: 'moin' } })
  })

  it('logs with level and fields', async () => {
    await running(async ({ log }) => {
      expect(log.lines).toContainEqual({ level: 'info', msg: 'the fixture has started', fields: { from: 'fixture' } })
    })
  })

  it('has its own folder and a clean environment', async () => {
    await running(async (_, plugin) => {
      expect(await ask(plugin, 'folder')).toBe(folder)
      const environment: unknown = JSON.parse(await ask(plugin, 'environment'))
      expect(environment).toMatchObject({ FIXTURE: 'yes', SHOAL_PLUGIN_PROTOCOL: '1-1', PATH: process.env['PATH'] })
      expect(environment).not.toHaveProperty('VITEST')
    })
  })

  it('reads peers and streams, signs, and keeps entries', async () => {
    await running(async (fake, plugin) => {
      fake.streams.publish('live', [{ id: 1, kind: 'video', codec: 'avc1.64001f', description: new Uint8Array(5) }])
      expect(JSON.parse(await ask(plugin, 'peers'))).toEqual([])
      expect(JSON.parse(await ask(plugin, 'streams'))).toMatchObject([{ path: 'live', tracks: [{ id: 1, kind: 'video', codec: 'avc1.64001f' }] }])
      expect(await ask(plugin, 'sign')).toBe('shoal-plugin:node-hello:signed')
      expect(JSON.parse(await ask(plugin, 'store'))).toEqual([500, true, 99, false, false, '4', 0])
    })
  })

  it('sends payloads to peers', async () => {
    await running(async (fake, plugin) => {
      fake.payloads.answer = ({ body }) => Buffer.from(`far ${Buffer.from(body)}`)
      expect(await ask(plugin, 'request')).toBe('far ping')
      expect(await ask(plugin, 'broadcast')).toBe('[]')
      fake.payloads.answer = () => {
        throw new ShoalError('ERR_PEER_UNREACHABLE')
      }
      expect(await codeOf(() => ask(plugin, 'request'))).toBe('ERR_PEER_UNREACHABLE')
    })
  })

  it('gets errors with their codes, and gives them', async () => {
    await running(async (_, plugin) => {
      expect(await codeOf(() => ask(plugin, 'nothing'))).toBe('ERR_USAGE')
      expect(await codeOf(() => ask(plugin, 'fail'))).toBe('ERR_PAYLOAD_REJECTED')
    })
  })

  it('answers routes', async () => {
    await running(async (fake) => {
      expect(await fake.request('GET', '/node-hello/echo/word', { query: { a: '1' } })).toEqual({ params: { word: 'word' }, query: { a: '1' } })
    })
  })

  it('hears events', async () => {
    await running(async (fake) => {
      fake.peers.emit({ type: 'connected', peer: '12D3KooWSomebody', name: 'ada', time: 1 })
      await waitFor('the event', () => fake.log.lines.some(({ msg }) => msg.startsWith('event ') && msg.includes('"connected"')))
    })
  })

  it('shows its process', async () => {
    await running(async (_, plugin) => {
      expect(plugin.status()).toMatchObject({ state: 'running', restarts: 0, pid: Number(await ask(plugin, 'pid')) })
      expect((await plugin.usage())?.memory).toBeGreaterThan(1_000_000)
    })
    const idle = portablePlugin({ program, description })
    expect(idle.status()).toEqual({ state: 'stopped', restarts: 0, queues: { calls: 0, requests: 0, backlog: 0 } })
    expect(await idle.usage()).toBeUndefined()
    expect(await codeOf(() => ask(idle, 'pid'))).toBe('ERR_STOPPING')
  })

  it('is started again after kill -9, and calls wait for it', async () => {
    await running(async (fake, plugin) => {
      const before = Number(await ask(plugin, 'pid'))
      process.kill(before, 'SIGKILL')
      await waitFor('the end to be noticed', () => plugin.status().restarts === 1)
      const after = Number(await ask(plugin, 'pid'))
      expect(after).not.toBe(before)
      expect(plugin.status()).toMatchObject({ restarts: 1, pid: after, lastEnd: 'The process of the plugin node-hello was ended by SIGKILL.' })
      expect(fake.log.lines.some(({ level, fields }) => level === 'warn' && String(fields['reason']).includes('SIGKILL'))).toBe(true)
    })
  })

  it('fails the calls that were open when it ended', async () => {
    await running(async (_, plugin) => expect(await codeOf(() => ask(plugin, 'die'))).toBe('ERR_PLUGIN_FAILED'))
  })
})

describe('a portable puller', () => {
  it('fails its pull when its process ends, and serves the next try', async () => {
    await running(async (fake, plugin) => {
      const [factory] = fake.pullers
      const job = fakePullJob('nodetest://x/live')
      const done = codeOf(() => factory?.pull(job))
      await waitFor('frames', () => (job.streams.get('live')?.frames.length ?? 0) > 3)
      process.kill(Number(await ask(plugin, 'pid')), 'SIGKILL')
      expect(await done).toBe('ERR_PLUGIN_FAILED')
      expect(job.streams.publications.every(({ closed }) => closed)).toBe(true)
      const next = codeOf(() => factory?.pull(job))
      await waitFor('frames again', () => (job.streams.get('live')?.frames.length ?? 0) > 3)
      await job.end()
      expect(await next).toBeUndefined()
    })
  })

  it('carries every frame, in order', async () => {
    await running(async (fake) => {
      const [factory] = fake.pullers
      const job = fakePullJob('nodetest://x/live', { options: { frames: 5000, size: 700, batch: 50 } })
      await factory?.pull(job)
      const frames = job.streams.publications[0]?.frames ?? []
      expect(frames.length).toBe(5000)
      expect(frames.every(({ timestamp, data, key }, index) => timestamp === index * 1000 && data.length === 700 && key)).toBe(true)
      await job.end()
    })
  })

  it('learns that its stream was stopped', async () => {
    await running(async (fake) => {
      const [factory] = fake.pullers
      const job = fakePullJob('nodetest://x/live')
      const done = codeOf(() => factory?.pull(job))
      const publication = await waitFor('the stream', () => job.streams.get('live'))
      publication.stop()
      expect(await done).toBeUndefined()
      await job.end()
    })
  })
})

describe('a portable pusher', () => {
  const target = mkdtempSync(join(tmpdir(), 'shoal-sink-'))
  afterAll(() => rmSync(target, { recursive: true }))

  it('reads frames, changed tracks, and the end', async () => {
    await running(async (fake) => {
      const [factory] = fake.pushers
      const file = join(target, 'out')
      const publication = fake.streams.publish('live', [{ id: 1, kind: 'data', codec: 'text' }])
      const { signal, run } = fake.ctx
      const job: PushJob = {
        ...{ url: new URL(`nodesink://x${file}`), path: 'live', options: {}, log: fake.log, signal, run },
        subscribe: (options) => fake.streams.subscribe('live', options),
      }
      const done = codeOf(() => factory?.push(job))
      await waitFor('the subscription', () => publication.subscribers > 0)
      for (let i = 0; i < 100; i++) publication.write({ track: 1, timestamp: i, key: true, data: new Uint8Array(i) })
      // large ones use up the credit several times
      for (let i = 100; i < 200; i++) publication.write({ track: 1, timestamp: i, key: true, data: new Uint8Array(1_000_000) })
      await waitFor('the frames', () => readFileSync(file, 'utf8').includes('frame 199'))
      publication.update({ id: 1, kind: 'data', codec: 'json' })
      publication.write({ track: 1, timestamp: 200, key: true, data: new Uint8Array(1) })
      publication.close(new ShoalError('ERR_ORIGIN_LOST'))
      expect(await done).toBeUndefined()
      const sizes = Array.from({ length: 200 }, (_, i) => `frame ${i} ${i < 100 ? i : 1_000_000}`)
      expect(readFileSync(file, 'utf8').trim().split('\n')).toEqual(['tracks text', ...sizes, 'tracks json', 'frame 200 1', 'close ERR_ORIGIN_LOST'])
    })
  })
})
