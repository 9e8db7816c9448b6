import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseAddress } from '../../../../src/plugins/webrtc/address.js'
import { HttpSession } from '../../../../src/plugins/webrtc/http-session.js'

let server: Server
let port: number
let asked: { method: string; url: string; authorization?: string | undefined; body: string }[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    asked.push({ method: request.method ?? '', url: request.url ?? '', authorization: request.headers.authorization, body })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
beforeEach(() => {
  asked = []
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const sdp = { 'Content-Type': 'application/sdp' }
const open = (timeout = 10_000, signal = new AbortController().signal): Promise<HttpSession> =>
  HttpSession.open(parseAddress(new URL(`whip://token@127.0.0.1:${port}/a`)), 'offer', { signal, timeout })
const opened = (location?: string) => (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(201, { ...sdp, ...(location !== undefined && { Location: location }) }).end('answer')

describe('a session over HTTP', () => {
  it('posts the offer, and deletes the session at the end', async () => {
    answer = opened('/a/1')
    const session = await open()
    expect(session.answer).toBe('answer')
    await session.end()
    expect(asked).toEqual([
      { method: 'POST', url: '/a', authorization: 'Bearer token', body: 'offer' },
      { method: 'DELETE', url: '/a/1', authorization: 'Bearer token', body: '' },
    ])
  })

  it('goes where it is sent, with its offer, and not for ever', async () => {
    answer = (request, response) => (request.url === '/a' ? response.writeHead(307, { Location: '/b' }).end() : opened()(request, response))
    await (await open()).end()
    expect(asked.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', '/a', 'offer'],
      ['POST', '/b', 'offer'],
    ])
    answer = (_, response) => response.writeHead(302, { Location: '/a' }).end()
    await expect(open()).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED', message: expect.stringContaining('redirects') })
  })

  it.each([
    [401, '', 'ERR_UNAUTHENTICATED', '401'],
    [404, '{"error":{"message":"There is no stream x."}}', 'ERR_SOURCE_FAILED', '404: “There is no stream x”'],
    [406, '{"error":"no codec"}', 'ERR_CODEC_UNSUPPORTED', '“no codec”'],
    [500, 'two\r\nlines\u0007', 'ERR_SOURCE_FAILED', '“two lines”'],
    [502, '<html>nothing for people</html>', 'ERR_SOURCE_FAILED', 'answered 502.'],
  ])('says what %i means', async (status, body, code, message) => {
    answer = (_, response) => response.writeHead(status).end(body)
    await expect(open()).rejects.toMatchObject({ code, message: expect.stringContaining(message), data: { status } })
  })

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => unknown]>([
    ['another type', (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('x')],
    ['too much', (_, response) => response.writeHead(201, sdp).end('x'.repeat(300 * 1024))],
    ['a broken connection', (_, response) => response.destroy()],
  ])('refuses %s', async (_, how) => {
    answer = how
    await expect(open()).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
  })

  it('does not wait for ever, and no longer than it is wanted', async () => {
    answer = () => {}
    await expect(open(50)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    const over = new AbortController()
    const opening = open(10_000, over.signal)
    over.abort(new Error('enough'))
    await expect(opening).rejects.toThrow('enough')
  })
})
