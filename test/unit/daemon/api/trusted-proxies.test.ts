/** Where a client is, behind proxies that are trusted, and behind those that are not. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Credentials } from '../../../../src/services.js'
import { codeOf, type RunningApi, raw, startApi } from './fixture.js'

let api: RunningApi
let proxies: readonly string[] = []
const seen: Credentials[] = []

beforeAll(async () => {
  const guard = {
    authenticate: async (credentials: Credentials) => {
      seen.push(credentials)
      return null
    },
    allows: async () => true as const,
  }
  api = await startApi({ guard, proxies: () => proxies })
  api.fake.routes.media('hls', 'flv', { http: (_, { response, who }) => void response.end(`${who.address}`) })
})
afterAll(() => api.close())

/** What the daemon answers to a player whose request came through `forwarded`; and where it sees the player. */
async function play(
  ...forwarded: readonly string[]
): Promise<{ code: string | undefined; place: { address: string | undefined; local: boolean | undefined } | undefined }> {
  seen.length = 0
  const lines = ['GET /live/cam.flv HTTP/1.1', `Host: 127.0.0.1:${api.tcp}`, ...forwarded.map((value) => `X-Forwarded-For: ${value}`), 'Connection: close']
  const code = codeOf(await raw(api, `${lines.join('\r\n')}\r\n\r\n`))
  const [last] = seen
  return { code, place: last && { address: last.address, local: last.local } }
}

describe('X-Forwarded-For', () => {
  it('is not read from whom the configuration does not list', async () => {
    for (const listed of [[], ['10.0.0.0/8', '::1', '999.1.1.1', '::::']]) {
      proxies = listed
      expect((await play('203.0.113.9')).place).toEqual({ address: '127.0.0.1', local: true })
    }
  })

  it.each([
    ['nothing', [], '127.0.0.1', true],
    ['an address', ['203.0.113.9'], '203.0.113.9', false],
    ['a port', ['203.0.113.9:4711'], '203.0.113.9', false],
    ['IPv6', ['[2001:DB8::0:1]:4711'], '2001:db8::1', false],
    ['IPv4 in the dress of IPv6', ['::ffff:203.0.113.9'], '203.0.113.9', false],
    ['what a client invented before it', ['127.0.0.1, 203.0.113.9'], '203.0.113.9', false],
    ['what a client invented, in a header of its own', ['127.0.0.1', 'nonsense, 203.0.113.9'], '203.0.113.9', false],
    ['a second proxy that is listed', ['127.0.0.1, 203.0.113.9, 10.1.2.3'], '203.0.113.9', false],
    ['a second proxy that is not', ['203.0.113.9, 192.0.2.1'], '192.0.2.1', false],
    ['gaps', [' , 203.0.113.9 ,'], '203.0.113.9', false],
  ])('of a listed proxy tells where the client is: %s', async (_, forwarded, address, local) => {
    proxies = ['127.0.0.0/8', '10.0.0.0/8']
    expect((await play(...forwarded)).place).toEqual({ address, local })
  })

  it.each(['unknown', '_hidden', '203.0.113', '203.0.113.9, <script>'])('that names no address is refused: %s', async (value) => {
    proxies = ['127.0.0.1']
    expect(await play(value)).toEqual({ code: 'ERR_REQUEST_INVALID', place: undefined })
  })
})
