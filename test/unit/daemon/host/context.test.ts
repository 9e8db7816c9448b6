import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ShoalError } from '../../../../src/errors.js'
import type { PluginContext, PullJob, Task } from '../../../../src/plugin.js'
import { fakePeer, fakePullJob } from '../../../../src/testing/index.js'
import { forever, makeHost, probe } from './fixture.js'

const track = { id: 1, kind: 'data', codec: 'text' } as const
const frame = { track: 1, timestamp: 1, key: true, data: new Uint8Array([1]) }

async function started(name = 'p', extra = {}) {
  const one = probe(name, extra)
  const fixture = makeHost([one.plugin])
  await fixture.host.start()
  return { ...fixture, ctx: one.ctx() }
}

describe('the context', () => {
  it('shows the node without its key, and signs under a domain of the plugin', async () => {
    const { ctx, signed } = await started('signer')
    expect(Object.keys(ctx.node).sort()).toEqual(['id', 'name', 'sign'])
    expect(Object.isFrozen(ctx.node)).toBe(true)
    await ctx.node.sign(new Uint8Array([1, 2]))
    expect(Buffer.from(signed[0] ?? []).toString('latin1')).toBe('shoal-plugin:signer:\x01\x02')
    expect(reachable(ctx)).not.toContain('private key')
  })

  it('gives each plugin a store that no other sees', async () => {
    const [a, b] = [probe('a'), probe('a-b')]
    const { host } = makeHost([a.plugin, b.plugin])
    await host.start()
    await a.ctx().store.set('k', new Uint8Array([1]))
    await a
      .ctx()
      .use('storage')
      .open('b')
      .set('k', new Uint8Array([2]))
    expect(await b.ctx().store.get('k')).toBeUndefined()
    expect(await b.ctx().use('storage').open('b').get('k')).toBeUndefined()
    expect((await a.ctx().store.get('k'))?.[0]).toBe(1)
    expect((await a.ctx().use('storage').open('b').get('k'))?.[0]).toBe(2)
    for (const odd of ['', '../b', 'a/b', 'plugin/a', 'x:y'])
      expect(() => a.ctx().use('storage').open(odd)).toThrow(expect.objectContaining({ code: 'ERR_KEY_INVALID' }))
  })

  it('publishes under its name, whatever else the plugin asks for', async () => {
    const { ctx, streams } = await started('pub')
    const forged: object = { publisher: 'other', origin: '12D3KooWForged', hops: 3, takeover: true }
    ctx.streams.publish('x', [track], forged)
    expect(ctx.streams.list()[0]).toMatchObject({ path: 'x', publisher: 'pub', origin: 'test', hops: 0 })
    expect(streams.publications[0]?.publisher).toBe('pub')
  })

  it('reads slots live: the plugin that fills it now', async () => {
    const user = probe('user')
    const guard = probe('guard', { provides: ['permission'], start: (ctx: PluginContext) => ctx.provide('permission', { allows: () => 'not today' }) })
    const { host } = makeHost([guard.plugin, user.plugin])
    await host.start()
    const permission = user.ctx().use('permission')
    const ask = () => permission.allows({ kind: 'client', id: 'a' }, { action: 'stream.read', target: 'x' })
    expect(await ask()).toBe('not today')
    await host.stop()
    expect(await ask()).toMatch(/guard/)
  })

  it('fills slots only during start, only those it names, and each once', async () => {
    const codes: unknown[] = []
    const cache = { get: async () => undefined, set: async () => {}, delete: async () => {}, clear: async () => {} }
    const { ctx } = await started('p', {
      provides: ['cache'],
      start(own: PluginContext) {
        own.provide('cache', cache)
        for (const slot of ['cache', 'permission'] as const) codes.push(codeOf(() => own.provide(slot, cache as never)))
      },
    })
    codes.push(codeOf(() => ctx.provide('cache', cache)))
    expect(codes).toEqual(['ERR_SLOT_CONFLICT', 'ERR_PLUGIN_INVALID', 'ERR_PLUGIN_INVALID'])
    expect(ctx.use('cache').get).toBeTypeOf('function')
  })

  it('ends events with the plugin or with the signal given', async () => {
    const { ctx, host, peers, streams } = await started()
    const controller = new AbortController()
    const own = collect(ctx.peers.events({ signal: controller.signal }))
    const all = [collect(ctx.peers.events()), collect(ctx.streams.events()), collect(ctx.streams.events({ signal: new AbortController().signal }))]
    peers.emit({ type: 'trusted', peer: 'x', name: 'x', time: 0 })
    controller.abort()
    expect(await own).toHaveLength(1)
    expect(peers.listeners).toBe(1)
    await host.stop()
    expect((await Promise.all(all)).map((events) => events.length)).toEqual([1, 0, 0])
    expect([peers.listeners, streams.open.listeners]).toEqual([0, 0])
  })

  it('closes publications and subscriptions when the plugin stops, with the reason', async () => {
    const { ctx, host, streams } = await started()
    streams.publish('foreign', [track])
    const own = [ctx.streams.publish('a', [track]), ctx.streams.publish('b', [track], { signal: new AbortController().signal })]
    const read = [await ctx.streams.subscribe('foreign'), await ctx.streams.subscribe('foreign', { signal: new AbortController().signal })].map(collect)
    const waiting = ctx.streams.subscribe('later', { wait: 60_000 }).catch((error) => error.code)
    await host.stop()
    expect(own.map(({ signal }) => signal.reason.code)).toEqual(['ERR_STOPPING', 'ERR_STOPPING'])
    expect(await Promise.all(read)).toEqual([[], []])
    expect(await waiting).toBe('ERR_STOPPING')
    expect(streams.open).toMatchObject({ subscriptions: 0, publications: 1 })
  })

  it('passes frames through publications and subscriptions that have a signal of their own', async () => {
    const { ctx } = await started()
    const { signal } = new AbortController()
    const publication = ctx.streams.publish('a', [track], { signal })
    const subscription = await ctx.streams.subscribe('a', { signal, start: 'latest' })
    publication.write(frame)
    publication.update({ ...track, codec: 'application/json' })
    expect([publication.path, publication.tracks[0]?.codec, publication.subscribers, publication.signal.aborted]).toEqual(['a', 'application/json', 1, false])
    expect([subscription.path, subscription.tracks[0]?.codec, subscription.generation, subscription.dropped]).toEqual(['a', 'application/json', 1, 0])
    publication.close()
    expect((await collect(subscription)).flat()).toEqual([frame])
    await publication[Symbol.asyncDispose]()
    await subscription[Symbol.asyncDispose]()
  })

  it('keeps no listeners of what has ended', async () => {
    const { ctx } = await started()
    const { signal } = new AbortController()
    const listeners = () => [signal, ctx.signal].map((one) => getEventListeners(one, 'abort').length)
    ctx.streams.publish('keep', [track])
    // the first call brings the listener that all calls share
    await ctx.payloads.send('p', 'k', new Uint8Array())
    const before = listeners()
    for (let at = 0; at < 10; at++) {
      const publication = ctx.streams.publish('a', [track], { signal })
      const [left, closed, ended] = await Promise.all([1, 2, 3].map(() => ctx.streams.subscribe('a', { signal })))
      publication.write(frame)
      for await (const _ of left ?? []) break
      closed?.close()
      publication.close()
      for await (const _ of ended ?? []);
      await expect(ctx.streams.subscribe('none', { signal })).rejects.toMatchObject({ code: 'ERR_STREAM_NOT_FOUND' })
      await ctx.payloads.send('p', 'k', new Uint8Array(), { signal })
    }
    expect(listeners()).toEqual(before)
  })

  it('gives one pull for the same URL and path, and lets it be closed', async () => {
    const { ctx, streams, host } = await started()
    const pull = ctx.streams.pull('x://host/a')
    for (let at = 0; at < 1100; at++) expect(ctx.streams.pull('x://host/a')).toBe(pull)
    expect([pull.path, pull.url, pull.state]).toEqual(['a', 'x://host/a', 'connecting'])
    await pull.close()
    expect(streams.pulls.map(({ state }) => state)).toEqual(['stopped'])
    expect(host.info('p').state).toBe('running')
  })

  it('ends payload calls when the plugin stops', async () => {
    const { ctx, host, payloads } = await started()
    payloads.answer = forever
    const calls = [ctx.payloads.send('p', 'k', new Uint8Array()), ctx.payloads.request('p', 'k', new Uint8Array())].map((call) =>
      call.catch((error) => error.code),
    )
    await host.stop()
    expect(await Promise.all(calls)).toEqual(['ERR_STOPPING', 'ERR_STOPPING'])
  })

  it('lists peers and streams', async () => {
    const { ctx, peers } = await started()
    peers.set(fakePeer({ id: 'x', name: 'attic' }))
    expect([ctx.peers.list().length, ctx.peers.get('attic')?.id, ctx.streams.list()]).toEqual([1, 'x', []])
  })
})

describe('after the plugin stopped', () => {
  const sync: Record<string, (ctx: PluginContext) => unknown> = {
    run: (ctx) => ctx.run('x', () => {}),
    puller: (ctx) => ctx.puller({ protocol: 'x', pull: forever }),
    pusher: (ctx) => ctx.pusher({ protocol: 'x', push: forever }),
    provide: (ctx) => ctx.provide('cache', ctx.use('cache')),
    use: (ctx) => ctx.use('cache'),
    'http.route': (ctx) => ctx.http.route({ method: 'GET', path: '/x', handler: () => 1 }),
    'http.raw': (ctx) => ctx.http.raw('GET', '/x', () => {}),
    'http.websocket': (ctx) => ctx.http.websocket('/x', () => {}),
    'http.media': (ctx) => ctx.http.media('flv', { http: () => {} }),
    'streams.publish': (ctx) => ctx.streams.publish('x', [track]),
    'streams.pull': (ctx) => ctx.streams.pull('x://h/x'),
    'streams.events': (ctx) => ctx.streams.events(),
    'peers.events': (ctx) => ctx.peers.events(),
  }
  const promised: Record<string, (ctx: PluginContext) => Promise<unknown>> = {
    'streams.subscribe': (ctx) => ctx.streams.subscribe('x'),
    'payloads.send': (ctx) => ctx.payloads.send('p', 'k', new Uint8Array()),
    'payloads.request': (ctx) => ctx.payloads.request('p', 'k', new Uint8Array()),
    'payloads.broadcast': (ctx) => ctx.payloads.broadcast('k', new Uint8Array()),
    'node.sign': (ctx) => ctx.node.sign(new Uint8Array()),
    'store.get': (ctx) => ctx.store.get('x'),
    'store.set': (ctx) => ctx.store.set('x', new Uint8Array()),
    'store.delete': (ctx) => ctx.store.delete('x'),
    'store.clear': (ctx) => ctx.store.clear(),
    'store.entries': (ctx) => collect(ctx.store.entries()),
  }

  it('every member that acts refuses with ERR_STOPPING', async () => {
    const { ctx, host, routes, streams } = await started()
    await host.stop()
    for (const [name, act] of Object.entries(sync)) expect([name, codeOf(() => act(ctx))]).toEqual([name, 'ERR_STOPPING'])
    for (const [name, act] of Object.entries(promised)) {
      const code = await act(ctx).catch((error) => error.code)
      expect([name, code]).toEqual([name, 'ERR_STOPPING'])
    }
    expect([routes.list(), streams.publications, streams.open.listeners]).toEqual([[], [], 0])
  })

  it('lists can be read and lines be logged', async () => {
    const { ctx, host, log } = await started()
    await host.stop()
    expect([ctx.peers.list(), ctx.streams.list(), ctx.peers.get('x'), ctx.signal.aborted]).toEqual([[], [], undefined, true])
    ctx.log.info('one last word')
    expect(log.lines.at(-1)?.msg).toBe('one last word')
  })
})

describe('factories', () => {
  it('end a try when the plugin stops, and not when only the try is aborted but still cleans up', async () => {
    let cleaned = false
    const { pullers, host } = await started('p', {
      start: (ctx: PluginContext) => {
        ctx.puller({ protocol: 'hang', pull: forever })
        ctx.puller({
          protocol: 'tidy',
          async pull({ signal }: PullJob) {
            await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
            await new Promise((resolve) => setTimeout(resolve, 5))
            cleaned = true
          },
        })
      },
    })
    const [hang, tidy] = [...pullers.keys()]
    const job = fakePullJob('tidy://h/x')
    const tidying = tidy?.pull(job)
    await job.end()
    await tidying
    expect(cleaned).toBe(true)
    const hanging = hang?.pull(fakePullJob('hang://h/x'))
    const outcome = hanging?.catch((error) => error.code)
    await host.stop()
    expect(await outcome).toBe('ERR_STOPPING')
    await expect(hang?.pull(fakePullJob('hang://h/x'))).rejects.toMatchObject({ code: 'ERR_STOPPING' })
  })

  it('pass on what a puller is given, and answer false when supports throws', async () => {
    const { pullers, host } = await started('p', {
      start: (ctx: PluginContext) =>
        ctx.puller({
          protocol: 'x',
          prefix: 'x://h/',
          supports: () => {
            throw new Error('odd URL')
          },
          async pull(job: PullJob) {
            job.log.info(`${job.url} ${job.path} ${job.options['a']}`)
            await job.run('sub', () => {}).done
            job.publish([track]).write(frame)
          },
        }),
    })
    const [factory] = pullers.keys()
    expect([factory?.protocol, factory?.prefix, factory?.supports?.(new URL('x://h/'))]).toEqual(['x', 'x://h/', false])
    expect(host.info('p')).toMatchObject({ pullers: ['x://h/'], lastError: { message: 'odd URL', where: 'supports' } })
    const job = fakePullJob('x://h/y', { options: { a: 1 } })
    await factory?.pull(job)
    expect(job.log.lines.at(-1)?.msg).toBe('x://h/y y 1')
    expect(job.streams.publications[0]?.frames).toEqual([frame])
  })
})

describe('tasks', () => {
  it('restart, fail alone, and end with the plugin', async () => {
    let runs = 0
    const tasks: Task[] = []
    const { host } = await started('p', {
      start(ctx: PluginContext) {
        tasks.push(
          ctx.run(
            'again',
            () => {
              if (++runs < 3) throw new Error('again')
            },
            { restart: 'on-failure', backoff: { min: 1, max: 1 } },
          ),
        )
        tasks.push(ctx.run('lasting', ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))))
        tasks.push(ctx.run('broken', () => Promise.reject(new ShoalError('ERR_INTERNAL', 'broken'))))
      },
    })
    await tasks[0]?.done
    await expect(tasks[2]?.done).rejects.toThrow('broken')
    expect([runs, ...tasks.map(({ state }) => state)]).toEqual([3, 'done', 'running', 'failed'])
    expect(host.info('p').state).toBe('running')
    await host.stop()
    expect(tasks[1]?.state).toBe('stopped')
  })
})

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof ShoalError ? error.code : String(error)
  }
}

/** Every string that can be reached from `root` by reading properties. */
function reachable(root: unknown): string[] {
  const seen = new Set<unknown>()
  const strings: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value === 'string') strings.push(value)
    if (((typeof value !== 'object' || value === null) && typeof value !== 'function') || seen.has(value)) return
    seen.add(value)
    for (const key of Reflect.ownKeys(Object(value))) visit(Reflect.getOwnPropertyDescriptor(Object(value), key)?.value)
  }
  visit(root)
  return strings
}
