import { stat } from 'node:fs/promises'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { ShoalError } from '../../../../src/errors.js'
import { definePlugin, type Plugin } from '../../../../src/plugin.js'
import { delivered, forever, makeHost, probe } from './fixture.js'

/** A plugin that writes down what happens to it. */
function scribe(name: string, book: string[], extra: Partial<Plugin> = {}): Plugin {
  return {
    ...extra,
    name,
    async start(ctx) {
      book.push(`start ${name}`)
      await extra.start?.(ctx)
    },
    async shutdown() {
      book.push(`shutdown ${name}`)
      await extra.shutdown?.()
    },
  }
}

const allow = { allows: () => true }
const body = new Uint8Array([1, 2, 3])

describe('starting', () => {
  it('starts each plugin once, in the order of registration', async () => {
    const book: string[] = []
    const { host } = makeHost(['c', 'a', 'b'].map((name) => scribe(name, book)))
    await host.start()
    expect(book).toEqual(['start c', 'start a', 'start b'])
    expect(host.list().map(({ name, state }) => [name, state])).toEqual([
      ['c', 'running'],
      ['a', 'running'],
      ['b', 'running'],
    ])
  })

  it('starts providers before those who need them, in a phase of their own', async () => {
    const book: string[] = []
    const { host } = makeHost([
      scribe('plain', book),
      scribe('needs', book, { requires: ['permission'], provides: ['cache'], start: (ctx) => ctx.provide('cache', ctx.use('cache')) }),
      scribe('gives', book, { provides: ['permission'], start: (ctx) => ctx.provide('permission', allow) }),
    ])
    await host.startServices()
    expect(book).toEqual(['start gives', 'start needs'])
    await host.startPlugins()
    expect(book).toEqual(['start gives', 'start needs', 'start plain'])
  })

  it('names the circle when plugins need each other', () => {
    const a: Plugin = { name: 'a', provides: ['cache'], requires: ['permission'] }
    const b: Plugin = { name: 'b', provides: ['permission'], requires: ['cache'] }
    expect(() => makeHost([a, b])).toThrow(/a needs b needs a/)
  })

  it('refuses two providers of one slot and names both', () => {
    const give = (name: string): Plugin => ({ name, provides: ['permission'] })
    expect(() => makeHost([give('first'), give('second')])).toThrow(
      expect.objectContaining({ code: 'ERR_SLOT_CONFLICT', message: expect.stringMatching(/first and second.*permission/) }),
    )
  })

  it('lets a disabled provider be no conflict', async () => {
    const give: Plugin = { name: 'first', provides: ['permission'], start: (ctx) => ctx.provide('permission', allow) }
    const { host } = makeHost([give, { name: 'second', source: 'x', plugin: { ...give, name: 'second' }, enabled: false }])
    await host.start()
    expect(host.list().map(({ state, reason }) => [state, reason])).toEqual([
      ['running', undefined],
      ['disabled', 'It is disabled in the configuration.'],
    ])
  })

  it('fails a plugin that does not fill a slot it names', async () => {
    const { host, services } = makeHost([{ name: 'forgets', provides: ['cache'], start: () => {} }])
    await host.start()
    expect(host.info('forgets')).toMatchObject({ state: 'failed', reason: expect.stringContaining('cache'), lastError: { code: 'ERR_PLUGIN_INVALID' } })
    expect(await services.use('cache').get('x')).toBeUndefined()
  })

  it('fails a plugin whose needed slot nothing fills', async () => {
    const broken: Plugin = { name: 'broken', provides: ['storage'], start: () => Promise.reject(new Error('no disk')) }
    const { host } = makeHost([{ name: 'needs', requires: ['storage'] }, broken])
    await host.start()
    expect(host.info('needs')).toMatchObject({ state: 'failed', lastError: { code: 'ERR_SLOT_EMPTY' } })
  })

  it('makes a private folder for each plugin before it starts', async () => {
    const [a, b] = [probe('a'), probe('b')]
    const { host, home } = makeHost([a.plugin, b.plugin])
    await host.start()
    expect([a.ctx().dataDir, b.ctx().dataDir]).toEqual([`${home}/a`, `${home}/b`])
    expect((await stat(a.ctx().dataDir)).mode & 0o777).toBe(0o700)
  })

  it('gives service plugins the parts once they are connected', async () => {
    const service = probe('service', { provides: ['cache'], start: (ctx) => ctx.provide('cache', ctx.use('cache')) })
    const { host, parts } = makeHost([service.plugin], { connect: false })
    await host.startServices()
    expect(() => service.ctx().streams.list()).toThrow(/not there yet/)
    host.connect(parts)
    expect(service.ctx().streams.list()).toEqual([])
  })
})

describe('a start that fails', () => {
  const failures: [string, Partial<Plugin>][] = [
    ['throws', { start: () => void boom() }],
    ['rejects', { start: () => Promise.reject(new Error('boom')) }],
    ['hangs', { start: forever }],
  ]
  for (const [how, extra] of failures) {
    it(`${how}: the plugin is failed with a reason, the others run`, async () => {
      const bad = probe('bad', {
        async start(ctx) {
          ctx.http.route({ method: 'GET', path: '/x', handler: () => 1 })
          await extra.start?.(ctx)
        },
      })
      const { host, routes } = makeHost([bad.plugin, { name: 'good' }], { limits: { start: 500 } })
      await host.start()
      expect(host.info('bad')).toMatchObject({ state: 'failed', reason: expect.stringMatching(/boom|did not finish/), routes: [] })
      expect(host.info('good').state).toBe('running')
      expect(routes.list()).toEqual([])
      expect(() => bad.ctx().puller({ protocol: 'x', pull: forever })).toThrow(expect.objectContaining({ code: 'ERR_STOPPING' }))
    })
  }

  it('of a required plugin shuts the others down and names the plugin', async () => {
    const book: string[] = []
    const bad = { name: 'bad', source: 'test', required: true, plugin: scribe('bad', book, { start: () => Promise.reject(new Error('no camera')) }) }
    const { host } = makeHost([scribe('a', book), scribe('b', book), bad, scribe('never', book)])
    await expect(host.start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringMatching(/bad.*no camera/) })
    expect(book).toEqual(['start a', 'start b', 'start bad', 'shutdown b', 'shutdown a'])
    expect(host.list().map(({ state }) => state)).toEqual(['stopped', 'stopped', 'failed', 'created'])
  })

  it('leaves a slot that guards something closed', async () => {
    const { host, services } = makeHost([{ name: 'guard', provides: ['permission'], start: () => Promise.reject(new Error('no rules')) }])
    await host.start()
    const local = { kind: 'client', id: 'anonymous', local: true } as const
    expect(await services.permission.allows(local, { action: 'stream.read', target: 'x' })).toMatch(/guard/)
    expect(await services.permission.allows({ kind: 'owner', id: 'owner' }, { action: 'api.call', target: 'x' })).toBe(true)
  })
})

describe('loading', () => {
  const Config = Type.Object(
    { port: Type.Integer({ default: 7, maximum: 9 }), mode: Type.Union([Type.Literal('a'), Type.Literal('b')], { default: 'a' }) },
    { additionalProperties: false },
  )

  it('fills in defaults and freezes the configuration', async () => {
    const { plugin, ctx } = probe('p', { config: Config })
    const { host } = makeHost([{ name: 'p', source: 'test', plugin, config: { mode: 'b' } }])
    await host.start()
    expect(ctx().config).toEqual({ port: 7, mode: 'b' })
    expect(Object.isFrozen(ctx().config)).toBe(true)
  })

  it('disables a plugin with a wrong configuration, naming keys but no values, and stays up', async () => {
    const config = { prot: 'hunter2', port: 99, mode: 'hunter2' }
    const { host } = makeHost([{ name: 'p', source: 'test', plugin: { name: 'p', config: Config }, config }, { name: 'good' }])
    await host.start()
    const { state, reason, lastError } = host.info('p')
    expect([state, lastError?.code]).toEqual(['disabled', 'ERR_PLUGIN_CONFIG'])
    expect(reason).toMatch(/port must be <= 9/)
    expect(reason).toMatch(/prot is not a key it knows/)
    expect(reason).toMatch(/mode must be one of a, b/)
    expect(reason).not.toMatch(/hunter2/)
    expect(host.info('good').state).toBe('running')
  })

  it('fails what is not a plugin, and what could not be loaded, by name and source', async () => {
    const odd: unknown = { name: 'Bad Name' }
    const { host } = makeHost([
      { name: 'odd', source: './odd.js', plugin: odd as Plugin },
      { name: 'gone', source: 'gone', error: new ShoalError('ERR_PLUGIN_UNKNOWN', 'There is no plugin gone.') },
      { name: 'same', source: 'one' as const, plugin: { name: 'same' } },
      { name: 'same', source: 'two' as const, plugin: { name: 'same' } },
    ])
    await host.start()
    expect(host.list().map(({ state, source, lastError }) => [state, source, lastError?.code])).toEqual([
      ['failed', './odd.js', 'ERR_PLUGIN_INVALID'],
      ['failed', 'gone', 'ERR_PLUGIN_UNKNOWN'],
      ['running', 'one', undefined],
      ['failed', 'two', 'ERR_PLUGIN_INVALID'],
    ])
    expect(host.list()[3]?.reason).toMatch(/one.*two/)
  })

  it('ends the daemon when a required plugin could not be loaded', async () => {
    const { host } = makeHost([{ name: 'gone', source: 'gone', required: true, error: new ShoalError('ERR_PLUGIN_UNKNOWN', 'There is no plugin gone.') }])
    await expect(host.start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining('gone') })
  })

  it('ends the daemon when a required plugin is configured wrongly', async () => {
    const { host } = makeHost([{ name: 'p', source: 'test', required: true, plugin: { name: 'p', config: Config }, config: { port: 'x' } }])
    await expect(host.start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: expect.stringContaining('port') })
  })

  it('does not know plugins that do not exist', () => {
    const { host } = makeHost([{ name: 'a' }])
    expect(() => host.info('b')).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_UNKNOWN' }))
  })
})

describe('payloads', () => {
  const echo = (name: string, kinds: string[]): Plugin => ({
    name,
    payloadKinds: kinds,
    handlePayload: (src, kind) => new TextEncoder().encode(`${name} ${src} ${kind}`),
  })
  const text = async (reply: Promise<Uint8Array | undefined>) => new TextDecoder().decode(await reply)

  it('go to the first plugin that claims the kind, and the second claim is shown', async () => {
    const { host, claims, log } = makeHost([echo('one', ['k', 'x']), echo('two', ['k', 'y'])])
    await host.start()
    expect(Object.fromEntries(claims)).toEqual({ k: 'one', x: 'one', y: 'two' })
    expect(await text(delivered(host, 'one', 'peer', 'k', body))).toBe('one peer k')
    await expect(delivered(host, 'two', 'peer', 'k', body)).rejects.toMatchObject({ code: 'ERR_KIND_UNCLAIMED' })
    expect(host.info('two').kinds).toEqual([{ kind: 'k', shadowedBy: 'one' }, { kind: 'y' }])
    expect(log.lines.find(({ fields }) => fields['shadowed'] === 'two')?.fields).toMatchObject({ kind: 'k', winner: 'one' })
    expect(host.kinds()).toEqual(['k', 'x', 'y'])
  })

  it('follow the order of registration, not that of start, and pass over a plugin that failed', async () => {
    const service: Plugin = { ...echo('service', ['k']), provides: ['cache'], start: (ctx) => ctx.provide('cache', ctx.use('cache')) }
    const { host } = makeHost([{ ...echo('failed', ['k']), start: () => boom() }, echo('first', ['k']), service])
    await host.start()
    expect(await text(delivered(host, 'first', 'p', 'k', body))).toBe('first p k')
  })

  it('do not arrive before every plugin has started', async () => {
    const early: unknown[] = []
    const { host } = makeHost([
      echo('one', ['k']),
      { name: 'two', start: async () => void early.push(await delivered(host, 'one', 'p', 'k', body).catch((error) => error.code)) },
    ])
    await host.start()
    expect(early).toEqual(['ERR_KIND_UNCLAIMED'])
    expect(await text(delivered(host, 'one', 'p', 'k', body))).toBe('one p k')
  })

  it('that are rejected reach the sender with the reason and are counted; the next one is handled', async () => {
    let calls = 0
    const moody: Plugin = { name: 'moody', payloadKinds: ['k'], handlePayload: () => (calls++ === 0 ? boom() : new Uint8Array([calls])) }
    const { host } = makeHost([moody])
    await host.start()
    await expect(delivered(host, 'moody', 'p', 'k', body)).rejects.toMatchObject({ code: 'ERR_PAYLOAD_REJECTED', message: expect.stringContaining('boom') })
    expect(await delivered(host, 'moody', 'p', 'k', body)).toEqual(new Uint8Array([2]))
    expect(host.info('moody')).toMatchObject({ counters: { errors: 1, timeouts: 0, payloads: 2 }, lastError: { where: 'handlePayload', message: 'boom' } })
  })

  it('that hang end with the plugin: nothing waits for them after a stop', async () => {
    const hanging = { name: 'hangs', payloadKinds: ['hang'], handlePayload: forever, onPeerForgotten: forever }
    const { host } = makeHost([hanging], { limits: { call: 60_000, forgotten: 60_000 } })
    await host.start()
    const delivery = delivered(host, 'hangs', 'peer', 'hang', body).catch((error: unknown) => error)
    const told = host.tellForgotten('peer')
    await host.stop()
    expect(await delivery).toMatchObject({ code: 'ERR_STOPPING' })
    expect(await told).toMatchObject([{ plugin: 'hangs', outcome: 'failed' }])
    expect(host.info('hangs').counters.errors).toBe(1)
  })

  it('that hang end with ERR_TIMEOUT and stall nobody else', async () => {
    const { host } = makeHost([{ name: 'slow', payloadKinds: ['slow'], handlePayload: forever }, echo('quick', ['quick'])])
    await host.start()
    const hung = delivered(host, 'slow', 'p', 'slow', body)
    expect(await text(delivered(host, 'quick', 'p', 'quick', body))).toBe('quick p quick')
    await expect(hung).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(host.info('slow').counters).toMatchObject({ timeouts: 1, errors: 0 })
  })

  it('may be answered with bytes or nothing only', async () => {
    const odd: unknown = () => 'text'
    const { host } = makeHost([
      { name: 'odd', payloadKinds: ['odd'], handlePayload: odd as () => undefined },
      { name: 'mute', payloadKinds: ['mute'], handlePayload: () => {} },
    ])
    await host.start()
    await expect(delivered(host, 'odd', 'p', 'odd', body)).rejects.toMatchObject({ code: 'ERR_PAYLOAD_REJECTED' })
    expect(await delivered(host, 'mute', 'p', 'mute', body)).toBeUndefined()
  })
})

describe('a forgotten peer', () => {
  it('is told to all at once, each within its own limit, with every outcome', async () => {
    const told: string[] = []
    const hang = (name: string) => () => {
      told.push(name)
      return forever()
    }
    const names = Array.from({ length: 10 }, (_, at) => `hangs-${at}`)
    const { host } = makeHost([
      ...names.map((name) => ({ name, onPeerForgotten: hang(name) })),
      { name: 'throws', onPeerForgotten: () => void boom() },
      { name: 'good', onPeerForgotten: (peer) => void told.push(peer) },
      { name: 'has-none' },
    ])
    await host.start()
    const telling = host.tellForgotten('peer')
    expect(told).toEqual([...names, 'peer'])
    const outcomes = await telling
    expect(outcomes.map(({ plugin, outcome, error }) => [plugin, outcome, error])).toEqual([
      ...names.map((name) => [name, 'timeout', expect.stringContaining('did not finish')]),
      ['throws', 'failed', 'boom'],
      ['good', 'ok', undefined],
    ])
  })
})

describe('stopping', () => {
  it('shuts down once, in reverse order, signals still live, then aborts and awaits tasks', async () => {
    const book: string[] = []
    const a = probe('a', {
      start: (ctx) => {
        ctx.run('work', async ({ signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          book.push('a task ended')
        })
      },
      shutdown: () => void book.push(`shutdown a, aborted ${a.ctx().signal.aborted}`),
    })
    const b = probe('b', { shutdown: () => void book.push(`shutdown b, aborted ${a.ctx().signal.aborted}`) })
    const { host } = makeHost([a.plugin, b.plugin])
    await host.start()
    expect(await Promise.all([host.stop(), host.stop()])).toEqual(Array(2).fill(expect.objectContaining({ hung: [], tasks: [] })))
    expect(book).toEqual(['shutdown b, aborted false', 'shutdown a, aborted false', 'a task ended'])
    expect(host.list().map(({ state }) => state)).toEqual(['stopped', 'stopped'])
  })

  it('cuts a shutdown that hangs, within the total limit, and reports it', async () => {
    const book: string[] = []
    const names = Array.from({ length: 100 }, (_, at) => `hangs-${at}`)
    const hanging = names.map((name) => scribe(name, book, { shutdown: forever }))
    const limits = { shutdown: 100, shutdowns: 250 }
    const { host } = makeHost([scribe('good', book), ...hanging, { name: 'throws', shutdown: () => void boom() }], { limits })
    await host.start()
    const began = performance.now()
    const report = await host.stop()
    // one after the other they would take 10 s
    expect(performance.now() - began).toBeLessThan(5000)
    const reversed = names.toReversed()
    expect(report.hung).toEqual(reversed)
    expect(report.plugins.map(({ plugin, outcome }) => [plugin, outcome])).toEqual([
      ['throws', 'failed'],
      ...reversed.map((name) => [name, 'hung']),
      ['good', 'ok'],
    ])
    expect(book.slice(names.length + 1)).toEqual([...reversed, 'good'].map((name) => `shutdown ${name}`))
  })

  it('names tasks that do not end', async () => {
    const { host } = makeHost([{ name: 'p', start: (ctx) => void ctx.run('stubborn', forever) }])
    await host.start()
    expect((await host.stop()).tasks).toEqual(['p/stubborn'])
  })

  it('undoes everything that was registered', async () => {
    const busy = probe('busy', {
      payloadKinds: ['k'],
      handlePayload: () => {},
      provides: ['authentication'],
      start: (ctx) => {
        ctx.provide('authentication', { authenticate: async () => null })
        ctx.http.route({ method: 'GET', path: '/x', handler: () => 1 })
        ctx.http.raw('GET', '/raw', () => {})
        ctx.http.websocket('/ws', () => {})
        ctx.http.media('flv', { http: () => {} })
        ctx.puller({ protocol: 'x', pull: forever })
        ctx.pusher({ protocol: 'x', push: forever })
        ctx.streams.publish('a/b', [{ id: 1, kind: 'data', codec: 'text' }])
        ctx.streams.pull('x://host/p')
        ctx.run('work', ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })))
      },
    })
    const { host, routes, pullers, pushers, claims, streams, services } = makeHost([busy.plugin])
    await host.start()
    expect(host.info('busy')).toMatchObject({ pullers: ['x:'], pushers: ['x:'], tasks: [{ name: 'work' }] })
    expect(host.info('busy').routes).toEqual(['GET /busy/x', 'GET /busy/raw', 'WS /busy/ws', 'GET /*.flv'])
    expect(host.tasks()).toMatchObject([{ name: 'busy', state: 'running', children: [{ name: 'work', state: 'running' }] }])
    expect([pullers.size, pushers.size, claims.size, streams.open.publications]).toEqual([1, 1, 1, 1])
    await host.stop()
    expect([routes.list(), pullers.size, pushers.size, claims.size, host.tasks()]).toEqual([[], 0, 0, 0, []])
    expect(streams.open).toEqual({ publications: 0, subscriptions: 0, listeners: 0 })
    expect(streams.pulls.map(({ state, owner }) => [state, owner])).toEqual([['stopped', 'busy']])
    expect(services.list().find(({ slot }) => slot === 'authentication')?.providers).toEqual([])
  })

  it('while plugins start cuts the start short', async () => {
    const book: string[] = []
    const { host } = makeHost([scribe('a', book), scribe('slow', book, { start: forever }), scribe('never', book)], { limits: { start: 60_000 } })
    const starting = host.start()
    while (!book.includes('start slow')) await new Promise((resolve) => setTimeout(resolve, 1))
    await host.stop()
    await expect(starting).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    expect(book).toEqual(['start a', 'start slow', 'shutdown a'])
    expect(host.list().map(({ state }) => state)).toEqual(['stopped', 'stopped', 'created'])
  })
})

it('accepts what definePlugin gives, with the type of its config', async () => {
  const typed = definePlugin<{ port: number }>({
    name: 'typed',
    config: Type.Object({ port: Type.Integer({ default: 1 }) }),
    start: (ctx) => void ctx.log.info('port', { port: ctx.config.port }),
  })
  const { host, log } = makeHost([typed])
  await host.start()
  expect(log.lines.find(({ msg }) => msg === 'port')?.fields).toEqual({ port: 1 })
})

function boom(): never {
  throw new Error('boom')
}
