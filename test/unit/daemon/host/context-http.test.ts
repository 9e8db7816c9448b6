import { getEventListeners } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ShoalError } from '../../../../src/errors.js'
import type { HttpExchange, HttpRequest, PluginContext, WebSocketExchange } from '../../../../src/plugin.js'
import { forever, makeHost, probe } from './fixture.js'

async function withRoutes(start: (ctx: PluginContext) => void) {
  const one = probe('p', { start })
  const fixture = makeHost([one.plugin])
  await fixture.host.start()
  return { ...fixture, ctx: one.ctx() }
}

async function withHandler(handler: (request: HttpRequest) => unknown) {
  const fixture = await withRoutes((ctx) => ctx.http.route({ method: 'GET', path: '/x', handler }))
  const match = fixture.routes.find('GET', '/p/x', false)
  if (match?.kind !== 'json') throw new Error('no route')
  const call = async (signal = new AbortController().signal) => match.route.handler({ params: {}, query: {}, body: undefined, signal })
  return { ...fixture, call }
}

describe('a JSON route', () => {
  it('gets the request and gives its answer', async () => {
    const { routes } = await withRoutes((ctx) =>
      ctx.http.route({ method: 'POST', path: '/:a', handler: ({ params, query, body }) => ({ params, query, body }) }),
    )
    const match = routes.find('POST', '/p/1', false)
    if (match?.kind !== 'json') throw new Error('no route')
    const request = { params: match.params, query: { q: 1 }, body: [1], signal: new AbortController().signal }
    expect(await match.route.handler(request)).toEqual({ params: { a: '1' }, query: { q: 1 }, body: [1] })
  })

  it('that throws a ShoalError below 500 has answered; anything else is counted', async () => {
    let error: unknown = new ShoalError('ERR_NOT_FOUND', 'no such item')
    const { call, host } = await withHandler(() => {
      throw error
    })
    await expect(call()).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' })
    expect(host.info('p').counters.errors).toBe(0)
    error = new Error('boom')
    await expect(call()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED', message: 'boom' })
    expect(host.info('p')).toMatchObject({ counters: { errors: 1 }, lastError: { where: 'GET /x' } })
  })

  it('may throw the ShoalError of another copy of this package', async () => {
    class Foreign extends Error {
      override name = 'ShoalError'
      code = 'ERR_FORBIDDEN'
      hint = 'Ask first.'
    }
    const { call } = await withHandler(() => {
      throw new Foreign('not you')
    })
    const error = await call().catch((caught) => caught)
    expect(error).toBeInstanceOf(ShoalError)
    expect(error).toMatchObject({ code: 'ERR_FORBIDDEN', message: 'not you', hint: 'Ask first.', status: 403 })
  })

  it('that hangs ends with ERR_TIMEOUT, and its signal aborts', async () => {
    let signal: AbortSignal | undefined
    const { call, host } = await withHandler((request) => {
      signal = request.signal
      return forever()
    })
    await expect(call()).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    expect([signal?.aborted, host.info('p').counters.timeouts]).toEqual([true, 1])
  })

  it('has a signal that aborts with the client and with the plugin, and leaves no listener', async () => {
    const signals: AbortSignal[] = []
    const { call, host, ctx } = await withHandler(async ({ signal }) => {
      signals.push(signal)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      return 'aborted'
    })
    const client = new AbortController()
    const first = call(client.signal)
    client.abort()
    expect(await first).toBe('aborted')
    expect(listenersOf(ctx)).toBe(0)
    const second = call()
    await host.stop()
    expect(await second).toBe('aborted')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })
})

describe('a JSON route that answers with events', () => {
  it('ends when the client goes, even when the generator hangs', async () => {
    const { call, ctx } = await withHandler(async function* () {
      yield 1
      await forever()
    })
    const client = new AbortController()
    const events = await asEvents(call(client.signal))
    expect(await events.next()).toEqual({ done: false, value: 1 })
    const next = events.next()
    client.abort()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(listenersOf(ctx)).toBe(0)
  })

  it('ends when the plugin stops, when it is left, and by itself', async () => {
    let closed = 0
    const { call, host, ctx } = await withHandler(async function* () {
      try {
        yield 1
        yield 2
      } finally {
        closed++
      }
    })
    const seen: unknown[] = []
    for await (const event of await asEvents(call())) seen.push(event)
    for await (const event of await asEvents(call())) if (event === 1) break
    expect([seen, closed, listenersOf(ctx)]).toEqual([[1, 2], 2, 0])
    const events = await asEvents(call())
    await events.next()
    await host.stop()
    expect((await events.next()).done).toBe(true)
  })

  it('that throws is counted, and the error passed on', async () => {
    const { call, host } = await withHandler(async function* () {
      yield 1
      throw new Error('boom')
    })
    const events = await asEvents(call())
    await events.next()
    await expect(events.next()).rejects.toMatchObject({ code: 'ERR_PLUGIN_FAILED' })
    expect(host.info('p').counters.errors).toBe(1)
  })
})

describe('raw, media and WebSocket handlers', () => {
  /** An HTTP server whose requests all go to the raw route `/p/x`. */
  async function serve(handler: (exchange: HttpExchange) => void | Promise<void>) {
    const fixture = await withRoutes((ctx) => {
      ctx.http.raw('GET', '/x', handler)
      ctx.http.media('flv', { http: (path, exchange) => handler({ ...exchange, params: { path } }) })
    })
    const outcomes: unknown[] = []
    const server = createServer((request, response) => {
      const client = new AbortController()
      response.once('close', () => client.abort())
      const exchange: HttpExchange = { request, response, params: {}, query: new URLSearchParams(), who: { kind: 'owner', id: 'owner' }, signal: client.signal }
      const match = fixture.routes.find('GET', request.url ?? '', false)
      const handled = match?.kind === 'raw' ? match.handler(exchange) : match?.kind === 'media' ? match.handlers.http(match.path, exchange) : undefined
      Promise.resolve(handled).then(
        () => outcomes.push('done'),
        (error) => {
          outcomes.push(error.code)
          response.destroy()
        },
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const request = (path: string) =>
      new Promise<IncomingMessage>((resolve, reject) => get({ port, path, agent: false, host: '127.0.0.1' }, resolve).on('error', reject))
    return { ...fixture, request, outcomes }
  }

  it('own the response, and leave no listener when it is over', async () => {
    const { request, ctx, outcomes } = await serve(({ response, params, who }) => void response.end(`${params['path'] ?? 'raw'} ${who.kind}`))
    expect([await read(await request('/p/x')), await read(await request('/a/b.flv'))]).toEqual(['raw owner', 'a/b owner'])
    await until(() => listenersOf(ctx) === 0)
    expect(outcomes).toEqual(['done', 'done'])
  })

  it('that throw are counted, and the caller learns it', async () => {
    const { request, host, outcomes } = await serve(() => {
      throw new Error('boom')
    })
    await expect(request('/p/x')).rejects.toThrow()
    expect([outcomes, host.info('p').counters.errors]).toEqual([['ERR_PLUGIN_FAILED'], 1])
  })

  it('are cut when the plugin stops', async () => {
    const { request, host } = await serve(async ({ response }) => {
      response.write('first')
      await forever()
    })
    const response = await request('/p/x')
    const reading = read(response).catch(() => 'cut')
    await host.stop()
    expect(await reading).toBe('cut')
  })

  it('of WebSockets are closed when the plugin stops, and told when the client goes', async () => {
    const signals: AbortSignal[] = []
    const { host, routes, ctx } = await withRoutes((own) => own.http.websocket('/ws', ({ signal }) => void signals.push(signal)))
    const closes: unknown[] = []
    const open = async () => {
      const transport = new PassThrough()
      const socket = { bufferedAmount: 0, transport, send: () => {}, close: (code?: number) => void closes.push(code), messages: (async function* () {})() }
      const match = routes.find('GET', '/p/ws', true)
      const parts: unknown = {
        request: {},
        socket,
        params: {},
        query: new URLSearchParams(),
        who: { kind: 'owner', id: 'owner' },
        signal: new AbortController().signal,
      }
      if (match?.kind === 'websocket') await match.handler(parts as WebSocketExchange)
      return transport
    }
    const gone = await open()
    gone.destroy()
    await until(() => listenersOf(ctx) === 0)
    await open()
    await host.stop()
    expect(closes).toEqual([1001])
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true])
  })
})

/** Listeners of the plugin's signal, without the one that the scope itself has. */
function listenersOf(ctx: PluginContext): number {
  return getEventListeners(ctx.signal, 'abort').length - 1
}

async function asEvents(answer: Promise<unknown>): Promise<AsyncIterableIterator<unknown>> {
  return (await answer) as AsyncIterableIterator<unknown>
}

async function read(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setTimeout(resolve, 1))
}
