import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Output, type RouteId, requestPath, routeIds, routeOf } from '../../../../src/daemon/api/table.js'
import { checkValue } from '../../../../src/daemon/config/check.js'
import { schemaView } from '../../../../src/daemon/config/schema-walk.js'
import { ask, attic, type RunningApi, startApi, token } from './fixture.js'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => api.close())

/** Parts of a right request for each route that answers once. */
const requests: Partial<Record<RouteId, { params?: object; query?: object; body?: object }>> = {
  'invites.create': { body: { expires: 5000 } },
  'invites.remove': { params: { id: '1' } },
  'peers.info': { params: { peer: 'attic' } },
  'peers.forget': { params: { peer: 'attic' }, query: { dryRun: false } },
  'peers.block': { params: { peer: 'shed-id' } },
  'peers.unblock': { params: { peer: 'shed-id' } },
  'peers.rename': { params: { peer: 'attic' }, body: { name: 'loft' } },
  'pairing.open': { body: { time: 5000 } },
  'pairing.accept': { params: { peer: 'attic' }, body: { code: '123456' } },
  'pairing.reject': { params: { peer: 'attic' } },
  'streams.list': { query: { scope: 'all' } },
  'streams.info': { params: { path: 'live/cam' } },
  'streams.stop': { params: { path: 'live/cam' }, query: { reason: 'why not' } },
  'pulls.create': { body: { url: 'shoal://attic/live/cam', path: 'live/cam', onDemand: true, idleDelay: 5, options: { a: 1 } } },
  'pulls.remove': { params: { path: 'live/cam' } },
  'pushes.create': { body: { path: 'live/cam', url: 'rtmp://x/y' } },
  stop: { body: { reason: 'test' } },
  send: { body: { peer: 'attic', kind: 'a.b', body: 'hello', wantReply: true } },
  'plugins.info': { params: { name: 'monitor' } },
  'plugins.enable': { params: { name: 'monitor' } },
  'plugins.disable': { params: { name: 'monitor' }, query: { temporary: true } },
  'plugins.restart': { params: { name: 'monitor' } },
  'plugins.remove': { params: { name: 'hello' }, query: { force: true } },
  'portables.create': { body: { name: 'Mirror', file: 'file:///x.zip', shellParas: ['a'] } },
  'portables.get': { params: { name: 'Mirror' } },
  'portables.status': { params: { name: 'Mirror' } },
  'portables.update': { params: { name: 'Mirror' }, body: { file: 'file:///x.zip' } },
  'portables.delete': { params: { name: 'Mirror' }, query: { force: true } },
  'plugins.call': { params: { name: 'Mirror', function: 'echo' }, body: { args: [1] } },
  'config.get': { params: { key: 'http.port' } },
  'config.set': { params: { key: 'http.port' }, body: { value: 1 } },
  'log.tail': { query: { lines: 5, level: 'warn' } },
  'log.setLevel': { body: { module: 'swarm', level: 'debug' } },
}

async function call<Id extends RouteId>(id: Id, parts: { params?: object; query?: object; body?: object } = requests[id] ?? {}): Promise<Output<Id>> {
  const answer = await ask(api, routeOf(id).method, requestPath(id, parts), parts.body ? { body: JSON.stringify(parts.body) } : {})
  expect(answer.status, answer.text).toBe(routeOf(id).ekuiper?.status ?? 200)
  const isText = answer.headers['content-type']?.startsWith('text/plain')
  return (isText ? answer.text : JSON.parse(answer.text)) as Output<Id>
}

describe('every route that answers once', () => {
  const once = routeIds.filter((id) => !routeOf(id).stream && id !== 'pushes.remove')
  it.each(once)('%s answers in the shape of the table', async (id) => {
    const answer = await call(id)
    expect(checkValue(schemaView(routeOf(id).response), answer)).toEqual([])
  })

  it('and switches plugins as it is told', async () => {
    await call('plugins.disable', { params: { name: 'monitor' } })
    expect(api.fake.calls).toEqual(expect.arrayContaining(['disable monitor true', 'disable monitor false', 'enable monitor false', 'restart monitor']))
  })

  it('and ends a push by its id', async () => {
    const { pushes } = await call('pushes.list')
    await call('pushes.remove', { params: { id: pushes[0]?.id ?? '' } })
    expect(api.fake.calls).toContain('unpush live/cam shoal://attic/live/cam')
  })
})

describe('eKuiper’s routes', () => {
  it('answer in its words', async () => {
    expect(await call('portables.create')).toBe('portable plugin Mirror is created')
    expect(await call('portables.update')).toBe('portable plugin Mirror is updated')
    expect(await call('portables.delete')).toBe('portable plugin Mirror is deleted')
    expect(api.fake.calls).toEqual(expect.arrayContaining(['portable Mirror file:///x.zip true', 'remove portable Mirror true']))
    expect((await call('plugins.call')).result).toBe('Mirror echo Exec [1]')
    const broken = await ask(api, 'POST', '/plugins/portables', { body: JSON.stringify({ name: 'a', file: 'broken' }) })
    expect([broken.status, JSON.parse(broken.text)]).toEqual([400, { error: 1000, message: 'portable plugin create command error: missing language' }])
    const nobody = await ask(api, 'GET', '/plugins/portables/none')
    expect([nobody.status, JSON.parse(nobody.text)]).toEqual([404, { error: 1002, message: expect.stringContaining('There is no portable plugin none.') }])
    expect((await ask(api, 'GET', '/plugins/portables', { tcp: true })).code).toBe('ERR_UNAUTHENTICATED')
  })
})

describe('accepting a pairing', () => {
  it('says what came of it', async () => {
    expect(await call('pairing.accept')).toMatchObject({ state: 'paired' })
    const body = JSON.stringify({ code: '000000' })
    const answer = await ask(api, 'POST', requestPath('pairing.accept', { params: { peer: 'attic' } }), { body })
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([403, { error: { code: 'ERR_PAIRING_REJECTED' } }])
    expect(api.fake.calls).toContain('accept attic 123456')
  })
})

describe('the table', () => {
  it('has no path twice, a summary for each, and paths below /api but for the two checks and those of eKuiper', () => {
    const names = routeIds.map((id) => `${routeOf(id).method} ${routeOf(id).path}`)
    expect(new Set(names).size).toBe(names.length)
    expect(routeIds.filter((id) => routeOf(id).summary.length < 10)).toEqual([])
    const foreign = routeIds.filter((id) => routeOf(id).ekuiper)
    expect(foreign.every((id) => routeOf(id).path.startsWith('/plugins/portables'))).toBe(true)
    expect(routeIds.filter((id) => !routeOf(id).path.startsWith('/api/'))).toEqual(['health', 'ready', ...foreign])
    expect(routeIds.filter((id) => routeOf(id).access === 'public')).toEqual(['health', 'ready'])
  })

  it('loads no library and nothing of the daemon, because the command line reads it at every start', () => {
    const folder = join(import.meta.dirname, '..', '..', '..', '..', 'src', 'daemon', 'api')
    const files = readdirSync(folder).filter((name) => /^table.*\.ts$/.test(name))
    expect(files.length).toBeGreaterThan(5)
    for (const name of files) {
      const imports = readFileSync(join(folder, name), 'utf8').matchAll(/^import (?!type )[^;]*?from '([^']+)'/gm)
      for (const [, from] of imports) expect(from, name).toMatch(/^\.\/table[a-z-]*\.js$/)
    }
  })

  it('declares every parameter of a path and no other', () => {
    for (const id of routeIds) {
      const named = [...routeOf(id).path.matchAll(/:(\w+)/g)].map((match) => match[1])
      expect(Object.keys(schemaView(routeOf(id).params).properties ?? {}), id).toEqual(named)
    }
  })

  it('makes paths with escapes and queries', () => {
    expect(requestPath('streams.info', { params: { path: 'live/cäm?' } })).toBe('/api/streams/live%2Fc%C3%A4m%3F')
    expect(requestPath('events', { query: { types: ['log', 'peers'] } })).toBe('/api/events?types=log%2Cpeers')
    expect(requestPath('peers.forget', { params: { peer: 'a' }, query: { dryRun: undefined } })).toBe('/api/peers/a')
  })
})

describe('answers', () => {
  it('list local streams first and leave decoder data out', async () => {
    const { streams } = await call('streams.list')
    expect(streams.map(({ path, local, originName }) => [path, local, originName])).toEqual([
      ['live/cam', true, 'attic'],
      ['live/other', false, 'attic'],
    ])
    expect(streams[0]?.tracks[0]).toEqual({ id: 1, kind: 'video', codec: 'avc1.64001f', width: 640, height: 360 })
    expect((await call('streams.list', { query: { scope: 'local' } })).streams).toHaveLength(1)
  })

  it('dry-run a forget without forgetting', async () => {
    const report = await call('peers.forget', { params: { peer: attic }, query: { dryRun: true } })
    expect(report).toMatchObject({ forgot: false, dryRun: true, linksCut: 1, streamsCut: 1, plugins: [{ plugin: 'monitor', outcome: 'pending' }] })
  })

  it('say where a forget counts, and spread one that was for here alone', async () => {
    const here = await call('peers.forget', { params: { peer: attic }, query: { dryRun: true } })
    expect([here.scope, here.members]).toEqual(['here', []])
    const spread = await call('peers.forget', { params: { peer: 'cellar' }, query: { scope: 'cluster' } })
    expect(spread).toMatchObject({ forgot: true, peer: 'cellar-id', scope: 'cluster', linksCut: 0, members: [{ id: attic, name: 'attic', now: true }] })
    await expect(call('peers.forget', { params: { peer: 'cellar' } })).rejects.toThrow('forgotten already')
    expect((await call('peers.forgotten')).forgotten).toEqual([{ id: 'cellar-id', name: 'cellar', time: 1, scope: 'here', version: 2, applied: 1, members: 2 }])
  })

  it('carry payloads as text and as base64', async () => {
    const binary = Buffer.from([0, 255, 1]).toString('base64')
    const echo = await call('send', { body: { peer: 'attic', kind: 'a.b', body: binary, encoding: 'base64', wantReply: true } })
    expect(echo.reply).toEqual({ body: binary, encoding: 'base64' })
    expect((await call('send')).reply).toEqual({ body: 'hello', encoding: 'utf8' })
    const large = 'x'.repeat(1024 * 1024)
    const sent = await call('send', { body: { peer: 'attic', kind: 'a.b', body: Buffer.from(large).toString('base64'), encoding: 'base64' } })
    expect(sent.reply).toBeUndefined()
    expect(api.fake.calls).toContain(`send ${attic} a.b ${large.length}`)
  })

  it('say degraded when there are problems and tell a plugin that is shadowed', async () => {
    expect((await call('status')).state).toBe('running')
    expect((await call('plugins.list')).plugins[0]).toMatchObject({ kinds: ['a.b'], shadowed: [{ kind: 'c.d', by: 'other' }], faults: 3 })
  })

  it('take a change of the configuration back with null', async () => {
    await call('config.set', { params: { key: 'http.port' }, body: { value: null } })
    expect(api.fake.calls).toContain('set http.port undefined')
  })

  it('say 503 while the daemon is not ready', async () => {
    api.fake.state = 'starting'
    expect(await ask(api, 'GET', '/readyz')).toMatchObject({ status: 503, code: 'ERR_NOT_READY' })
    api.fake.state = 'running'
    expect(await ask(api, 'GET', '/readyz', { tcp: true })).toMatchObject({ status: 200 })
  })

  it('to HEAD have the length and no body', async () => {
    const get = await ask(api, 'GET', '/api/version', { tcp: true, bearer: token })
    const head = await ask(api, 'HEAD', '/api/version', { tcp: true, bearer: token })
    expect(head).toMatchObject({ status: 200, text: '' })
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
  })

  it('have security headers, also when they are errors', async () => {
    for (const path of ['/api/status', '/api/nothing']) {
      expect((await ask(api, 'GET', path)).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cache-control': 'no-store',
      })
    }
  })
})
