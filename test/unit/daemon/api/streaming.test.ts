import { stat } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createConnection, createServer } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import WebSocket from 'ws'
import { mergeSources } from '../../../../src/daemon/api/events.js'
import { createHandlers } from '../../../../src/daemon/api/handlers.js'
import type { ApiServer } from '../../../../src/daemon/api/server.js'
import { Broadcast } from '../../../../src/daemon/util/queue.js'
import type { HttpExchange, WebSocketExchange } from '../../../../src/plugin.js'
import { waitFor } from '../../../wait-for.js'
import { ask, attic, codeOf, fakeDaemon, pull, type RunningApi, raw, startApi, token } from './fixture.js'

let api: RunningApi
afterEach(async () => api.close())

/** An event stream as text that grows. */
function follow(path: string, options: { method?: string; body?: string } = {}): Promise<{ response: IncomingMessage; text: () => string; close: () => void }> {
  return new Promise((resolve, reject) => {
    const headers = options.body === undefined ? {} : { 'content-type': 'application/json' }
    const request = httpRequest({ socketPath: api.socket, path, method: options.method ?? 'GET', headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('error', () => {})
      resolve({ response, text: () => text, close: () => request.destroy() })
    })
    request.on('error', reject)
    request.end(options.body)
  })
}

describe('events', () => {
  it('of the topics asked for come as they happen', async () => {
    api = await startApi()
    const { fake } = api
    const stream = await follow('/api/events?types=streams,peers,pulls')
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    await waitFor('listeners', () => fake.streamEvents.listeners === 1 && fake.peerEvents.listeners === 1 && fake.pullEvents.listeners === 1)
    fake.streamEvents.emit({ type: 'published', path: 'live/cam', time: 1, publisher: 'rtmp' })
    fake.peerEvents.emit({ type: 'forgotten', peer: attic, name: 'attic', time: 2 })
    fake.pullEvents.emit(pull)
    fake.streamEvents.emit({ type: 'lagged', missed: 3, time: 3 })
    await waitFor('four events', () => stream.text().split('\ndata: ').length === 5)
    expect(stream.text()).toContain('event: stream.published\ndata: {"type":"stream.published","path":"live/cam","time":1,"publisher":"rtmp"}\n\n')
    expect(stream.text()).toContain('event: peer.forgotten\n')
    expect(stream.text()).toContain('event: pull\n')
    expect(stream.text()).toContain('data: {"type":"lagged","missed":3,"time":3,"of":"streams"}')
    stream.close()
    await waitFor('nobody to listen', () => fake.streamEvents.listeners + fake.peerEvents.listeners + fake.pullEvents.listeners === 0)
  })

  it('come with a comment now and then', async () => {
    api = await startApi({ limits: { heartbeat: 10 } })
    const stream = await follow('/api/events')
    await waitFor('a heartbeat', () => stream.text().includes(': alive\n\n'))
    stream.close()
  })

  it('of the log begin with old lines and can be filtered', async () => {
    api = await startApi()
    const { log } = api.fake
    log.module('swarm').warn('old')
    log.module('streams').warn('other')
    const stream = await follow('/api/log/follow?lines=10&module=swarm&level=warn')
    await waitFor('the old line', () => stream.text().includes('"msg":"old"'))
    log.module('swarm').info('too light')
    log.module('swarm').error('new', { token: 'geheim' })
    await waitFor('the new line', () => stream.text().includes('"msg":"new"'))
    expect(stream.text()).not.toMatch(/other|too light|geheim/)
    stream.close()
  })

  it('of joining show progress, the code and the end; an error inside is an event without details', async () => {
    api = await startApi()
    const good = await ask(api, 'POST', '/api/join', { body: '{"ticket":"good"}' })
    expect([...good.text.matchAll(/event: (\w+)/g)].map((match) => match[1])).toEqual(['progress', 'code', 'joined'])
    const late = await ask(api, 'POST', '/api/join', { body: '{"ticket":"late"}' })
    expect(late.text).toMatch(/event: error\ndata: {"error":{"code":"ERR_INTERNAL"/)
    expect(late.text).not.toContain('secret inner detail')
    expect(await ask(api, 'POST', '/api/join', { body: '{"ticket":"broken"}' })).toMatchObject({ status: 400, code: 'ERR_TICKET_INVALID' })
  })

  it('of a pull come with figures and end with it', async () => {
    api = await startApi()
    const stream = await follow('/api/pulls/live%2Fcam/watch')
    await waitFor('a listener', () => api.fake.pullEvents.listeners === 1)
    api.fake.pullEvents.emit(pull)
    await waitFor('state and figures', () => stream.text().includes('event: state') && stream.text().includes('event: stats'))
    api.fake.pullEvents.close()
    await waitFor('the end', () => stream.response.complete)
  })

  it('wait in the source, not in the server, for a client that does not read', async () => {
    api = await startApi()
    const socket = createConnection({ path: api.socket })
    socket.on('error', () => {})
    socket.pause()
    socket.write('GET /api/events?types=peers HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await waitFor('a listener', () => api.fake.peerEvents.listeners === 1)
    const before = process.memoryUsage().rss
    const name = 'x'.repeat(1000)
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 1000; i++) api.fake.peerEvents.emit({ type: 'connected', peer: attic, name, time: round })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
    let text = ''
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    socket.resume()
    await waitFor('the gap to be told', () => text.includes('"type":"lagged"'))
    socket.destroy()
  })

  it('merged from several sources keep the order of each and end when all do', async () => {
    api = await startApi()
    async function* count(from: number, to: number): AsyncGenerator<number> {
      for (let i = from; i < to; i++) yield i
    }
    let closed = 0
    const seen: number[] = []
    for await (const value of mergeSources([count(0, 50), count(100, 150), count(0, 0)], () => closed++)) seen.push(value)
    expect(seen.filter((value) => value < 100)).toEqual([...Array(50).keys()])
    expect(seen).toHaveLength(100)
    expect(closed).toBe(1)
    async function* fail(): AsyncGenerator<number> {
      yield 1
      throw new Error('broken')
    }
    const forever = new Broadcast<number>(() => 0)
    const merged = mergeSources([fail(), forever.listen()], () => forever.close())
    await expect(
      (async () => {
        for await (const _ of merged);
      })(),
    ).rejects.toThrow('broken')
    expect(forever.listeners).toBe(0)
  })
})

describe('plugins', () => {
  it('serve JSON with checked input and filled defaults', async () => {
    api = await startApi()
    const query = { type: 'object', properties: { n: { type: 'integer', default: 7 }, tags: { type: 'array', items: { type: 'string' } } }, required: ['n'] }
    api.fake.routes.route('demo', { method: 'GET', path: '/items/:id', query, handler: ({ params, query: given }) => ({ params, given }) })
    const answer = await ask(api, 'GET', '/demo/items/a%20b?tags=x,y', { tcp: true, bearer: token })
    expect(JSON.parse(answer.text)).toEqual({ params: { id: 'a b' }, given: { n: 7, tags: ['x', 'y'] } })
    expect(await ask(api, 'GET', '/demo/items/1', { tcp: true })).toMatchObject({ status: 401 })
    expect(await ask(api, 'GET', '/demo/items/1', { tcp: true, bearer: 'viewer' })).toMatchObject({ status: 403 })
  })

  it('answer with events when they return an iterable, and it is closed when the client goes', async () => {
    api = await startApi()
    let closed = false
    async function* numbers(signal: AbortSignal): AsyncGenerator<object> {
      try {
        for (let n = 0; !signal.aborted; n++) {
          yield { type: 'number', n }
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      } finally {
        closed = true
      }
    }
    api.fake.routes.route('demo', { method: 'GET', path: '/events', handler: ({ signal }) => numbers(signal) })
    const stream = await follow('/demo/events')
    await waitFor('events', () => stream.text().includes('event: number\ndata: {"type":"number","n":2}'))
    stream.close()
    await waitFor('the source to be closed', () => closed)
  })

  it('that hang are answered for after a while', async () => {
    api = await startApi({ limits: { callTimeout: 30 } })
    api.fake.routes.route('demo', { method: 'GET', path: '/hang', handler: () => new Promise(() => {}) })
    expect(await ask(api, 'GET', '/demo/hang')).toMatchObject({ status: 504, code: 'ERR_TIMEOUT' })
  })

  it('stream media to GET, and answer HEAD without a body', async () => {
    api = await startApi()
    const seen: HttpExchange[] = []
    api.fake.routes.media('http-flv', 'flv', {
      http: (path, exchange) => {
        seen.push(exchange)
        exchange.response.writeHead(200, { 'content-type': 'video/x-flv', 'x-path': path })
        exchange.response.write('FLV')
        const timer = setInterval(() => exchange.response.write('tag'), 5)
        exchange.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
      },
    })
    const head = await ask(api, 'HEAD', '/live/cam.flv', { tcp: true })
    expect(head).toMatchObject({ status: 200, text: '' })
    expect(head.headers).toMatchObject({ 'content-type': 'video/x-flv', 'x-path': 'live/cam' })
    const get = await follow('/live/cam.flv')
    await waitFor('frames', () => get.text().startsWith('FLVtagtag'))
    get.close()
    await waitFor('both to be over', () => seen.length === 2 && seen.every(({ signal }) => signal.aborted))
  })

  it('that throw after they began to answer cut the connection', async () => {
    api = await startApi()
    api.fake.routes.raw('demo', 'GET', '/half', async ({ response }) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error('broken')
    })
    await expect(ask(api, 'GET', '/demo/half')).rejects.toThrow()
    expect((await ask(api, 'GET', '/healthz')).status).toBe(200)
  })
})

describe('WebSockets', () => {
  const connect = (path: string, headers: Record<string, string> = {}): WebSocket => new WebSocket(`ws://127.0.0.1:${api.tcp}${path}`, { headers })
  const outcome = (socket: WebSocket): Promise<string> =>
    new Promise((resolve) => {
      socket.on('open', () => resolve('open'))
      socket.on('unexpected-response', (_, response) => resolve(String(response.statusCode)))
      socket.on('error', () => resolve('error'))
    })

  it('carry messages both ways and end on both sides', async () => {
    api = await startApi()
    let exchange: WebSocketExchange | undefined
    api.fake.routes.websocket('demo', '/echo', async (own) => {
      exchange = own
      for await (const message of own.socket.messages) own.socket.send(message)
    })
    const socket = connect('/demo/echo', { authorization: `Bearer ${token}` })
    const got: string[] = []
    socket.on('message', (data, binary) => got.push(`${binary} ${data}`))
    expect(await outcome(socket)).toBe('open')
    socket.send('text')
    socket.send(Buffer.from('bytes'))
    await waitFor('echoes', () => got.length === 2)
    expect(got).toEqual(['false text', 'true bytes'])
    expect(exchange?.who.kind).toBe('owner')
    socket.close()
    await waitFor('the end', () => exchange?.signal.aborted)
  })

  it('of media ask permission, with the token in the query', async () => {
    api = await startApi()
    api.fake.routes.media('http-flv', 'flv', { http: () => {}, websocket: (path, { socket }) => socket.send(path) })
    expect(await outcome(connect('/private/cam.flv'))).toBe('401')
    expect(await outcome(connect('/private/cam.flv?token=viewer'))).toBe('403')
    const socket = connect(`/private/cam.flv?token=${token}`)
    const first = new Promise((resolve) => socket.on('message', (data) => resolve(String(data))))
    expect(await first).toBe('private/cam')
    socket.close()
  })

  it('with messages over 64 KiB are closed; floods are held back', async () => {
    api = await startApi()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let count = 0
    api.fake.routes.websocket('demo', '/slow', async ({ socket }) => {
      await held
      for await (const _ of socket.messages) count++
    })
    const large = connect('/demo/slow', { authorization: `Bearer ${token}` })
    await outcome(large)
    const code = new Promise((resolve) => large.on('close', resolve))
    large.send(Buffer.alloc(65 * 1024))
    expect(await code).toBe(1009)
    const flood = connect('/demo/slow', { authorization: `Bearer ${token}` })
    await outcome(flood)
    for (let i = 0; i < 2000; i++) flood.send(Buffer.alloc(4096))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(flood.bufferedAmount).toBeGreaterThan(1e6)
    release()
    await waitFor('all messages', () => count === 2000)
    flood.close()
  })

  it('whose handler fails are closed with the code', async () => {
    api = await startApi()
    api.fake.routes.websocket('demo', '/fail', async () => {
      throw new Error('inner')
    })
    const socket = connect('/demo/fail', { authorization: `Bearer ${token}` })
    const closed = await new Promise((resolve) => socket.on('close', (code, reason) => resolve([code, String(reason)])))
    expect(closed).toEqual([1011, 'ERR_INTERNAL'])
  })

  it('with a broken handshake are refused', async () => {
    api = await startApi()
    api.fake.routes.websocket('demo', '/x', () => {}, { public: true })
    const text = await raw(api, 'GET /demo/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1.1 400/)
  })
})

describe('limits', () => {
  it('of time: a header and a body that trickle in are cut', async () => {
    api = await startApi({ limits: { headerTimeout: 100, requestTimeout: 200, checkInterval: 20 } })
    expect(codeOf(await raw(api, 'GET /healthz HTTP/1.1\r\nHost: local'))).toBe('ERR_TIMEOUT')
    const slow = `POST /api/stop HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{`
    expect(codeOf(await raw(api, slow))).toBe('ERR_TIMEOUT')
  })

  it('of connections: more are closed and counted, and the unix socket is not concerned', async () => {
    api = await startApi({ limits: { maxConnections: 3 } })
    const idle = [1, 2, 3].map(() => createConnection({ host: '127.0.0.1', port: api.tcp }))
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    await waitFor('one too many', async () => (await raw(api, 'x')) === '' && api.server.refused > 0)
    expect((await ask(api, 'GET', '/healthz')).status).toBe(200)
    for (const socket of idle) socket.destroy()
  })

  it('of a decision: a guard that throws or lies refuses', async () => {
    api = await startApi({ guard: { authenticate: () => Promise.reject(new Error('down')), allows: () => true } })
    expect(await ask(api, 'GET', '/api/status', { tcp: true, bearer: token })).toMatchObject({ status: 403, code: 'ERR_FORBIDDEN' })
    await api.close()
    api = await startApi({ guard: { allows: () => 'yes' } })
    expect(await ask(api, 'GET', '/api/status', { tcp: true, bearer: token })).toMatchObject({ status: 403, code: 'ERR_FORBIDDEN' })
    await api.close()
    api = await startApi({
      guard: {
        allows: () => {
          throw new Error('broken')
        },
      },
    })
    expect(await ask(api, 'GET', '/api/status', { tcp: true, bearer: token })).toMatchObject({ status: 403, code: 'ERR_FORBIDDEN' })
  })
})

describe('a server', () => {
  it('makes a socket that only the owner opens', async () => {
    api = await startApi()
    expect((await stat(api.socket)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(api.socket))).mode & 0o777).toBe(0o700)
  })

  it('names the port that is in use, and what to set', async () => {
    api = await startApi()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const port = (other.address() as { port: number }).port
    const failed = api.server.listenTcp('127.0.0.1', port)
    await expect(failed).rejects.toMatchObject({
      code: 'ERR_PORT_IN_USE',
      message: expect.stringContaining(String(port)),
      hint: expect.stringContaining('http.port'),
    })
    await expect(api.server.listenTcp('192.0.2.1', 0)).rejects.toMatchObject({ code: 'ERR_START_FAILED', hint: 'Set http.host.' })
    await expect(api.server.listenSocket(api.socket)).rejects.toMatchObject({ code: 'ERR_ALREADY_RUNNING' })
    await expect(api.server.listenSocket(`/tmp/${'x'.repeat(120)}/s`)).rejects.toMatchObject({ code: 'ERR_SOCKET_PATH_TOO_LONG' })
    other.close()
  })

  it('stops: event streams and idle connections end at once, calls get their time, the rest is cut', async () => {
    api = await startApi()
    const { fake, server } = api
    let finish = (): void => {}
    fake.routes.route('demo', { method: 'GET', path: '/slow', handler: () => new Promise((resolve) => (finish = () => resolve({ done: true }))) })
    fake.routes.raw('demo', 'GET', '/endless', ({ response }) => void response.write('x'))
    const events = await follow('/api/events')
    const endless = await follow('/demo/endless')
    const idle = createConnection({ host: '127.0.0.1', port: api.tcp })
    const gone = new Promise((resolve) => idle.once('close', resolve))
    idle.resume()
    const slow = ask(api, 'GET', '/demo/slow')
    await waitFor('the call to arrive', () => String(finish).includes('done'))
    const stopped = server.stop(500)
    await waitFor('the events to end', () => events.response.complete)
    finish()
    expect(await slow).toMatchObject({ status: 200 })
    await stopped
    await gone
    await waitFor('the endless answer to be cut', () => endless.response.destroyed || endless.response.complete)
    expect(fake.streamEvents.listeners + fake.peerEvents.listeners).toBe(0)
    await expect(ask(api, 'GET', '/healthz')).rejects.toThrow()
    await expect((server as ApiServer).listenTcp('127.0.0.1', 0)).rejects.toMatchObject({ code: 'ERR_STOPPING' })
    await server.stop()
  })

  it('has a handler for every route', async () => {
    api = await startApi()
    const fake = await fakeDaemon()
    const { routeIds } = await import('../../../../src/daemon/api/table.js')
    expect(Object.keys(createHandlers(fake.port, fake.routes)).sort()).toEqual([...routeIds].sort())
  })
})
