/** Requests that are wrong, each with the code it must get. After all of them the server answers as before. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, codeOf, type RunningApi, raw, startApi, token } from './fixture.js'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
  const routes = api.fake.routes
  const number = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'], additionalProperties: false }
  routes.route('demo', { method: 'POST', path: '/items/:id', query: number, body: number, handler: ({ params, query, body }) => ({ params, query, body }) })
  routes.route('demo', { method: 'GET', path: '/throw', handler: () => Promise.reject(new Error('inner /etc/secret detail')) })
  routes.route('demo', { method: 'GET', path: '/odd', handler: () => Promise.reject('text') })
})
afterAll(async () => api.close())

const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const json = 'ERR_REQUEST_INVALID'

type Case = readonly [name: string, method: string, path: string, body: string | Uint8Array | undefined, code: string]
const cases: readonly Case[] = [
  ['an unknown path', 'GET', '/api/nothing', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['the root', 'GET', '/', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['another case', 'GET', '/API/status', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['a trailing slash', 'GET', '/api/status/', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['a double slash', 'GET', '//api/status', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['dots', 'GET', '/api/../api/status', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['escaped dots', 'GET', '/api/%2e%2e/status', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['a semicolon', 'GET', '/api/status;x=1', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['a plugin that is not there', 'GET', '/nobody/summary', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['a prototype as plugin', 'GET', '/__proto__/x', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['a constructor as plugin', 'GET', '/constructor/x', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['an extension nobody has', 'GET', '/live/cam.exe', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['the wrong method', 'PUT', '/api/status', undefined, 'ERR_METHOD_NOT_ALLOWED'],
  ['PATCH', 'PATCH', '/api/peers/attic', undefined, 'ERR_METHOD_NOT_ALLOWED'],
  ['TRACE', 'TRACE', '/api/status', undefined, 'ERR_METHOD_NOT_ALLOWED'],
  ['a plugin route by the wrong method', 'GET', '/demo/items/1', undefined, 'ERR_METHOD_NOT_ALLOWED'],
  ['a broken escape', 'GET', '/api/peers/%zz', undefined, json],
  ['half an escape', 'GET', '/api/peers/%a', undefined, json],
  ['an escaped NUL', 'GET', '/api/peers/a%00b', undefined, json],
  ['an escape that is no UTF-8', 'GET', '/api/peers/%ff', undefined, 'ERR_ROUTE_UNKNOWN'],
  ['a backslash', 'GET', '/api\\status', undefined, json],
  ['a fragment', 'GET', '/api/status#x', undefined, json],
  ['an absolute URL', 'GET', 'http://evil.com/api/status', undefined, json],
  ['a path too long', 'GET', `/${'a'.repeat(9000)}`, undefined, json],
  ['a parameter too long', 'GET', `/api/peers/${'a'.repeat(300)}`, undefined, json],
  ['a parameter far too long', 'GET', `/api/peers/${'a'.repeat(3000)}`, undefined, 'ERR_ROUTE_UNKNOWN'],
  ['an unknown query name', 'GET', '/api/status?verbose=1', undefined, json],
  ['a query name twice', 'GET', '/api/log?lines=1&lines=2', undefined, json],
  ['a query value of the wrong type', 'GET', '/api/log?lines=many', undefined, json],
  ['a query value out of range', 'GET', '/api/log?lines=0', undefined, json],
  ['a query value that is no whole number', 'GET', '/api/log?lines=1.5', undefined, json],
  ['infinity', 'GET', '/api/log?since=Infinity', undefined, json],
  ['an empty number', 'GET', '/api/log?lines=', undefined, json],
  ['a word that is none of those allowed', 'GET', '/api/log?level=loud', undefined, json],
  ['a flag that is none', 'DELETE', '/api/peers/attic?dryRun=perhaps', undefined, json],
  ['a topic that is none', 'GET', '/api/events?types=weather', undefined, json],
  ['too many topics', 'GET', '/api/events?types=log,log,log,log,log', undefined, json],
  ['a prototype in the query', 'GET', '/api/status?__proto__=1', undefined, json],
  ['too many query parts', 'GET', `/api/log?${'a=1&'.repeat(200)}`, undefined, json],
  ['a body where none is taken', 'POST', '/api/token/rotate', '{}', json],
  ['a body with GET', 'GET', '/api/status', '{}', json],
  ['no body where one is needed', 'POST', '/api/send', undefined, json],
  ['a body that is no JSON', 'POST', '/api/send', '{"peer":', json],
  ['a body of two values', 'POST', '/api/send', '{}{}', json],
  ['single quotes', 'POST', '/api/send', "{'peer':'a'}", json],
  ['NaN', 'POST', '/api/invites', '{"expires":NaN}', json],
  ['a list', 'POST', '/api/send', '[]', json],
  ['null', 'POST', '/api/send', 'null', json],
  ['text', 'POST', '/api/send', '"x"', json],
  ['a number', 'POST', '/api/send', '5', json],
  ['a missing key', 'POST', '/api/send', '{"peer":"attic"}', json],
  ['an unknown key', 'POST', '/api/invites', '{"expire":5}', json],
  ['a wrong type', 'POST', '/api/invites', '{"expires":"5000"}', json],
  ['too small a number', 'POST', '/api/invites', '{"expires":1}', json],
  ['too large a number', 'POST', '/api/invites', '{"expires":1e300}', json],
  ['an empty name', 'PUT', '/api/peers/attic/name', '{"name":""}', json],
  ['a name too long', 'PUT', '/api/peers/attic/name', `{"name":"${'a'.repeat(65)}"}`, json],
  ['a prototype in the body', 'POST', '/api/pulls', '{"url":"a:b","options":{"__proto__":{"x":1}}}', json],
  ['an escaped prototype in the body', 'POST', '/api/pulls', '{"url":"a:b","options":{"\\u005f_proto__":{"x":1}}}', json],
  ['a prototype at the top', 'POST', '/api/invites', '{"__proto__":{"expires":1}}', json],
  ['a constructor at the top', 'POST', '/api/invites', '{"constructor":{"prototype":{}}}', json],
  ['deep nesting', 'POST', '/api/pulls', `{"url":"a:b","options":{"x":${deep(40)}}}`, json],
  ['very deep nesting', 'POST', '/api/pulls', deep(100_000), json],
  ['bytes that are no UTF-8', 'POST', '/api/send', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), json],
  ['a body too large', 'POST', '/api/pulls', `{"url":"${'a'.repeat(1024 * 1024)}"}`, 'ERR_REQUEST_TOO_LARGE'],
  ['a payload too large', 'POST', '/api/send', `{"peer":"attic","kind":"a","body":"${'a'.repeat(1024 * 1024 + 1)}"}`, 'ERR_PAYLOAD_TOO_LARGE'],
  ['a payload body too large', 'POST', '/api/send', `{"peer":"attic","kind":"a","body":"${'a'.repeat(2 * 1024 * 1024)}"}`, 'ERR_REQUEST_TOO_LARGE'],
  ['base64 that is none', 'POST', '/api/send', '{"peer":"attic","kind":"a","body":"%%%","encoding":"base64"}', json],
  ['a peer that is not there', 'GET', '/api/peers/nobody', undefined, 'ERR_PEER_UNKNOWN'],
  ['a stream that is not there', 'GET', '/api/streams/live%2Fnone', undefined, 'ERR_STREAM_NOT_FOUND'],
  ['a plugin that is not there, by name', 'GET', '/api/plugins/nobody', undefined, 'ERR_PLUGIN_UNKNOWN'],
  ['a plugin called constructor', 'GET', '/api/plugins/constructor', undefined, 'ERR_PLUGIN_UNKNOWN'],
  ['a key that is not there', 'GET', '/api/config/values/http.prot', undefined, 'ERR_NOT_FOUND'],
  ['a key that is a prototype', 'GET', '/api/config/values/__proto__.x', undefined, 'ERR_NOT_FOUND'],
  ['a ticket that is not out', 'DELETE', '/api/invites/9', undefined, 'ERR_NOT_FOUND'],
  ['a push that is not there', 'DELETE', '/api/pushes/9', undefined, 'ERR_NOT_FOUND'],
  ['a pull to watch that is not there', 'GET', '/api/pulls/none/watch', undefined, 'ERR_NOT_FOUND'],
  ['a broken ticket', 'POST', '/api/join', '{"ticket":"broken"}', 'ERR_TICKET_INVALID'],
  ['a plugin route without its query', 'POST', '/demo/items/1', '{"n":1}', json],
  ['a plugin route with a wrong body', 'POST', '/demo/items/1?n=1', '{"n":0}', json],
  ['a plugin route without its body', 'POST', '/demo/items/1?n=1', undefined, json],
  ['a plugin that throws', 'GET', '/demo/throw', undefined, 'ERR_INTERNAL'],
  ['a plugin that throws text', 'GET', '/demo/odd', undefined, 'ERR_INTERNAL'],
]

describe('a bad request', () => {
  it.each(cases)('%s', async (_, method, path, body, code) => {
    const answer = await ask(api, method, path, body === undefined ? {} : { body })
    expect(answer.code, answer.text).toBe(code)
    const { error } = JSON.parse(answer.text) as { error: { message: string; hint?: string } }
    expect(error.message.length).toBeGreaterThan(5)
    expect(answer.text).not.toMatch(/inner|\bat .*:\d+:\d+|node_modules/)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  it('leaves the server well, and nothing happened', async () => {
    expect((await ask(api, 'GET', '/api/status')).status).toBe(200)
    expect(api.fake.calls).toEqual([])
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  it('is told all its problems at once, and what was meant', async () => {
    const answer = await ask(api, 'POST', '/api/send', { body: '{"peer":5,"knd":"a","timeout":0}' })
    const { error } = JSON.parse(answer.text) as { error: { data: { problems: { path: string; message: string }[] } } }
    expect(error.data.problems.map(({ path }) => path)).toEqual(['body.peer', 'body.knd', 'body.timeout', 'body.kind'])
    expect(error.data.problems[1]?.message).toContain('"kind"')
    expect((await ask(api, 'GET', '/api/peer')).text).toContain('Did you mean /api/peers')
    expect((await ask(api, 'PUT', '/api/status')).headers.allow).toBe('GET, HEAD, OPTIONS')
  })

  it('that fails inside is logged under the id of the answer', async () => {
    const answer = await ask(api, 'GET', '/demo/throw')
    const { id } = (JSON.parse(answer.text) as { error: { data: { id: string } } }).error.data
    const line = api.fake.serverLog.lines.find(({ fields }) => fields['id'] === id)
    expect(String(line?.fields['stack'])).toContain('inner /etc/secret detail')
  })
})

describe('bytes that are no good HTTP', () => {
  const head = `Host: localhost\r\nAuthorization: Bearer ${token}\r\n`
  const broken: readonly (readonly [string, string, string])[] = [
    ['no HTTP at all', 'hello\r\n\r\n', json],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', json],
    ['another version', `GET / HTTP/3.0\r\n${head}\r\n`, json],
    ['a space in the path', `GET /a b HTTP/1.1\r\n${head}\r\n`, json],
    ['two lengths', `POST /api/stop HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, json],
    ['length and chunks', `POST /api/stop HTTP/1.1\r\n${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, json],
    ['a negative length', `POST /api/stop HTTP/1.1\r\n${head}Content-Length: -1\r\n\r\n`, json],
    ['a chunk length that is none', `POST /api/stop HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, json],
    ['a header without a colon', `GET /healthz HTTP/1.1\r\n${head}nonsense\r\n\r\n`, json],
    ['a folded header', `GET /healthz HTTP/1.1\r\nHost:\r\n localhost\r\n\r\n`, json],
    ['a NUL in a header', `GET /healthz HTTP/1.1\r\n${head}X: a\0b\r\n\r\n`, json],
    ['a header too large', `GET /healthz HTTP/1.1\r\n${head}X: ${'a'.repeat(20_000)}\r\n\r\n`, 'ERR_REQUEST_TOO_LARGE'],
    ['too many headers', `GET /healthz HTTP/1.1\r\n${head}Connection: close\r\n${'X: 1\r\n'.repeat(500)}\r\n`, 'ERR_REQUEST_TOO_LARGE'],
    [
      'a compressed body',
      `POST /api/stop HTTP/1.1\r\n${head}Connection: close\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}`,
      json,
    ],
    [
      'a length beyond the limit',
      `POST /api/stop HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`,
      'ERR_REQUEST_TOO_LARGE',
    ],
    ['an upgrade to something else', `GET /healthz HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`, json],
    ['a WebSocket nobody serves', `GET /healthz HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, 'ERR_ROUTE_UNKNOWN'],
  ]
  it.each(broken)('%s', async (_, bytes, code) => expect(codeOf(await raw(api, Buffer.from(bytes, 'latin1')))).toBe(code))

  it('leave the server well', async () => expect((await ask(api, 'GET', '/healthz', { tcp: true })).status).toBe(200))
})
