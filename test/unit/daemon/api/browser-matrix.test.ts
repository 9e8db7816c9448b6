/** What web pages, rebound names and forged headers may reach: kubo's t0401, tailscale's and syncthing's Host checks, Fetch Metadata. */

import type { IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doorOf, identify } from '../../../../src/daemon/api/auth.js'
import { codeOf, type RunningApi, raw, startApi, token } from './fixture.js'

let api: RunningApi
beforeAll(async () => {
  api = await startApi({ hosts: ['cams.example', '192.0.2.7'], origins: ['https://panel.example', 'http://localhost:3000'] })
  api.fake.routes.media('hls', 'flv', { http: (_, { response }) => void response.end('video') })
  api.fake.routes.raw('page', 'GET', '/', ({ response }) => void response.end('page'), { public: true })
})
afterAll(async () => api.close())

/** `PORT` stands for the server's own. */
async function send(path: string, lines: readonly string[], method = 'GET', body = ''): Promise<{ status: number; code: string | undefined; text: string }> {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const text = await raw(
    api,
    `${[`${method} ${path} HTTP/1.1`, ...lines, 'Connection: close', ...length].join('\r\n')}\r\n\r\n${body}`.replaceAll('PORT', String(api.tcp)),
  )
  return { status: Number(text.split(' ')[1] ?? 0), code: codeOf(text), text }
}

const own = 'Host: 127.0.0.1:PORT'
const bearer = `Authorization: Bearer ${token}`

describe('Host', () => {
  const good = [
    '127.0.0.1:PORT',
    '127.0.0.1',
    'localhost:PORT',
    'LocalHost',
    '[::1]:PORT',
    '127.0.0.2',
    '[::ffff:127.0.0.1]',
    'cams.example',
    'CAMS.example:443',
    '192.0.2.7:8180',
  ]
  it.each(good)('%s is answered', async (host) => expect((await send('/healthz', [`Host: ${host}`])).status).toBe(200))

  const bad = [
    ['of another site', 'evil.com'],
    ['that resolves to us', '127.0.0.1.nip.io'],
    ['that ends in a foreign name', 'localhost.evil.com'],
    ['that begins with a foreign name', 'evil.localhost'],
    ['with a trailing dot', 'localhost.'],
    ['below an allowed one', 'a.cams.example'],
    ['an address of somebody else', '192.0.2.8'],
    ['a shortened address', '127.1'],
    ['a decimal address', '2130706433'],
    ['a hexadecimal address', '0x7f.0.0.1'],
    ['the wildcard address', '0.0.0.0'],
    ['an octal address', '0177.0.0.1'],
    ['with user information', 'localhost@evil.com'],
    ['with a path', 'localhost/evil'],
    ['with port 0', 'localhost:0'],
    ['with a port too large', 'localhost:99999'],
    ['with a port that is none', 'localhost:80a'],
    ['with an unclosed bracket', '[::1'],
    ['with brackets around a name', '[localhost]'],
    ['an IPv6 address of somebody else', '[2001:db8::1]'],
    ['empty', ''],
    ['two in one', 'localhost, evil.com'],
    ['not ASCII', 'lоcalhost'],
  ] as const
  it.each(bad)('%s is refused', async (_, host) =>
    expect(await send('/healthz', [`Host: ${host}`, bearer])).toMatchObject({ status: 403, code: 'ERR_HOST_REFUSED' }),
  )

  it('missing is refused', async () => expect(await send('/healthz', [bearer])).toMatchObject({ status: 403, code: 'ERR_HOST_REFUSED' }))
  it('twice is refused, also when both are right', async () => expect(await send('/healthz', [own, own])).toMatchObject({ code: 'ERR_HOST_REFUSED' }))
  it('missing in HTTP/1.0 is refused', async () => expect(codeOf(await raw(api, 'GET /healthz HTTP/1.0\r\n\r\n'))).toBe('ERR_HOST_REFUSED'))
  it('is checked for media, pages and unknown paths', async () => {
    for (const path of ['/live/cam.flv', '/page/', '/nothing']) expect((await send(path, ['Host: evil.com'])).code, path).toBe('ERR_HOST_REFUSED')
  })
})

describe('pages', () => {
  const good: readonly (readonly [string, readonly string[]])[] = [
    ['no browser at all', []],
    ['our own page', ['Origin: http://127.0.0.1:PORT', 'Sec-Fetch-Site: same-origin']],
    ['our own page under localhost', ['Origin: http://localhost:PORT']],
    ['our own page over IPv6', ['Origin: http://[::1]:PORT']],
    ['our own page by its Referer', ['Referer: http://127.0.0.1:PORT/page/']],
    ['the address bar', ['Sec-Fetch-Site: none']],
    ['an allowed page', ['Origin: https://panel.example', 'Sec-Fetch-Site: cross-site']],
    ['an allowed page by its Referer', ['Referer: https://panel.example/x?y', 'Sec-Fetch-Site: cross-site']],
    ['an allowed page of another local port', ['Origin: http://localhost:3000', 'Sec-Fetch-Site: same-site']],
  ]
  it.each(good)('%s is answered', async (_, lines) => expect((await send('/api/status', [own, bearer, ...lines])).status).toBe(200))

  const bad: readonly (readonly [string, readonly string[]])[] = [
    ['a foreign page', ['Origin: https://evil.com']],
    ['a foreign page that says it is ours', ['Origin: https://evil.com', 'Sec-Fetch-Site: same-origin']],
    ['a sandboxed page', ['Origin: null']],
    ['a local page of another port', ['Origin: http://127.0.0.1:1']],
    ['a local page without port', ['Origin: http://localhost']],
    ['our address over TLS', ['Origin: https://127.0.0.1:PORT']],
    ['a name that begins like ours', ['Origin: http://127.0.0.1:PORT.evil.com']],
    ['user information that looks like us', ['Origin: http://127.0.0.1:PORT@evil.com']],
    ['an extension', ['Origin: chrome-extension://abc']],
    ['a file', ['Origin: file://']],
    ['below an allowed page', ['Origin: https://a.panel.example']],
    ['an allowed page on another port', ['Origin: https://panel.example:8443']],
    ['an allowed page without TLS', ['Origin: http://panel.example']],
    ['an origin that is none', ['Origin: evil']],
    ['an empty origin', ['Origin: ']],
    ['two origins', ['Origin: http://127.0.0.1:PORT', 'Origin: https://evil.com']],
    ['ours, but a foreign Referer', ['Origin: http://127.0.0.1:PORT', 'Referer: https://evil.com/']],
    ['a foreign Referer', ['Referer: https://evil.com/x']],
    ['a Referer that is none', ['Referer: evil']],
    ['an image or form of a foreign page', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors']],
    ['a link on a foreign page', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']],
    ['a page of another local port without Origin', ['Sec-Fetch-Site: same-site']],
    ['a Sec-Fetch-Site we do not know', ['Sec-Fetch-Site: maybe']],
    ['a foreign page that hides with two Sec-Fetch-Site', ['Sec-Fetch-Site: none', 'Sec-Fetch-Site: cross-site']],
  ]
  const paths = ['/api/status', '/live/cam.flv', '/page/']
  it.each(bad)('%s is refused on every route', async (_, lines) => {
    for (const path of paths) expect(await send(path, [own, bearer, ...lines]), path).toMatchObject({ status: 403, code: 'ERR_ORIGIN_REFUSED' })
  })

  it.each(bad)('%s may not open a WebSocket', async (_, lines) => {
    const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
    const text = await raw(
      api,
      `${['GET /live/cam.flv HTTP/1.1', own, 'Connection: Upgrade', ...upgrade, ...lines].join('\r\n')}\r\n\r\n`.replaceAll('PORT', String(api.tcp)),
      { end: true },
    )
    expect(codeOf(text)).toBe('ERR_ORIGIN_REFUSED')
  })

  it('of a foreign origin get no preflight', async () => {
    const answer = await send('/api/status', [own, 'Origin: https://evil.com', 'Access-Control-Request-Method: GET'], 'OPTIONS')
    expect(answer.code).toBe('ERR_ORIGIN_REFUSED')
    expect(answer.text.toLowerCase()).not.toContain('access-control-allow')
  })

  it('of an allowed origin get a preflight and may read the answer', async () => {
    const preflight = await send('/api/peers/attic', [own, 'Origin: https://panel.example', 'Access-Control-Request-Method: DELETE'], 'OPTIONS')
    expect(preflight.status).toBe(204)
    expect(preflight.text.toLowerCase()).toContain('access-control-allow-methods: get, delete')
    const answer = await send('/api/status', [own, bearer, 'Origin: https://panel.example'])
    expect(answer.text.toLowerCase()).toContain('access-control-allow-origin: https://panel.example')
    expect(answer.text.toLowerCase()).not.toContain('access-control-allow-credentials')
    expect((await send('/api/status', [own, bearer])).text.toLowerCase()).not.toContain('access-control-allow-origin')
  })

  it('cannot post with a simple content type', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'text/json',
      'application/json; charset=latin1',
    ]) {
      const answer = await send('/api/stop', [own, bearer, `Content-Type: ${type}`], 'POST', '{}')
      expect(answer, type).toMatchObject({ status: 400, code: 'ERR_REQUEST_INVALID' })
    }
    expect(api.fake.calls).toEqual([])
  })

  it('get no cookie', async () => expect((await send('/page/', [own])).text.toLowerCase()).not.toContain('set-cookie'))
})

describe('tokens', () => {
  const bad: readonly (readonly [string, string, readonly string[], string])[] = [
    ['none', '/api/status', [], 'ERR_UNAUTHENTICATED'],
    ['a wrong one', '/api/status', ['Authorization: Bearer wrong'], 'ERR_UNAUTHENTICATED'],
    ['another scheme', '/api/status', ['Authorization: Basic YTpi'], 'ERR_UNAUTHENTICATED'],
    ['an empty one', '/api/status', ['Authorization: Bearer '], 'ERR_UNAUTHENTICATED'],
    ['two headers', '/api/status', [bearer, bearer], 'ERR_UNAUTHENTICATED'],
    ['two in one header', '/api/status', [`${bearer}, Bearer x`], 'ERR_UNAUTHENTICATED'],
    ['one in the query of an API route', `/api/status?token=${token}`, [], 'ERR_UNAUTHENTICATED'],
    ['one in a cookie', '/api/status', [`Cookie: token=${token}`], 'ERR_UNAUTHENTICATED'],
    ['that of a viewer', '/api/status', ['Authorization: Bearer viewer'], 'ERR_FORBIDDEN'],
    ['a wrong one for media', '/live/cam.flv?token=wrong', [], 'ERR_UNAUTHENTICATED'],
    ['none for a private stream', '/private/cam.flv', [], 'ERR_UNAUTHENTICATED'],
    ["a viewer's for a private stream", '/private/cam.flv?token=viewer', [], 'ERR_FORBIDDEN'],
    ['a viewer that opens a way around', '/live/..%2Fprivate/cam.flv?token=viewer', [], 'ERR_ROUTE_UNKNOWN'],
  ]
  it.each(bad)('%s is refused', async (_, path, lines, code) => expect((await send(path, [own, ...lines])).code).toBe(code))

  it('in the query let players in, and the handler does not see them', async () => {
    api.fake.routes.raw('probe', 'GET', '/', ({ response, query, who }) => void response.end(JSON.stringify([query.toString(), who.kind])))
    expect((await send(`/probe/?token=${token}&a=1`, [own])).text).toContain('["a=1","owner"]')
    expect((await send(`/private/cam.flv?token=${token}`, [own])).text).toContain('video')
  })

  it('are not needed for media that anyone may read, nor for public pages', async () => {
    expect((await send('/live/cam.flv', [own])).status).toBe(200)
    expect((await send('/page/', [own])).status).toBe(200)
  })

  it('in a refusal come with a challenge', async () => expect((await send('/api/status', [own])).text.toLowerCase()).toContain('www-authenticate: bearer'))

  it('are not replaced by a connection that is gone: without addresses TCP is still TCP', async () => {
    const door = doorOf({ socket: {} } as unknown as IncomingMessage, 'tcp')
    expect(await identify(api.fake.guard, door, {})).toMatchObject({ kind: 'client', id: 'anonymous', local: false })
    expect(await identify(api.fake.guard, doorOf({ socket: {} } as unknown as IncomingMessage, 'socket'), {})).toMatchObject({ kind: 'owner' })
  })

  it('are never in the log', () => {
    expect(JSON.stringify(api.fake.serverLog.lines)).not.toContain(token)
    expect(api.fake.serverLog.lines.length).toBeGreaterThan(100)
  })
})
