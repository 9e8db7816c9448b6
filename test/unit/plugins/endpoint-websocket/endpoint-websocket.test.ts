import { request } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { endpointWebSocket } from '../../../../src/plugins/endpoint-websocket/index.js'
import { WebSocketEndpoint } from '../../../../src/plugins/endpoint-websocket/server.js'
import { FakeDoor, fakeContext, memoryLog } from '../../../../src/testing/index.js'
import { waitFor } from '../../../wait-for.js'
import { handshakeStatus, WebClient } from '../../../web-client.js'

const running: WebSocketEndpoint[] = []
afterEach(() => Promise.all(running.splice(0).map((endpoint) => endpoint.close())))

async function open(config: Record<string, unknown> = {}) {
  const { ctx } = fakeContext(endpointWebSocket(), { config: { port: 0, ...config } })
  const [endpoint, door] = [new WebSocketEndpoint(ctx.config, memoryLog()), new FakeDoor()]
  running.push(endpoint)
  return { endpoint, door, ...(await endpoint.open(door)) }
}

/** Status of a handshake with exactly these headers. */
function raw(address: string, headers: Record<string, string | string[]>): Promise<number> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve, reject) => {
    const base = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'shoal-1',
    }
    const sent = request({ hostname, port, headers: { ...base, ...headers } })
    sent.once('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.once('upgrade', (_, socket: Socket) => {
      socket.destroy()
      resolve(101)
    })
    sent.once('error', reject)
    sent.end()
  })
}

describe('a handshake', () => {
  it('must name a host that is ours', async () => {
    const { address } = await open({ allowedHosts: ['box.example'] })
    const { port } = new URL(address)
    for (const host of [`127.0.0.1:${port}`, 'localhost', 'BOX.example:80']) expect(await raw(address, { host })).toBe(101)
    for (const host of ['evil.example', '127.0.0.2', 'localhost.evil.example', '[::1]', 'localhost:x', 'a b']) expect(await raw(address, { host })).toBe(403)
  })

  it('from a web page must be allowed', async () => {
    const { address } = await open({ allowedOrigins: ['https://player.example'] })
    expect(await raw(address, { origin: 'https://player.example' })).toBe(101)
    for (const origin of ['https://evil.example', 'null', address.replace('ws', 'http'), 'https://player.example.evil'])
      expect(await raw(address, { origin })).toBe(403)
  })

  it('must offer the subprotocol, be an upgrade, and carry credentials that can be read', async () => {
    const { address } = await open()
    expect(await handshakeStatus(address, { protocol: 'other' })).toBe(400)
    expect((await fetch(address.replace('ws', 'http'))).status).toBe(426)
    for (const authorization of ['Digest x', 'Basic', 'Basic !', `Basic ${Buffer.from('nocolon').toString('base64')}`, 'Bearer a b'])
      expect(await handshakeStatus(address, { headers: { authorization } })).toBe(401)
  })

  it('beyond the limit is refused, and a login that hangs is cut', async () => {
    const { address, door, endpoint } = await open({ maxConnections: 1, loginTimeout: 100 })
    door.hang = true
    const client = await WebClient.open(address)
    expect(await handshakeStatus(address)).toBe(503)
    client.web.send('{"type":"login","user":"ann"}')
    await waitFor('the cut', () => client.closed?.reason === 'ERR_TIMEOUT')
    const silent = await waitFor('a free place', async () => {
      const next = await WebClient.open(address)
      return next.web.readyState === next.web.OPEN && next
    })
    await waitFor('the cut', () => silent.closed?.code === 1008)
    expect(endpoint.status()).toMatchObject({ address, refused: expect.any(Number) })
  })
})

describe('a client', () => {
  it('logs in once, and gives its session back when it goes', async () => {
    const { address, door } = await open()
    const client = await WebClient.login(address, 'ann', 'right')
    expect(door.logins[0]).toEqual({ user: 'ann', password: 'right', address: '127.0.0.1', local: true })
    expect(await client.ask({ type: 'login', user: 'ann', password: 'right' })).toMatchObject({ ok: false, error: { code: 'ERR_USAGE' } })
    client.web.terminate()
    await waitFor('the session to end', () => door.sessions[0]?.signal.aborted)
  })

  it('is told what is wrong with its messages, and cut for what is no text', async () => {
    const { address } = await open({ maxBatch: 2, maxMessage: 300 })
    const client = await WebClient.login(address, 'ann', 'right')
    client.web.send('{')
    await waitFor('the answer', () => client.received.some(({ error }) => error?.code === 'ERR_REQUEST_INVALID'))
    for (const batch of [[], [1, 2, 3]]) expect(await client.askAll(batch)).toMatchObject({ ok: false, error: { code: 'ERR_REQUEST_INVALID' } })
    client.web.send(Buffer.from([1]))
    await waitFor('the cut', () => client.closed?.code === 1003)
    const large = await WebClient.login(address, 'ann', 'right')
    large.web.send('x'.repeat(301))
    await waitFor('the cut', () => large.closed?.code === 1009)
  })

  it('takes and leaves kinds', async () => {
    const { address, door } = await open()
    const client = await WebClient.login(address, 'ann', 'right')
    expect(await client.ask({ type: 'subscribe', kinds: ['denied.a', 't.a', 't.b'] })).toMatchObject({ ok: false, partial: true, registered: ['t.a', 't.b'] })
    expect([...(door.sessions[0]?.taken.keys() ?? [])]).toEqual(['t.a', 't.b'])
    expect(door.sessions[0]?.taken.get('t.a')?.({ from: 'x', kind: 't.a', body: new Uint8Array([255]) })).toBe(true)
    await waitFor('the payload', () => client.received.some(({ base64, from }) => base64 === '/w==' && from === 'x'))
    expect(await client.ask({ type: 'unsubscribe', kinds: ['t.a', 't.c'] })).toMatchObject({ ok: true, removed: ['t.a'] })
    expect([...(door.sessions[0]?.taken.keys() ?? [])]).toEqual(['t.b'])
  })

  it('that does not read is cut', async () => {
    const { address, door, endpoint } = await open({ maxOutput: 65_536 })
    const client = await WebClient.login(address, 'ann', 'right')
    await client.ask({ type: 'subscribe', kinds: ['t.flood'] })
    client.web.pause()
    const receive = door.sessions[0]?.taken.get('t.flood')
    const body = new Uint8Array(60_000).fill(65)
    await waitFor('the cut', () => {
      for (let at = 0; at < 20; at++) if (receive?.({ from: 'x', kind: 't.flood', body }) === false) return true
      return false
    })
    await waitFor('the session to end', () => door.sessions[0]?.signal.aborted)
    expect(endpoint.status().cut).toBe(1)
    client.web.terminate()
  })

  it('that answers no ping is cut', async () => {
    const { address } = await open({ pingInterval: 300 })
    const [deaf, good] = [await WebClient.open(address, { autoPong: false }), await WebClient.login(address, 'ann', 'right')]
    await waitFor('the cut', () => deaf.closed)
    expect(await good.ask({ type: 'ping' })).toMatchObject({ ok: true })
  })
})

describe('the listener', () => {
  it('names a port that is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const at = other.address()
    const port = typeof at === 'object' && at !== null ? at.port : 0
    await expect(open({ port })).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE', hint: expect.stringContaining('endpoint-websocket.port') })
    other.close()
  })
})
