import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PluginDescription } from '../../../../../src/daemon/portable/native/description.js'
import { describePortable, portablePlugin } from '../../../../../src/daemon/portable/native/portable-plugin.js'
import { toServiceJson } from '../../../../../src/daemon/portable/native/service-json.js'
import type { PortableProgram } from '../../../../../src/daemon/portable/native/session.js'
import { UsedServices } from '../../../../../src/daemon/portable/native/used-services.js'
import { Broadcast } from '../../../../../src/daemon/util/queue.js'
import { ShoalError } from '../../../../../src/errors.js'
import type { ClusterMessage, ClusterNode } from '../../../../../src/services.js'
import { type FakeContext, fakeContext, fakeNodeId } from '../../../../../src/testing/fake-context.js'
import { memoryLog } from '../../../../../src/testing/memory-log.js'
import { codeOf } from '../../../../../src/testing/test-api.js'
import { buildGo, goBuildTimeout, pluginPrograms } from '../../../../go-programs.js'
import { describeWith } from '../../../../needs.js'
import { waitFor } from '../../../../wait-for.js'
import { recordedPipe } from './recorded-pipe.js'

const root = join(import.meta.dirname, '../../../../..')
const env = { PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' }
const python = { name: 'uses', command: 'python3', args: ['uses.py'], folder: join(root, 'test/fixtures/portable'), env }

/** A cluster node that a test speaks for. */
class Cluster implements ClusterNode {
  readonly said: string[] = []
  readonly heard = new Broadcast<ClusterMessage>((missed) => ({ type: 'lagged', missed }))
  async send(topic: string, body: Uint8Array): Promise<void> {
    this.said.push(`${topic} ${Buffer.from(body)}`)
  }
  async sendDirect(): Promise<void> {
    throw new ShoalError('ERR_PEER_UNREACHABLE')
  }
  subscribe(topic: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<ClusterMessage> {
    this.said.push(`listens to ${topic}`)
    return this.heard.listen(options.signal)
  }
}

describeWith(['python3'], 'services that a program in Python uses', () => usedServiceTests('py-uses', async () => python))

describeWith(['go'], 'services that a program in Go uses', () =>
  usedServiceTests('go-uses', async () => ({ name: 'uses', command: './uses', folder: await buildGo(pluginPrograms) })),
)

function usedServiceTests(name: string, programOf: () => Promise<PortableProgram>): void {
  let program: PortableProgram
  let description: PluginDescription
  beforeAll(async () => {
    program = await programOf()
    description = await describePortable(program, { log: memoryLog() })
  }, goBuildTimeout)

  async function running(body: (ask: (question: string) => Promise<unknown>, fake: FakeContext, cluster: Cluster) => Promise<void>): Promise<void> {
    const plugin = portablePlugin({ program, description })
    const cluster = new Cluster()
    const fake = await fakeContext(plugin, { services: { clusterNode: cluster } }).start()
    const ask = async (question: string): Promise<unknown> => {
      const reply = await plugin.handlePayload?.(fakeNodeId, `${name}.ask`, Buffer.from(question))
      return JSON.parse(Buffer.from(reply ?? []).toString())
    }
    try {
      await body(ask, fake, cluster)
    } finally {
      expect((await fake.stop()).tasks).toEqual([])
    }
  }

  it('are asked for, and no others', () =>
    running(async (ask, fake) => {
      expect(fake.plugin.requires).toEqual(['cache', 'locks', 'authentication', 'permission', 'clusterNode', 'clusterRegistry'])
      expect(await ask('cache')).toEqual([true, null, null])
      expect(await ask('decide')).toEqual([expect.objectContaining({ kind: 'owner' }), false, true])
      expect(await ask('members')).toEqual({ self: fakeNodeId, members: [fakeNodeId], leader: fakeNodeId })
      expect(await ask('forbidden')).toBe('ERR_USAGE')
    }))

  it('lock, and give back what is left when the process ends', () =>
    running(async (ask, fake) => {
      expect(await ask('lock')).toEqual([true, null])
      expect(await fake.services.use('locks').get('one')).toBeUndefined()
      expect(await ask('unlock')).toEqual([true, true])
      expect(await ask('lock')).toEqual([true, null])
      await fake.plugin.shutdown?.()
      await waitFor('the lock to be free', async () => (await fake.services.use('locks').get('one')) !== undefined)
    }))

  it('carry messages of the cluster until the stream is left', () =>
    running(async (ask, _, cluster) => {
      expect(await ask('say hi')).toBe('ERR_PEER_UNREACHABLE')
      await ask('listen topic')
      await waitFor('the listener', () => cluster.heard.listeners === 1)
      cluster.heard.emit({ type: 'message', peer: 'p', body: Buffer.from('hello') })
      cluster.heard.emit({ type: 'lagged', missed: 3 })
      const heard = [
        { type: 'message', peer: 'p', body: 'hello' },
        { type: 'lagged', missed: 3 },
      ]
      await waitFor('both events', async () => JSON.stringify(await ask('heard')) === JSON.stringify(heard))
      await ask('leave')
      await waitFor('nobody to listen', () => cluster.heard.listeners === 0)
      expect(cluster.said).toEqual(['topic hi', 'listens to topic'])
    }))

  it('shows tasks with their progress, and not too many', () =>
    running(async (ask, fake) => {
      const tasks = () => fake.info.tasks.filter(({ name }) => name !== 'process')
      await ask('task')
      await waitFor('the task', () => tasks()[0]?.progress?.total === 10)
      expect(tasks()).toMatchObject([{ name: 'copy', state: 'running', progress: { text: 'half of it', done: 5, total: 10 } }])
      await ask('done')
      await waitFor('no task', () => tasks().length === 0)
      await ask('tasks')
      await waitFor('100 tasks', () => tasks().length === 100)
    }))
}

describe('UsedServices', () => {
  const context = fakeContext().ctx
  const slots = ['cache', 'locks', 'authentication', 'permission', 'clusterNode', 'clusterRegistry']

  function setUp(limit = 3) {
    const { pipe } = recordedPipe()
    const services = new UsedServices(pipe, () => slots)
    const stop = new AbortController()
    const admit = (): void => {
      if (services.size >= limit) throw new ShoalError('ERR_LIMIT')
    }
    const call = (slot: string, method: string, values: unknown, id = 1) => {
      const { json, blobs } = toServiceJson(values)
      return services.call({ ctx: context, id, signal: stop.signal, admit }, { slot, method, arguments: json, blobs })
    }
    return { services, call }
  }

  it('refuses what no slot has, and arguments of another sort', async () => {
    const { call } = setUp()
    const wrong = [
      ['storage', 'get', ['a', 'b']],
      ['cache', 'toString', []],
      ['cache', '__proto__', []],
      ['cache', 'get', [7]],
      ['cache', 'set', ['k', 'no bytes', 5]],
      ['cache', 'set', ['k', Buffer.from('x'), 'soon']],
      ['authentication', 'authenticate', [{}]],
      ['permission', 'allows', [{ kind: 'king', id: 'x' }, {}]],
      [
        'permission',
        'allows',
        [
          { kind: 'owner', id: 'x' },
          { action: 'world.rule', target: 'x' },
        ],
      ],
      ['clusterNode', 'send', ['topic']],
    ] as const
    for (const [slot, method, values] of wrong) expect([slot, method, await codeOf(() => call(slot, method, values))]).toEqual([slot, method, 'ERR_USAGE'])
    expect(await codeOf(() => call('cache', 'get', {}))).toBe('ERR_PROTOCOL')
  })

  it('opens so many streams and locks, and gives all back', async () => {
    const { services, call } = setUp()
    const opened = await Promise.all([1, 2, 3, 4, 5].map((id) => codeOf(() => call('clusterRegistry', 'events', [], id))))
    expect(opened).toEqual([undefined, undefined, undefined, 'ERR_LIMIT', 'ERR_LIMIT'])
    expect(await codeOf(() => call('locks', 'get', ['one'], 6))).toBe('ERR_LIMIT')
    expect(await codeOf(() => call('cache', 'get', ['k'], 7))).toBeUndefined()
    services.end()
  })

  it('gives back a lock whose caller had given up, and a stream', async () => {
    const { services, call } = setUp()
    await call('locks', 'get', ['given up'], 1)
    await call('clusterRegistry', 'events', [], 2)
    expect(await context.use('locks').get('given up', { timeout: 1 })).toBeUndefined()
    services.close(1)
    services.close(2)
    services.close(3)
    const again = await context.use('locks').get('given up')
    expect(again?.token).toEqual(expect.any(String))
    await again?.release()
    services.end()
  })
})
