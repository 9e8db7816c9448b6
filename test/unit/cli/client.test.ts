import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Client } from '../../../src/cli/client.js'

const code = (expected: string) => expect.objectContaining({ code: expected })

describe('Client', () => {
  let home: string
  let server: Server | undefined
  let client: Client
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'shoal-client-'))
    mkdirSync(join(home, 'run'))
    client = new Client({ home })
  })
  afterEach(() => {
    client.close()
    server?.closeAllConnections()
    server?.close()
    rmSync(home, { recursive: true, force: true })
  })
  const serve = (listener: RequestListener): Promise<void> => {
    server = createServer(listener)
    return new Promise((resolve) => server?.listen(client.paths.socket, resolve))
  }

  it('says that nobody listens', async () => {
    await expect(client.call('status')).rejects.toEqual(code('ERR_NOT_RUNNING'))
  })

  it('asks what the route table says, and gives the answer', async () => {
    const asked: string[] = []
    await serve((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.end('{"schema":1,"ok":true}')
    })
    expect(await client.call('streams.stop', { params: { path: 'live/ä b' }, query: { reason: 'x&y' } })).toEqual({ schema: 1, ok: true })
    expect(asked).toEqual(['DELETE /api/streams/live%2F%C3%A4%20b?reason=x%26y'])
  })

  it.each([
    [
      'an error with a known code',
      404,
      '{"error":{"code":"ERR_STREAM_NOT_FOUND","message":"No.","hint":"Look."}}',
      { code: 'ERR_STREAM_NOT_FOUND', message: 'No.', hint: 'Look.' },
    ],
    ['an error with a code of a later version', 400, '{"error":{"code":"ERR_LATER","message":"No."}}', { code: 'ERR_INTERNAL', message: 'No.' }],
    ['an error without anything', 500, 'null', { code: 'ERR_INTERNAL' }],
    ['what is not JSON', 200, '<html>', { code: 'ERR_PROTOCOL' }],
    ['nothing', 200, '', { code: 'ERR_PROTOCOL' }],
  ])('takes %s for an error of its own kind', async (_what, status, body, expected) => {
    await serve((_request, response) => response.writeHead(status).end(body))
    await expect(client.call('status')).rejects.toMatchObject(expected)
  })

  it('says that the connection broke, in an answer and between events', async () => {
    await serve((request, response) => {
      if (request.url === '/api/status') response.writeHead(200, { 'content-length': 100 }).write('{')
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"type":"lagged"}\n\n')
      setImmediate(() => response.destroy())
    })
    await expect(client.call('status')).rejects.toEqual(code('ERR_NOT_RUNNING'))
    const events: unknown[] = []
    const follow = async (): Promise<void> => {
      for await (const event of client.events('log.follow', { query: { lines: 0 } })) events.push(event)
    }
    await expect(follow()).rejects.toEqual(code('ERR_NOT_RUNNING'))
    expect(events).toEqual([{ type: 'lagged' }])
  })

  it('throws what an error event says', async () => {
    await serve((_request, response) => response.end('event: error\ndata: {"error":{"code":"ERR_TICKET_EXPIRED","message":"Late."}}\n\n'))
    await expect(client.events('join', { body: { ticket: 'x' } }).next()).rejects.toEqual(code('ERR_TICKET_EXPIRED'))
  })

  it('calls routes of plugins, and follows them', async () => {
    const asked: string[] = []
    await serve((request, response) => {
      let body = ''
      request
        .on('data', (part) => (body += part))
        .on('end', () => {
          asked.push(`${request.method} ${request.url} ${body}`)
          if (request.url === '/x/none') response.writeHead(404).end('{"error":{"code":"ERR_ROUTE_UNKNOWN","message":"No."}}')
          else response.end(request.url === '/x/watch' ? 'data: {"at":1}\n\ndata: {"at":2}\n\n' : '{"ok":true}')
        })
    })
    expect(await client.plugin<{ ok: boolean }>('POST', '/x/y', { a: 1 })).toEqual({ ok: true })
    expect(await client.plugin<{ ok: boolean }>('GET', '/x/y')).toEqual({ ok: true })
    await expect(client.plugin('GET', '/x/none')).rejects.toEqual(code('ERR_ROUTE_UNKNOWN'))
    await expect(client.pluginEvents('/x/none').next()).rejects.toEqual(code('ERR_ROUTE_UNKNOWN'))
    const events: unknown[] = []
    for await (const event of client.pluginEvents<{ at: number }>('/x/watch')) events.push(event)
    expect(events).toEqual([{ at: 1 }, { at: 2 }])
    expect(asked.slice(0, 2)).toEqual(['POST /x/y {"a":1}', 'GET /x/y '])
  })

  it('ends a call when it is interrupted', async () => {
    const interrupt = new AbortController()
    await serve(() => interrupt.abort())
    await expect(client.call('status', {}, interrupt.signal)).rejects.toEqual(code('ERR_ABORTED'))
  })
})
