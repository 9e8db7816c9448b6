import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authHttp } from '../../../../src/plugins/auth-http/index.js'
import { type FakeContext, fakeContext } from '../../../../src/testing/index.js'

let server: Server
let answer: (response: ServerResponse) => void
const bodies: unknown[] = []
const running: FakeContext[] = []

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    bodies.push(JSON.parse(Buffer.concat(parts).toString()))
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await Promise.all(running.map((context) => context.stop()))
  server.closeAllConnections()
  server.close()
})

const status =
  (code: number, body: unknown = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code).end(code === 204 ? undefined : JSON.stringify(body))
async function plugin(config: Record<string, unknown> = {}): Promise<FakeContext> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const context = await fakeContext(authHttp(), { config: { url, retries: 0, ...config } }).start()
  running.push(context as unknown as FakeContext)
  return context as unknown as FakeContext
}
const ann = { via: 'rtmp', user: 'ann', password: 'hush', address: '192.0.2.7', local: false }

describe('auth-http', () => {
  it('asks with what the client showed, and believes the answer', async () => {
    const { services } = await plugin()
    answer = status(200, { id: 'ann' })
    expect(await services.authentication.authenticate(ann)).toEqual({ kind: 'client', id: 'ann' })
    expect(bodies.at(-1)).toEqual(ann)
    const before = bodies.length
    expect(await services.authentication.authenticate({ via: 'rtmp' })).toBe(null)
    expect(bodies.length).toBe(before)
    for (const [code, verdict] of [
      [401, false],
      [403, false],
      [404, null],
      [204, null],
    ] as const) {
      answer = status(code)
      expect(await services.authentication.authenticate({ ...ann, password: `for ${code}` })).toBe(verdict)
    }
  })

  it('refuses whatever is no clear answer', async () => {
    const context = await plugin({ timeout: 100 })
    const odd = [status(500), status(302), status(200), status(200, { id: '' }), status(200, { id: 'anonymous' }), status(200, { id: 'x', kind: 'peer' })]
    const hang = (): void => {}
    for (const [at, one] of [...odd, status(200, { id: 'root', kind: 'owner' }), hang].entries()) {
      answer = one
      expect(await context.services.authentication.authenticate({ ...ann, user: `u${at}` })).toBe(false)
    }
    expect(context.services.authentication.failures).toBe(odd.length + 2)
    expect(JSON.stringify(context.log.lines)).not.toContain('hush')
  })

  it('asks for the secret of Digest where that was configured', async () => {
    const { digest: none } = (await plugin()).services.authentication
    expect(none?.algorithms()).toEqual([])
    const { digest } = (await plugin({ digest: ['MD5'] })).services.authentication
    expect(digest?.algorithms()).toEqual(['MD5'])
    answer = status(200, { id: 'ann', secret: '0'.repeat(32) })
    const asked = { via: 'rtsp', user: 'ann', address: '192.0.2.7', local: false }
    const shown = { algorithm: 'MD5', realm: 'shoal', method: 'PLAY', uri: 'rtsp://x/a', nonce: 'n', response: '1'.repeat(32) } as const
    expect(await digest?.verify({ ...asked, ...shown })).toBe(false)
    expect(bodies.at(-1)).toEqual({ ...asked, digest: { algorithm: 'MD5', realm: 'shoal' } })
    answer = status(404)
    expect(await digest?.verify({ ...asked, ...shown, user: 'ben' })).toBe(null)
  })

  it('lets the service name owners only where that was configured', async () => {
    answer = status(200, { id: 'root', kind: 'owner' })
    expect(await (await plugin({ owners: true })).services.authentication.authenticate(ann)).toEqual({ kind: 'owner', id: 'root' })
  })

  it('does not start with a URL that would show passwords to everybody', async () => {
    await expect(fakeContext(authHttp(), { config: { url: 'http://example.org/' } }).start()).rejects.toMatchObject({ code: 'ERR_PLUGIN_CONFIG' })
    await expect(fakeContext(authHttp()).start()).rejects.toThrow('url')
  })
})
