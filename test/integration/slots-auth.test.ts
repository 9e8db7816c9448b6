/** Users, permissions, observers and doors for clients, filled by configuration alone, in whole daemons. */

import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { definePlugin } from '../../src/plugin.js'
import { hashPassword } from '../../src/plugins/auth-file/password.js'
import type { LoginCount, Monitoring, PayloadCount } from '../../src/services.js'
import { itWith } from '../needs.js'
import { RawClient } from '../unit/plugins/rtmp/raw-client.js'
import { waitFor } from '../wait-for.js'
import { handshakeStatus, WebClient } from '../web-client.js'
import { read } from './keys/bench.js'
import { Nodes, type TestNode } from './nodes.js'

interface Summary {
  readonly logins: { readonly allowed: number; readonly refused: number }
  readonly payloads: Record<'in' | 'out', { readonly count: number; readonly bytes: number; readonly kinds: Record<string, number> }>
  readonly errors: { readonly warn: number }
}

const cheap = { ln: 4, r: 8, p: 1 }
const nodes = new Nodes()
let door: TestNode
let peer: TestNode
let address: string
let lines: string
const logins: LoginCount[] = []
const payloads: PayloadCount[] = []
/** An observer beside monitoring-http. */
const watching: Monitoring = { onLogin: (login) => void logins.push(login), onPayload: (one) => void payloads.push(one) }
const observer = definePlugin({ name: 'observer', provides: ['monitoring'], start: (ctx) => ctx.provide('monitoring', watching) })
/** The web service of permission-http. */
let service: Server
const questions: string[] = []

/** Everything but kinds that are `secret.…`; ann may do what she likes. */
function decide(body: string): { readonly allow: boolean; readonly reason?: string } {
  const { who, what }: { who: { id: string }; what: { action: string; target: string } } = JSON.parse(body)
  questions.push(`${who.id} ${what.action} ${what.target}`)
  if (what.action === 'stream.read' && who.id === 'ann') return { allow: true }
  if (what.action === 'stream.read' && who.id === 'ann') return { allow: true }
  return what.target.startsWith('secret.') ? { allow: false, reason: 'that is secret' } : { allow: true }
}

async function users(home: string, names: Record<string, string>): Promise<void> {
  const hashes = await Promise.all(Object.entries(names).map(async ([name, password]) => `  ${name}: ${await hashPassword(password, cheap)}\n`))
  writeFileSync(join(home, 'users.yaml'), `users:\n${hashes.join('')}`, { mode: 0o600 })
}

beforeAll(async () => {
  service = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(decide(Buffer.concat(parts).toString())))
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  const home = nodes.newHome()
  await users(home, { ann: 'right', bob: 'also right' })
  const flags = {
    'auth-file.enabled': true,
    'permission-http.enabled': true,
    'permission-http.url': `http://127.0.0.1:${(service.address() as AddressInfo).port}/may`,
    'monitoring-http.enabled': true,
    'endpoint-websocket.enabled': true,
    'endpoint-websocket.port': 0,
    'plugins.json-lines.use': join(import.meta.dirname, '..', 'fixtures', 'json-lines.mjs'),
  }
  door = await nodes.start('door', { home, flags, kinds: ['t.echo', 'secret.echo'], plugins: [observer] })
  peer = await nodes.start('peer', { kinds: ['t.far'] })
  await nodes.join(door, peer)
  peer.probe.handle = (_, __, body) => new TextEncoder().encode(`far ${new TextDecoder().decode(body)}`)
  address = (await read<{ address: string }>(door, '/endpoint-websocket/status')).address
  const opened = door.daemon.log.tail({ lines: 500, module: 'endpoints' }).find(({ fields }) => fields['endpoint'] === 'json-lines')
  lines = String(opened?.fields['address'])
})

afterAll(async () => {
  await nodes.dispose()
  service?.closeAllConnections()
  service?.close()
})

describe('auth-file', () => {
  it('lets a user publish over RTMP with the right password, and not with another', async () => {
    const { port } = await read<{ port: number }>(door, '/rtmp/info')
    const right = await RawClient.publishing(port, 'cam?user=ann&pass=right')
    expect(questions).toContain('ann stream.publish live/cam')
    right.close()
    const wrong = await RawClient.ready(port)
    wrong.command(1, 'publish', 3, null, 'other?user=ann&pass=wrong', 'live')
    const refusal = await waitFor('a refusal', () => wrong.statuses.find(({ level }) => level === 'error') ?? (wrong.closed && { code: 'closed' }))
    expect(refusal.code).not.toContain('Start')
    expect(questions).not.toContain('ann stream.publish live/other')
    wrong.close()
  })
})

describe('players with a password', () => {
  let host: string
  const flv = (pair = '', query = ''): string => `http://${pair}${host}/secret.tv/clip.flv${query}`

  beforeAll(async () => {
    host = `127.0.0.1:${door.daemon.http?.port}`
    await door.client.call('pulls.create', { body: { url: 'file:///sample', path: 'secret.tv/clip' } })
    await waitFor('the clip', async () => (await door.client.call('streams.list')).streams.some(({ path }) => path === 'secret.tv/clip'))
  })

  const status = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
    const response = await fetch(url, { headers })
    await response.body?.cancel()
    return response.status
  }

  it('see what their user may see, by header or by query', async () => {
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
    expect(await status(flv())).toBe(401)
    expect(await status(flv(), basic('ann:right'))).toBe(200)
    expect(await status(flv('', '?user=ann&pass=right'))).toBe(200)
    expect(await status(flv(), basic('bob:also right'))).toBe(403)
    expect(await status(flv(), basic('ann:wrong'))).toBe(401)
    expect(await status(flv('', '?user=ann&pass=wrong'))).toBe(401)
  })

  it('are asked to wait after too many wrong ones; the token of the owner is not', async () => {
    const codes: number[] = []
    for (let i = 0; i < 8; i++) codes.push(await status(flv('', `?user=carl&pass=${i}`)))
    expect(codes.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
    expect(codes).toContain(429)
    const token = readFileSync(door.daemon.paths.token, 'utf8').trim()
    expect(await status(`http://${host}/api/status`, { authorization: `Bearer ${token}` })).toBe(200)
    expect(await status(flv('', '?user=ann&pass=right'))).toBe(200)
  })

  itWith(['ffmpeg'], 'such as ffmpeg, which shows it when it is asked', async () => {
    const probe = promisify(execFile)('ffprobe', [
      '-v',
      'error',
      '-analyzeduration',
      '500000',
      '-show_entries',
      'stream=codec_type',
      '-of',
      'csv',
      flv('ann:right@'),
    ])
    expect((await probe).stdout).toContain('video')
    const refused = promisify(execFile)('ffprobe', ['-v', 'error', flv('ann:nothing@')])
    await expect(refused).rejects.toThrow('401')
  })
})

describe('endpoint-websocket', () => {
  it('exchanges payloads with plugins of this node and of a peer', async () => {
    const client = await WebClient.login(address, 'ann', 'right')
    expect(await client.ask({ type: 'request', kind: 't.echo', text: 'grüße' })).toMatchObject({ ok: true, text: 'grüße' })
    expect(await client.ask({ type: 'request', to: 'self', kind: 't.echo', base64: '//4=' })).toMatchObject({ ok: true, base64: '//4=' })
    expect(await client.ask({ type: 'request', to: 'peer', kind: 't.far', text: 'hi' })).toMatchObject({ ok: true, text: 'far hi' })
    expect(await client.ask({ type: 'send', to: peer.id, kind: 't.far', text: 'hi' })).toMatchObject({ ok: true })
    expect(await client.ask({ type: 'send', to: 'nobody', kind: 't.far' })).toMatchObject({ ok: false, error: { code: 'ERR_PEER_UNKNOWN' } })
    expect(await client.ask({ type: 'send', kind: 't.none' })).toMatchObject({ ok: false, error: { code: 'ERR_KIND_UNCLAIMED' } })
    client.web.close()
  })

  it('asks for permission of every message', async () => {
    const client = await WebClient.login(address, 'ann', 'right')
    expect(await client.ask({ type: 'send', kind: 'secret.echo', text: 'x' })).toMatchObject({
      ok: false,
      error: { code: 'ERR_FORBIDDEN', message: 'that is secret' },
    })
    expect(questions).toContain('ann payload.send secret.echo')
    client.web.close()
  })

  it('answers each message of a batch, and says that some failed', async () => {
    const client = await WebClient.login(address, 'bob', 'also right')
    const send = (kind: string) => ({ type: 'send', kind, text: 'x' })
    const { ok, partial, results } = await client.askAll([{ id: 7, ...send('t.echo') }, send('secret.echo'), { type: 'dance' }, 5, { type: 'ping' }])
    expect([ok, partial]).toEqual([false, true])
    expect(results?.map((one) => one.error?.code ?? 'ok')).toEqual(['ok', 'ERR_FORBIDDEN', 'ERR_REQUEST_INVALID', 'ERR_REQUEST_INVALID', 'ok'])
    expect(results?.[0]).toMatchObject({ id: 7 })
    expect(await client.askAll([{ type: 'ping' }])).toMatchObject({ ok: true, partial: false })
    client.web.close()
  })

  it('registers of a denied and an allowed kind only the allowed one', async () => {
    for (const kinds of [
      ['secret.news', 't.news'],
      ['t.news', 'secret.news'],
    ]) {
      const client = await WebClient.login(address, 'bob', 'also right')
      const result = await client.ask({ type: 'subscribe', kinds })
      expect(result).toMatchObject({ ok: false, partial: true, registered: ['t.news'], refused: [{ kind: 'secret.news', error: { code: 'ERR_FORBIDDEN' } }] })
      await waitFor('the peer to know', () => peer.probe.ctx.peers.get(door.id)?.kinds.includes('t.news'))
      expect(peer.probe.ctx.peers.get(door.id)?.kinds).not.toContain('secret.news')
      await peer.probe.ctx.payloads.send(door.id, 't.news', new TextEncoder().encode('rain'))
      await waitFor('the news', () => client.payloads.includes('t.news rain'))
      await expect(door.probe.ctx.payloads.send(door.id, 'secret.news', new Uint8Array(1))).rejects.toMatchObject({ code: 'ERR_KIND_UNCLAIMED' })
      client.web.close()
      await waitFor('the kind to be free', () => !peer.probe.ctx.peers.get(door.id)?.kinds.includes('t.news'))
    }
  })

  it('does not take a kind that a plugin handles', async () => {
    const client = await WebClient.login(address, 'bob', 'also right')
    expect(await client.ask({ type: 'subscribe', kinds: ['t.echo'] })).toMatchObject({ ok: false, refused: [{ error: { code: 'ERR_KIND_CLAIMED' } }] })
    client.web.close()
  })

  it('takes credentials from the header, and turns away who has none', async () => {
    const basic = (text: string) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } })
    expect(await handshakeStatus(address, basic('ann:right'))).toBe(101)
    expect(await handshakeStatus(address, basic('ann:wrong'))).toBe(401)
    const stranger = await WebClient.open(address)
    expect(await stranger.ask({ type: 'send', kind: 't.echo' })).toMatchObject({ ok: false, error: { code: 'ERR_UNAUTHENTICATED' } })
    await waitFor('the end', () => stranger.closed?.code === 1008)
    const liar = await WebClient.open(address)
    expect(await liar.ask({ type: 'login', user: 'ann', password: 'no' })).toMatchObject({ ok: false, error: { code: 'ERR_UNAUTHENTICATED' } })
    await waitFor('the end', () => liar.closed?.reason === 'ERR_UNAUTHENTICATED')
  })
})

describe('an endpoint that a plugin brings', () => {
  it('logs clients in and exchanges payloads', async () => {
    const client = new LineClient(lines)
    await client.ask({ user: 'ann', password: 'wrong' }, { ok: false, code: 'ERR_UNAUTHENTICATED' })
    await client.ask({ user: 'ann', password: 'right' }, { ok: true, who: 'ann' })
    await client.ask({ to: 'self', kind: 't.echo', text: 'hi' }, { ok: true, text: 'hi' })
    await client.ask({ to: 'self', kind: 'secret.echo', text: 'hi' }, { ok: false, code: 'ERR_FORBIDDEN' })
    await client.ask({ take: 't.lines' }, { ok: true })
    await door.probe.ctx.payloads.send(door.id, 't.lines', new TextEncoder().encode('one'))
    await client.next({ kind: 't.lines', text: 'one' })
    client.socket.destroy()
  })
})

describe('observers', () => {
  it('all see the numbers that were', async () => {
    await quiet()
    await read(door, '/monitoring-http/summary?reset=true')
    logins.length = 0
    payloads.length = 0
    const client = await WebClient.login(address, 'ann', 'right')
    for (let at = 0; at < 5; at++) await client.ask({ type: 'send', kind: 't.echo', text: 'four' })
    await WebClient.login(address, 'ann', 'wrong').catch(() => {})
    client.web.close()
    const mine = (one: Summary) => [one.payloads.in.kinds['t.echo'], one.payloads.out.kinds['t.echo'], one.logins.allowed, one.logins.refused]
    await waitFor('the numbers', async () => mine(await summary()).join() === '5,5,1,1')
    const sum = (direction: string, of: 'count' | 'bytes') =>
      payloads.filter((one) => one.kind === 't.echo' && one.direction === direction && one.outcome === 'ok').reduce((all, one) => all + one[of], 0)
    expect([sum('in', 'count'), sum('in', 'bytes'), sum('out', 'count')]).toEqual([5, 20, 5])
    expect(logins.map(({ allowed, via, count }) => [allowed, via, count])).toEqual(
      expect.arrayContaining([
        [true, 'websocket', 1],
        [false, 'websocket', 1],
      ]),
    )
    expect(mine(await read(door, '/monitoring-http/summary?reset=true')).join()).toBe('5,5,1,1')
    expect(mine(await summary()).join()).toBe(',,0,0')
  })

  it('show their numbers to the owner alone', async () => {
    const { host, port } = door.daemon.http ?? {}
    const status = async (headers: Record<string, string>) => (await fetch(`http://${host}:${port}/monitoring-http/summary`, { headers })).status
    expect(await status({})).toBe(401)
    expect(await status({ authorization: 'Bearer wrong-token' })).toBe(401)
    expect(await status({ authorization: `Bearer ${readFileSync(door.daemon.paths.token, 'utf8').trim()}` })).toBe(200)
  })
})

describe('a user who is removed', () => {
  it('is cut, and comes in no more; an invalid file changes nothing', async () => {
    const [ann, bob] = [await WebClient.login(address, 'ann', 'right'), await WebClient.login(address, 'bob', 'also right')]
    await users(door.home, { ann: 'right' })
    await waitFor('bob to be cut', () => bob.closed?.reason === 'ERR_UNAUTHENTICATED')
    await expect(WebClient.login(address, 'bob', 'also right')).rejects.toThrow('cannot log in')
    writeFileSync(join(door.home, 'users.yaml'), 'users: [', { mode: 0o600 })
    await waitFor('the complaint', () => JSON.stringify(door.daemon.log.tail({ lines: 100 })).includes('the users file is wrong'))
    expect(await ann.ask({ type: 'ping' })).toMatchObject({ ok: true })
    ;(await WebClient.login(address, 'ann', 'right')).web.close()
    ann.web.close()
  })
})

describe('a door whose plugin is taken out', () => {
  it('closes, and opens again with it', async () => {
    const client = await WebClient.login(address, 'ann', 'right')
    await door.client.call('plugins.disable', { params: { name: 'endpoint-websocket' } })
    await waitFor('the client to be cut', () => client.closed)
    await door.client.call('plugins.enable', { params: { name: 'endpoint-websocket' } })
    address = await waitFor('the new address', async () => (await read<{ address?: string }>(door, '/endpoint-websocket/status')).address)
    ;(await WebClient.login(address, 'ann', 'right')).web.close()
  })
})

describe('a door that cannot be opened', () => {
  it('is a problem that people see, and nothing more', async () => {
    const set = (key: string, value: unknown) => peer.client.call('config.set', { params: { key: `plugins.endpoint-websocket.${key}` }, body: { value } })
    await set('port', Number(new URL(address).port))
    await set('enabled', true)
    await peer.client.call('plugins.restart', { params: { name: 'endpoint-websocket' } })
    const problem = await waitFor('the problem', async () => (await peer.client.call('status')).problems.find(({ what }) => what === 'endpoint:websocket'))
    expect(problem.message).toContain('in use')
    await peer.client.call('plugins.disable', { params: { name: 'endpoint-websocket' } })
    await waitFor('its end', async () => !(await peer.client.call('status')).problems.some(({ what }) => what === 'endpoint:websocket'))
  })
})

describe('a stop', () => {
  it('closes the doors of clients before anything else', async () => {
    const client = await WebClient.login(address, 'ann', 'right')
    const report = await door.daemon.stop()
    await waitFor('the client to be told', () => client.closed?.code === 1001)
    const order = report.steps.map(({ name }) => name)
    expect(order.indexOf('endpoints')).toBeLessThan(order.indexOf('plugins'))
    expect(order.indexOf('plugins')).toBeLessThan(order.indexOf('services'))
    expect(report.steps.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
  })
})

const summary = (): Promise<Summary> => read<Summary>(door, '/monitoring-http/summary')

/** Waits until nothing is counted any more. */
async function quiet(): Promise<void> {
  let last = ''
  await waitFor('silence', async () => {
    const { logins: one, payloads: two } = await summary()
    const now = JSON.stringify([one, two])
    const same = now === last
    last = now
    await new Promise((resolve) => setTimeout(resolve, 300))
    return same
  })
}

class LineClient {
  readonly socket: Socket
  readonly #lines: AsyncIterator<string>

  constructor(where: string) {
    const { hostname, port } = new URL(where)
    this.socket = connect(Number(port), hostname)
    this.#lines = createInterface({ input: this.socket })[Symbol.asyncIterator]()
  }

  async ask(message: object, answer: object): Promise<void> {
    this.socket.write(`${JSON.stringify(message)}\n`)
    await this.next(answer)
  }

  async next(answer: object): Promise<void> {
    expect(JSON.parse((await this.#lines.next()).value)).toMatchObject(answer)
  }
}
