/** D13: plugins that throw, reject, hang, lie or flood in each callback. After each, the daemon and the other plugin work. */

import { afterEach, describe, expect, it } from 'vitest'
import type { Plugin, PluginContext } from '../../../../src/plugin.js'
import { delivered, forever, makeHost, quick } from './fixture.js'

const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))
process.on('uncaughtException', (error) => unhandled.push(error))
// rejections are reported a turn of the loop later
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve))
  expect(unhandled.splice(0)).toEqual([])
})

const body = new Uint8Array([1])
const nasty: unknown = Object.defineProperty({}, 'message', { get: () => boom() })
const noText: unknown = Object.create(null)

/** Every way in which a call can go wrong. */
const faults: Record<string, () => unknown> = {
  throws: boom,
  rejects: () => Promise.reject(new Error('boom')),
  'rejects late': () => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), quick.call + 40)),
  hangs: forever,
  'throws undefined': () => raise(undefined),
  'throws null': () => raise(null),
  'throws what cannot be looked at': () => raise(nasty),
  'throws what cannot be printed': () => raise(noText),
  'throws a huge message': () => raise(new Error('x'.repeat(10_000_000))),
  'throws itself in a circle': () => raise(Object.assign(new Error('x'), { cause: new Error('y', { cause: globalThis }) })),
  'gives a thenable that throws': () => Object.defineProperty({}, 'then', { get: () => boom() }),
  'gives a thenable that never calls back': () => thenable(() => {}),
  'gives a thenable that calls back twice': () =>
    thenable((resolve: () => void, reject: (error: unknown) => void) => {
      resolve()
      reject(new Error('twice'))
    }),
  'gives an object': () => ({ odd: true }),
  'recurses for ever': function deep(): unknown {
    return [deep()]
  },
}
const callbacks = ['start', 'handlePayload', 'onPeerForgotten', 'shutdown'] as const

for (const [how, fault] of Object.entries(faults)) {
  describe(`a plugin that ${how}`, () => {
    for (const callback of callbacks) {
      it(`in ${callback} harms nobody else`, async () => {
        const call: unknown = fault
        const bad: Plugin = { name: 'bad', payloadKinds: ['bad'], handlePayload: () => {}, [callback]: call }
        await expectContained(bad)
      })
    }
  })
}

describe('a plugin object', () => {
  it('whose members throw when they are read is refused', async () => {
    for (const member of ['name', 'info', 'payloadKinds', 'config', 'provides', 'requires', 'start']) {
      const odd: unknown = Object.defineProperty({ name: 'odd' }, member, { get: boom })
      const { host } = makeHost([{ name: 'odd', source: 'test', plugin: odd as Plugin }, { name: 'good' }])
      await host.start()
      expect([member, ...host.list().map(({ name, state }) => `${name} ${state}`)]).toEqual([member, 'odd failed', 'good running'])
    }
  })
})

describe('a plugin that uses its context badly', () => {
  const misuse: Record<string, (ctx: PluginContext) => unknown> = {
    'ignores rejections': (ctx) => {
      void ctx.store.get('')
      void ctx.store.set('x', new Uint8Array(2 ** 21))
      void ctx.streams.subscribe('no/such')
      void ctx.node.sign(raw('not bytes'))
      void ctx.use('storage').open('x').get('')
    },
    'has tasks that fail and nobody awaits': (ctx) => {
      ctx.run('fails', () => boom())
      ctx.run('rejects', async () => boom())
      ctx.run('nested', ({ run: _, ...scope }) => void scope) // a scope that was taken apart
      ctx.run('deep', (scope) => void scope.run('deeper', async () => boom()))
      ctx.run('restarts', boom, { restart: 'always', backoff: { min: 1, max: 1 }, maxRetries: 5 })
    },
    'logs what cannot be read': (ctx) => {
      ctx.log.info('x', Object.defineProperty({}, 'x', { get: boom, enumerable: true }))
      ctx.log.error(raw(undefined))
    },
    'registers nonsense and catches it': (ctx) => {
      for (const odd of [undefined, null, 7, 'x', {}, { protocol: 'x' }, { protocol: 'X Y', pull: forever }, { protocol: 'x', pull: forever, supports: 1 }]) {
        for (const act of [
          () => ctx.puller(raw(odd)),
          () => ctx.pusher(raw(odd)),
          () => ctx.http.route(raw(odd)),
          () => ctx.http.media('flv', raw(odd)),
          () => ctx.provide('cache', raw(odd)),
        ]) {
          expect(act).toThrow()
        }
      }
    },
  }
  for (const [how, act] of Object.entries(misuse)) {
    it(`${how} harms nobody else`, async () => {
      await expectContained({ name: 'bad', payloadKinds: ['bad'], handlePayload: () => {}, start: (ctx) => void act(ctx) })
    })
  }
})

describe('a plugin that floods', () => {
  const floods: Record<string, (ctx: PluginContext, at: number) => void> = {
    routes: (ctx, at) => ctx.http.route({ method: 'GET', path: `/r${at}`, handler: () => 1 }),
    pullers: (ctx, at) => ctx.puller({ protocol: `p${at}`, pull: forever }),
    pushers: (ctx, at) => ctx.pusher({ protocol: `p${at}`, push: forever }),
    tasks: (ctx, at) => void ctx.run(`t${at}`, ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))),
    pulls: (ctx, at) => void ctx.streams.pull(`x://host/${at}`),
  }
  for (const [what, add] of Object.entries(floods)) {
    it(`${what} is refused with ERR_LIMIT above the limit`, async () => {
      let added = 0
      const flood = {
        name: 'flood',
        start(ctx: PluginContext) {
          for (let at = 0; at < 2000; at++, added++) add(ctx, at)
        },
      }
      const { host } = makeHost([flood, { name: 'good' }], { limits: { registrations: 100 } })
      await host.start()
      expect(added).toBe(what === 'tasks' ? 1000 : 100)
      expect(host.info('flood')).toMatchObject({ state: 'failed', lastError: { code: 'ERR_LIMIT' }, routes: [], pullers: [], pushers: [], tasks: [] })
      expect(host.info('good').state).toBe('running')
    })
  }

  it('tasks within tasks counts them all, and those that ended no more', async () => {
    const codes: unknown[] = []
    const { host } = makeHost(
      [
        {
          name: 'nest',
          async start(ctx) {
            for (let at = 0; at < 50; at++) await ctx.run('short', () => {}).done
            const outer = ctx.run('outer', (scope) => {
              for (let at = 0; at < 20; at++) {
                try {
                  scope.run(`inner ${at}`, ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })))
                } catch (error) {
                  codes.push(error)
                }
              }
            })
            await outer.done
          },
        },
      ],
      { limits: { registrations: 1 } },
    )
    await host.start()
    expect(codes.length).toBe(11)
    expect(codes).toEqual(Array(11).fill(expect.objectContaining({ code: 'ERR_LIMIT' })))
  })

  it('kinds is refused', async () => {
    const payloadKinds = Array.from({ length: 1001 }, (_, at) => `k${at}`)
    const { host } = makeHost([{ name: 'flood', payloadKinds, handlePayload: () => {} }])
    await host.start()
    expect(host.info('flood')).toMatchObject({ state: 'failed', lastError: { code: 'ERR_PLUGIN_INVALID' } })
  })

  it('log lines loses the rest, which is counted and said once', async () => {
    const { host, log, lines } = makeHost([
      {
        name: 'chatty',
        start(ctx) {
          for (let at = 0; at < 5000; at++) ctx.log.info('blah')
          const line = { level: 'info', time: 0, module: 'x', msg: 'x', fields: {} } as const
          for (let at = 0; at < 5000; at++) ctx.use('logger').write(line)
        },
      },
    ])
    await host.start()
    const written = log.lines.filter(({ msg }) => msg === 'blah').length
    // a loop of this length may outlast a few refills of the bucket
    expect(written).toBeGreaterThanOrEqual(1000)
    expect(written).toBeLessThan(2000)
    expect(lines.length).toBeLessThan(2000)
    expect(host.info('chatty').counters.droppedLogLines).toBe(10_000 - written - lines.length)
    expect(log.lines.filter(({ msg }) => msg.startsWith('too many log lines')).length).toBe(1)
  })
})

/** Runs `bad` through its whole life beside a good plugin, which must not notice. */
async function expectContained(bad: Plugin): Promise<void> {
  const book: string[] = []
  const good: Plugin = {
    name: 'good',
    payloadKinds: ['good'],
    handlePayload: (_, __, bytes) => bytes,
    onPeerForgotten: () => void book.push('forgotten'),
    shutdown: () => void book.push('shutdown'),
  }
  // long enough for the folders of both to be made on a busy machine
  const { host } = makeHost([bad, good], { limits: { start: 500 } })
  await host.start()
  const hung = delivered(host, 'bad', 'p', 'bad', body).catch((error) => error.code)
  expect(await delivered(host, 'good', 'p', 'good', body)).toEqual(body)
  expect(await hung).toBeOneOf([undefined, 'ERR_PAYLOAD_REJECTED', 'ERR_TIMEOUT', 'ERR_KIND_UNCLAIMED'])
  const outcomes = await host.tellForgotten('peer')
  expect(outcomes.find(({ plugin }) => plugin === 'good')?.outcome).toBe('ok')
  expect(JSON.stringify(host.list()).length).toBeLessThan(10_000)
  await host.stop()
  expect(book).toEqual(['forgotten', 'shutdown'])
  expect(host.info('bad').state).toBeOneOf(['stopped', 'failed'])
}

function thenable(then: unknown): unknown {
  return Object.fromEntries([['then', then]])
}

function raw<T>(value: unknown): T {
  return value as T
}

function raise(value: unknown): never {
  throw value
}

function boom(): never {
  throw new Error('boom')
}
