import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JsonCall, type JsonCallOptions, serviceUrl } from '../../../src/backends/json-call.js'

let server: Server
let handler: (request: IncomingMessage, response: ServerResponse) => void
let asked = 0
const never = new AbortController().signal

beforeAll(async () => {
  server = createServer((request, response) => {
    asked++
    request.resume()
    handler(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const service = (options: Partial<JsonCallOptions> = {}): JsonCall => {
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/ask`)
  return new JsonCall({ url, token: '', timeout: 20_000, retries: 0, concurrent: 4, ...options })
}
const reply =
  (status: number, body = '{}', headers = {}) =>
  (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status, headers).end(body)

describe('a URL of a service', () => {
  it('is https, or stays on this machine', () => {
    for (const text of ['https://example.org/x', 'http://localhost:8080/', 'http://127.0.0.1/', 'http://127.1.2.3/', 'http://[::1]:9/'])
      expect(serviceUrl(text, false).href).toContain('://')
    for (const text of ['', 'x', 'ftp://localhost/', 'http://example.org/', 'http://127.0.0.1.example.org/', 'https://user:pass@example.org/'])
      expect(() => serviceUrl(text, false)).toThrow(expect.objectContaining({ code: 'ERR_PLUGIN_CONFIG' }))
    expect(serviceUrl('http://example.org/', true).hostname).toBe('example.org')
    expect(() => serviceUrl('https://user:hush@example.org/', true)).not.toThrow('hush')
  })
})

describe('a call', () => {
  it('posts JSON with the token, and gives status and body', async () => {
    let seen: IncomingMessage['headers'] = {}
    handler = (request, response) => {
      seen = request.headers
      reply(403, '{"a":1}')(request, response)
    }
    expect(await service({ token: 'abc' }).post({ x: 1 }, never)).toEqual({ status: 403, body: { a: 1 } })
    expect(seen).toMatchObject({ authorization: 'Bearer abc', 'content-type': 'application/json' })
    handler = reply(200, 'no json')
    expect(await service().post({}, never)).toEqual({ status: 200 })
  })

  it('is tried again when the service fails, and only so often', async () => {
    let answers = [503, 500, 200]
    handler = (request, response) => reply(answers.shift() ?? 500)(request, response)
    expect((await service({ retries: 2 }).post({}, never)).status).toBe(200)
    answers = [500, 502, 200]
    expect((await service({ retries: 1 }).post({}, never)).status).toBe(502)
    const unreachable = service({ url: new URL('http://127.0.0.1:1/'), retries: 1 })
    await expect(unreachable.post({ password: 'hush' }, never)).rejects.toMatchObject({
      code: 'ERR_SOURCE_FAILED',
      message: expect.not.stringContaining('hush'),
    })
    expect(unreachable.failures).toBe(1)
  })

  it('follows no redirect', async () => {
    handler = reply(307, '', { location: 'http://127.0.0.1:1/' })
    expect((await service().post({}, never)).status).toBe(307)
  })

  it('ends in time, when it is told to, and when the answer is too large', async () => {
    handler = () => {}
    await expect(service({ timeout: 30 }).post({}, never)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    const stop = new AbortController()
    const call = service().post({}, stop.signal)
    stop.abort(new Error('stopped'))
    await expect(call).rejects.toThrow('stopped')
    handler = reply(200, `"${'x'.repeat(70_000)}"`)
    await expect(service().post({}, never)).rejects.toMatchObject({ code: 'ERR_SOURCE_FAILED' })
  })

  it('is refused when too many are under way', async () => {
    handler = () => {}
    const one = service({ concurrent: 1 })
    const stop = new AbortController()
    const first = one.post({}, stop.signal)
    const before = asked
    await expect(one.post({}, never)).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    expect(asked).toBeLessThanOrEqual(before + 1)
    stop.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    handler = reply(200)
    expect((await one.post({}, never)).status).toBe(200)
  })
})
