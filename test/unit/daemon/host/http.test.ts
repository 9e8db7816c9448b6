import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PluginRoutes } from '../../../../src/daemon/host/http.js'
import { splitPath } from '../../../../src/daemon/host/route-pattern.js'
import { ShoalError } from '../../../../src/errors.js'
import type { HttpRoute, MediaHandlers } from '../../../../src/plugin.js'

const handler = (): void => {}
const media: MediaHandlers = { http: handler }
const route = (method: HttpRoute['method'], path: string, extra: Partial<HttpRoute> = {}): HttpRoute => ({ method, path, handler, ...extra })
const invalid = expect.objectContaining({ code: 'ERR_PLUGIN_INVALID' })

function filled() {
  const routes = new PluginRoutes()
  routes.route('hello', route('GET', '/'))
  routes.route('hello', route('GET', '/items/:id', { public: true }))
  routes.route('hello', route('GET', '/items/first'))
  routes.route('hello', route('DELETE', '/items/:id'))
  routes.route('hello', route('GET', '/items/:id/parts/:part'))
  routes.raw('hello', 'GET', '/files/*', handler)
  routes.raw('hello', 'GET', '/files/:name/info', handler, { public: true })
  routes.websocket('hello', '/items/:id', handler)
  routes.media('http-flv', 'flv', { http: handler, websocket: handler })
  routes.media('hls', 'm3u8', media)
  return routes
}

/** What answers, in short. */
function found(routes: PluginRoutes, method: string, path: string, websocket = false): unknown {
  const match = routes.find(method, path, websocket)
  if (!match) return undefined
  const where = match.kind === 'json' ? match.route.path : match.kind === 'media' ? match.path : ''
  return [match.plugin, match.kind, where, match.params, match.public]
}

describe('find', () => {
  const rows: [string, string, boolean, unknown][] = [
    ['GET', '/hello', false, ['hello', 'json', '/', {}, false]],
    ['GET', '/hello/', false, ['hello', 'json', '/', {}, false]],
    ['HEAD', '/hello', false, ['hello', 'json', '/', {}, false]],
    ['GET', '/hello/items/7', false, ['hello', 'json', '/items/:id', { id: '7' }, true]],
    ['GET', '/hello/items/first', false, ['hello', 'json', '/items/first', {}, false]],
    ['DELETE', '/hello/items/first', false, ['hello', 'json', '/items/:id', { id: 'first' }, false]],
    ['GET', '/hello/items/a%20b%C3%A4', false, ['hello', 'json', '/items/:id', { id: 'a bä' }, true]],
    ['GET', '/hello/items/1/parts/2', false, ['hello', 'json', '/items/:id/parts/:part', { id: '1', part: '2' }, false]],
    ['GET', '/hello/files/a', false, ['hello', 'raw', '', { '*': 'a' }, false]],
    ['GET', '/hello/files/a/b/c', false, ['hello', 'raw', '', { '*': 'a/b/c' }, false]],
    ['GET', '/hello/files/a/info', false, ['hello', 'raw', '', { name: 'a' }, true]],
    ['GET', '/hello/files', false, undefined],
    ['GET', '/hello/files/', false, undefined],
    ['GET', '/hello/items/7', true, ['hello', 'websocket', '', { id: '7' }, false]],
    ['GET', '/hello/files/a', true, undefined],
    ['POST', '/hello/items/7', false, undefined],
    ['OPTIONS', '/hello/items/7', false, undefined],
    ['GET', '/other/items/7', false, undefined],
    ['GET', '/items/7', false, undefined],
    ['GET', '/', false, undefined],
    ['GET', '/a/b.flv', false, ['http-flv', 'media', 'a/b', {}, true]],
    ['HEAD', '/a/b.flv', false, ['http-flv', 'media', 'a/b', {}, true]],
    ['GET', '/a/b.flv', true, ['http-flv', 'media', 'a/b', {}, true]],
    ['POST', '/a/b.flv', false, undefined],
    ['GET', '/cam.flv', false, ['http-flv', 'media', 'cam', {}, true]],
    ['GET', '/cam.1.flv', false, ['http-flv', 'media', 'cam.1', {}, true]],
    ['GET', '/a%CC%88/b.flv', false, ['http-flv', 'media', '\u00e4/b', {}, true]],
    ['GET', '/a%23b.flv', false, undefined],
    ['GET', '/a%0ab.flv', false, undefined],
    ['GET', `/${'a'.repeat(256)}.flv`, false, undefined],
    ['GET', '/a/b.m3u8', false, ['hls', 'media', 'a/b', {}, true]],
    ['GET', '/a/b.m3u8', true, undefined],
    ['GET', '/a/b.FLV', false, undefined],
    ['GET', '/a/b.mp4', false, undefined],
    ['GET', '/a/.flv', false, undefined],
    ['GET', '/.flv', false, undefined],
    ['GET', '/a/b.', false, undefined],
    ['GET', '/a.flv/b', false, undefined],
    ['GET', '/a/b.flv/', false, undefined],
    // a stream may be named after a plugin; the plugin's own routes come first
    ['GET', '/hello/cam.flv', false, ['http-flv', 'media', 'hello/cam', {}, true]],
    ['GET', '/hello/files/cam.flv', false, ['hello', 'raw', '', { '*': 'cam.flv' }, false]],
  ]
  for (const [method, path, websocket, expected] of rows) {
    it(`${method} ${path}${websocket ? ' as WebSocket' : ''}`, () => expect(found(filled(), method, path, websocket)).toEqual(expected))
  }

  const traps = [
    '',
    'hello',
    '//hello',
    '/hello//items/7',
    '//a/b.flv',
    '/a//b.flv',
    '/hello/items//',
    '/hello/items/%',
    '/hello/items/%zz',
    '/hello/items/%ff',
  ]
  traps.push(
    '/hello/items/a%2fb',
    '/hello/items/a%2Fb',
    '/hello/files/%2e%2e/x',
    '/hello/files/../x',
    '/hello/files/./x',
    '/hello/files/..',
    '/x/../hello/items/7',
  )
  traps.push(
    '/a%2fb.flv',
    '/a/..%2fb.flv',
    '/../b.flv',
    '/a/%2e%2e/b.flv',
    '/hello/items/a%00',
    '/hello/items/a\0b',
    '/hello/items/a%5cb',
    '/hello/items/a\\b',
    `/hello/items/${'a'.repeat(5000)}`,
  )
  for (const path of traps) {
    it(`never matches ${JSON.stringify(path.slice(0, 40))}`, () => {
      for (const websocket of [false, true]) expect(filled().find('GET', path, websocket)).toBeUndefined()
      expect(filled().methods(path)).toEqual([])
    })
  }

  it('says which methods a path has', () => {
    expect(filled().methods('/hello/items/7')).toEqual(['GET', 'DELETE'])
    expect(filled().methods('/a/b.flv')).toEqual(['GET'])
    expect(filled().methods('/hello/none')).toEqual([])
  })

  it('never throws, and gives segments that are safe to join', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webPath(),
      fc.array(fc.constantFrom('/', '..', '.', '%2e', '%2f', '%', 'a', '\\', '%00', '.flv', 'hello', 'items')).map((parts) => `/${parts.join('')}`),
    )
    const routes = filled()
    fc.assert(
      fc.property(text, fc.boolean(), (path, websocket) => {
        const match = routes.find('GET', path, websocket)
        for (const segment of splitPath(path) ?? []) expect(/[/\\\0]/.test(segment) || segment === '.' || segment === '..').toBe(false)
        if (match?.kind === 'media') expect(match.path.split('/')).not.toContain('')
      }),
      { numRuns: 5000 },
    )
  })
})

describe('registering', () => {
  const paths = [
    '',
    'x',
    '../other/x',
    '/../other',
    '/a/../b',
    '/./a',
    '//',
    '/a//b',
    '/a/',
    '/a b',
    '/a%2fb',
    '/ä',
    '/:',
    '/:1',
    '/:a/:a',
    '/*',
    '/a*',
    '/*/b',
    '/a?b',
    '/a#b',
    `/${'a'.repeat(600)}`,
    '/a\n',
    '/:a-b',
    '/\\',
  ]
  for (const path of paths) {
    it(`refuses the JSON path ${JSON.stringify(path.slice(0, 30))}`, () => {
      const routes = new PluginRoutes()
      expect(() => routes.route('p', route('GET', path))).toThrow(invalid)
      expect(routes.list()).toEqual([])
    })
  }

  it('refuses wrong methods, handlers and extensions', () => {
    const routes = new PluginRoutes()
    const odd = (value: unknown) => value as never
    expect(() => routes.route('p', route(odd('PATCH'), '/x'))).toThrow(invalid)
    expect(() => routes.route('p', { ...route('GET', '/x'), handler: odd(7) })).toThrow(invalid)
    expect(() => routes.raw('p', 'GET', '/x', odd(undefined))).toThrow(invalid)
    expect(() => routes.raw('p', 'GET', odd(undefined), handler)).toThrow(invalid)
    expect(() => routes.websocket('p', '/x', odd({}))).toThrow(invalid)
    expect(() => routes.media('p', 'flv', odd({}))).toThrow(invalid)
    expect(() => routes.media('p', 'flv', odd({ http: handler, websocket: 1 }))).toThrow(invalid)
    for (const extension of ['', '.flv', 'FLV', 'a/b', 'a'.repeat(11), '..']) expect(() => routes.media('p', extension, media)).toThrow(invalid)
  })

  it('refuses a second route for the same paths, but not a WebSocket beside a GET, nor other plugins', () => {
    const routes = new PluginRoutes()
    routes.route('p', route('GET', '/a/:b'))
    expect(() => routes.route('p', route('GET', '/a/:c'))).toThrow(invalid)
    expect(() => routes.raw('p', 'GET', '/a/:c', handler)).toThrow(invalid)
    routes.route('p', route('POST', '/a/:c'))
    routes.websocket('p', '/a/:c', handler)
    expect(() => routes.websocket('p', '/a/:d', handler)).toThrow(invalid)
    routes.route('q', route('GET', '/a/:b'))
    expect(routes.list().length).toBe(4)
  })

  it('is undone one by one, and may then be done again', () => {
    const routes = new PluginRoutes()
    const undo = [
      routes.route('p', route('GET', '/a')),
      routes.raw('p', 'POST', '/a', handler),
      routes.websocket('p', '/a', handler),
      routes.media('p', 'flv', media),
    ]
    for (const one of undo) one()
    expect(routes.list()).toEqual([])
    expect([routes.find('GET', '/p/a', false), routes.find('GET', '/a.flv', false)]).toEqual([undefined, undefined])
    routes.route('p', route('GET', '/a'))
    undo[0]?.()
    expect(routes.list().length).toBe(1)
  })

  it('gives an extension to the first claim, shows the second, and promotes it when the first goes', () => {
    const routes = new PluginRoutes()
    const undo = routes.media('one', 'flv', media)
    routes.media('two', 'flv', media)
    expect(() => routes.media('two', 'flv', media)).toThrow(invalid)
    expect(found(routes, 'GET', '/a.flv')).toEqual(['one', 'media', 'a', {}, true])
    expect(routes.list().map(({ plugin, shadowedBy }) => [plugin, shadowedBy])).toEqual([
      ['one', undefined],
      ['two', 'one'],
    ])
    undo()
    expect(found(routes, 'GET', '/a.flv')).toEqual(['two', 'media', 'a', {}, true])
  })

  it('lists whole paths', () => {
    const rows = filled().list()
    expect(rows.map(({ method, path }) => `${method} ${path}`)).toContain('GET /hello/items/:id')
    expect(rows.find(({ path }) => path === '/*.flv')).toMatchObject({ plugin: 'http-flv', kind: 'media', public: true })
    expect(rows.find(({ path }) => path === '/hello/')).toMatchObject({ kind: 'json', route: { path: '/' } })
  })

  it('throws only ShoalErrors for any path', () => {
    fc.assert(
      fc.property(fc.anything(), (path) => {
        try {
          new PluginRoutes().raw('p', 'GET', path as string, handler)
        } catch (error) {
          expect(error).toBeInstanceOf(ShoalError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
