/** Users with passwords over HTTP: players send Basic or put them into the query; no page of another origin can make them count. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ShoalError } from '../../../../src/errors.js'
import type { Credentials } from '../../../../src/services.js'
import { codeOf, type RunningApi, raw, startApi } from './fixture.js'

let api: RunningApi
let knowsUsers = true
let overrun = false
const shown: Credentials[] = []

beforeAll(async () => {
  api = await startApi({
    hosts: ['cams.example'],
    origins: ['https://panel.example'],
    guard: {
      passwords: () => knowsUsers,
      authenticate: async (credentials) => {
        shown.push(credentials)
        if (overrun) throw new ShoalError('ERR_LIMIT', 'Too many.', { data: { retryAfter: 7 } })
        const { user, password, token } = credentials
        if (user === undefined && token === undefined) return null
        if (password !== 'pass:word') return false
        return user === 'root' ? { kind: 'owner', id: 'root' } : { kind: 'client', id: String(user) }
      },
      allows: (who) => who.id !== 'anonymous' || 'Log in.',
    },
  })
  api.fake.routes.media('hls', 'flv', { http: (_, { response, query, who }) => void response.end(`${who.id} ${query}`) })
  api.fake.routes.raw('page', 'GET', '/', ({ response, who }) => void response.end(`page ${who.id}`))
})
afterAll(async () => api.close())

async function send(path: string, lines: readonly string[] = [], method = 'GET'): Promise<{ code: string | undefined; text: string }> {
  const text = await raw(
    api,
    `${[`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1:PORT', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`.replaceAll('PORT', String(api.tcp)),
  )
  return { code: codeOf(text), text }
}

const basic = (pair: string): string => `Authorization: Basic ${Buffer.from(pair).toString('base64')}`
const ann = basic('ann:pass:word')
const root = basic('root:pass:word')

describe('a password', () => {
  it.each([
    ['as Basic', '/live/cam.flv', [ann], 'ann '],
    ['as Basic in another case', '/live/cam.flv', [ann.replace('Basic', 'bASIC')], 'ann '],
    ['of letters beyond ASCII', '/live/cam.flv', [basic('änn:pass:word')], Buffer.from('änn ').toString('latin1')],
    ['in the query, which the plugin does not see', '/live/cam.flv?user=ann&pass=pass%3Aword&a=1', [], 'ann a=1'],
  ])('%s lets a player in', async (_, path, lines, answer) => expect((await send(path, lines)).text).toMatch(new RegExp(`\\r\\n\\r\\n.*${answer}`, 's')))

  it('shows where the client is', async () => {
    await send('/live/cam.flv', [ann])
    expect(shown.at(-1)).toEqual({ via: 'http', user: 'ann', password: 'pass:word', address: '127.0.0.1', local: true })
  })

  it.each([
    ['a wrong one', '/live/cam.flv', [basic('ann:wrong')], 'ERR_UNAUTHENTICATED'],
    ['none for a user in the query', '/live/cam.flv?user=ann', [], 'ERR_UNAUTHENTICATED'],
    ['no user', '/live/cam.flv', [basic(':pass:word')], 'ERR_UNAUTHENTICATED'],
    ['no colon', '/live/cam.flv', [basic('ann')], 'ERR_UNAUTHENTICATED'],
    ['no base64', '/live/cam.flv', ['Authorization: Basic %%%'], 'ERR_UNAUTHENTICATED'],
    ['two headers', '/live/cam.flv', [ann, ann], 'ERR_UNAUTHENTICATED'],
    ['a query of an API route', '/api/status?user=root&pass=pass%3Aword', [], 'ERR_UNAUTHENTICATED'],
    ["a user's on an API route", '/api/status', [ann], 'ERR_FORBIDDEN'],
  ])('is refused: %s', async (_, path, lines, code) => expect((await send(path, lines)).code).toBe(code))

  it('of an owner opens the API to programs and our own pages', async () => {
    expect((await send('/api/status', [root])).text).toContain('200 OK')
    expect((await send('/api/status', [root, 'Origin: http://127.0.0.1:PORT', 'Sec-Fetch-Site: same-origin'])).text).toContain('200 OK')
    expect((await send('/page/', [root, 'Sec-Fetch-Site: none'])).text).toContain('page root')
  })

  it.each([
    ['a listed origin', ['Origin: https://panel.example', 'Sec-Fetch-Site: cross-site']],
    ['a listed origin of a browser without fetch metadata', ['Origin: https://panel.example']],
    ['a listed referer', ['Referer: https://panel.example/page']],
    ['another name of this machine', ['Origin: http://localhost:PORT']],
    ['another site', ['Sec-Fetch-Site: same-site']],
    ['an origin that hides', ['Origin: null']],
    ['a foreign origin', ['Origin: https://evil.example']],
  ])('does not count for %s', async (_, lines) => {
    for (const [method, path] of [
      ['POST', '/api/stop'],
      ['GET', '/api/status'],
      ['GET', '/live/cam.flv'],
      ['GET', '/page/'],
    ] as const) {
      expect((await send(path, [root, ...lines], method)).code).toBe('ERR_ORIGIN_REFUSED')
    }
    expect(api.fake.calls.filter((call) => call.startsWith('stop'))).toEqual([])
  })

  it('is asked for where a player needs one, and only while somebody knows users', async () => {
    const media = (await send('/live/cam.flv')).text.toLowerCase()
    expect(media).toContain('www-authenticate: bearer realm="shoal"\r\n')
    expect(media).toContain('www-authenticate: basic realm="shoal", charset="utf-8"\r\n')
    expect((await send('/api/status')).text.toLowerCase()).not.toContain('www-authenticate: basic')
    knowsUsers = false
    expect((await send('/live/cam.flv')).text.toLowerCase()).not.toContain('www-authenticate: basic')
    knowsUsers = true
  })

  it('after too many wrong ones waits, and is told how long', async () => {
    overrun = true
    const { code, text } = await send('/live/cam.flv', [ann])
    overrun = false
    expect(code).toBe('ERR_LIMIT')
    expect(text.toLowerCase()).toContain('retry-after: 7')
    expect(text).toContain('429')
  })

  it('is never in the log', () => expect(JSON.stringify(api.fake.serverLog.lines)).not.toMatch(/pass:word|pass%3A|cGFzczp3b3Jk/))
})
