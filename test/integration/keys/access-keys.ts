/** Observations of the keys of plugins that decide who is there and who may, that look on, and that open doors. */

import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'vitest'
import { hashPassword } from '../../../src/plugins/auth-file/password.js'
import { RawClient } from '../../unit/plugins/rtsp/raw-client.js'
import { waitFor } from '../../wait-for.js'
import { handshakeStatus, WebClient } from '../../web-client.js'
import type { TestNode } from '../nodes.js'
import { type Bench, listens, type Observation, read } from './bench.js'

const host = '127.0.0.2'
const outside = 'http://192.0.2.1/'

/** A web service for all three plugins; keeps what it was asked. */
class Service {
  readonly asked: { readonly path: string; readonly token: string | undefined; readonly body: Body }[] = []
  denied = ''
  readonly held: ServerResponse[] = []
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #flaky = 0

  async listen(): Promise<string> {
    // nothing of it keeps the process: tests have no place to close it
    this.#server.unref()
    if (!this.#server.listening) await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const body: Body = JSON.parse(Buffer.concat(parts).toString())
    const path = request.url ?? ''
    this.asked.push({ path, token: request.headers.authorization, body })
    const say = (status: number, value: unknown): void => void response.writeHead(status).end(JSON.stringify(value))
    const what = body.user ?? body.what?.target ?? ''
    if (what.includes('held')) this.held.push(response)
    else if (path === '/may') say(200, { allow: what !== this.denied })
    else if (path === '/push') say(200, {})
    else if (what === 'flaky') say(++this.#flaky % 3 === 0 ? 200 : 500, { id: what })
    else say(200, { id: what, ...(what === 'root' && { kind: 'owner' }) })
  }

  /** Answers what was held back. */
  release(value: unknown): void {
    for (const response of this.held.splice(0)) response.writeHead(200).end(JSON.stringify(value))
  }
}

interface Body {
  readonly user?: string
  readonly what?: { readonly target: string }
  readonly since?: number
  readonly until?: number
}

/** Key → its observation. */
export function accessKeys(bench: Bench): Record<string, Observation> {
  const service = new Service()
  const nodes = new AccessNodes(bench, service)
  const own = {
    ...authKeys(nodes, service),
    ...permissionKeys(nodes, service),
    ...monitoringKeys(nodes, service),
    ...endpointKeys(nodes),
    ...endpointLimitKeys(nodes),
  }
  return Object.fromEntries(Object.entries(own).map(([key, observe]) => [`plugins.${key}`, observe]))
}

/** The nodes. */
class AccessNodes {
  readonly bench: Bench
  readonly #service: Service

  constructor(bench: Bench, service: Service) {
    this.bench = bench
    this.#service = service
  }

  /** Everything set to something that can be seen. */
  open(): Promise<TestNode> {
    return this.bench.node('access', async () => {
      const home = this.bench.nodes.newHome()
      writeFileSync(join(home, 'people.yaml'), `users: { filed: '${await hashPassword('right', { ln: 4, r: 8, p: 1 })}' }`, { mode: 0o600 })
      const url = await this.#service.listen()
      return {
        home,
        kinds: ['t.x'],
        flags: {
          ...{ 'auth-file.enabled': true, 'auth-file.file': 'people.yaml', 'auth-file.unknown': 'pass' },
          ...{ 'auth-http.enabled': true, 'auth-http.url': `${url}/who`, 'auth-http.token': 'token-of-who', 'auth-http.retries': 2 },
          ...{ 'auth-http.concurrent': 1, 'auth-http.owners': true },
          ...{ 'permission-http.enabled': true, 'permission-http.url': `${url}/may`, 'permission-http.token': 'token-of-may' },
          ...{ 'permission-http.ttl': 0, 'permission-http.recheck': 100, 'permission-http.concurrent': 1 },
          ...{ 'monitoring-http.enabled': true, 'monitoring-http.reset': true, 'monitoring-http.pushUrl': `${url}/push` },
          ...{ 'monitoring-http.pushInterval': 0.2, 'monitoring-http.pushToken': 'token-of-push' },
          ...{ 'endpoint-websocket.enabled': true, 'endpoint-websocket.host': host, 'endpoint-websocket.port': await this.bench.port('websocket') },
          ...{ 'endpoint-websocket.allowedHosts': ['box.example'], 'endpoint-websocket.allowedOrigins': ['https://page.example'] },
          ...{ 'endpoint-websocket.maxConnections': 3, 'endpoint-websocket.maxMessage': 300, 'endpoint-websocket.maxBatch': 2 },
          'endpoint-websocket.maxOutput': 65_536,
        },
      }
    })
  }

  /** Little patience. */
  hasty(): Promise<TestNode> {
    return this.bench.node('access-hasty', async () => {
      const url = await this.#service.listen()
      return {
        kinds: ['t.held'],
        flags: {
          ...{ 'auth-http.enabled': true, 'auth-http.url': `${url}/who`, 'auth-http.timeout': 400, 'auth-http.digest': ['SHA-256'] },
          ...{ 'permission-http.enabled': true, 'permission-http.url': `${url}/may`, 'permission-http.timeout': 400 },
          ...{ 'endpoint-websocket.enabled': true, 'endpoint-websocket.port': 0 },
          ...{ 'endpoint-websocket.loginTimeout': 200, 'endpoint-websocket.pingInterval': 300 },
        },
      }
    })
  }

  /** Services on another machine, without TLS. */
  outside(insecure: boolean): Promise<TestNode> {
    return this.bench.node(`access-outside-${insecure}`, {
      flags: {
        ...{ 'auth-http.enabled': true, 'auth-http.url': outside, 'auth-http.insecure': insecure },
        ...{ 'permission-http.enabled': true, 'permission-http.url': outside, 'permission-http.insecure': insecure },
        ...{ 'monitoring-http.enabled': true, 'monitoring-http.pushUrl': outside, 'monitoring-http.insecure': insecure },
      },
    })
  }

  async address(node: TestNode): Promise<string> {
    return (await read<{ address: string }>(node, '/endpoint-websocket/status')).address
  }

  /** A client of {@link open}, once there is room for it. */
  async login(user: string, password = 'x'): Promise<WebClient> {
    const node = await this.open()
    await waitFor('room', async () => (await read<{ clients: number }>(node, '/endpoint-websocket/status')).clients === 0)
    return await WebClient.login(await this.address(node), user, password)
  }
}

/** Does the plugin start where its service is on another machine, and only then? */
async function observeInsecure(nodes: AccessNodes, name: string): Promise<void> {
  const stateOf = async (insecure: boolean) => (await (await nodes.outside(insecure)).client.call('plugins.info', { params: { name } })).plugin.state
  expect([await stateOf(true), await stateOf(false)]).toEqual(['running', 'failed'])
}

/** What the RTSP server asks of a client whose credentials are wrong. */
async function challengesOf(node: TestNode): Promise<readonly string[]> {
  const client = await RawClient.dial((await read<{ port: number }>(node, '/rtsp/info')).port, 'live/cam')
  const { headers } = await client.ask('DESCRIBE', { Authorization: 'Digest wrong' })
  client.socket.destroy()
  return headers.get('www-authenticate') ?? []
}

const logged = (node: TestNode, text: string): boolean => JSON.stringify(node.daemon.log.tail({ lines: 2000 })).includes(text)

function authKeys(nodes: AccessNodes, service: Service): Record<string, Observation> {
  const asWho = async (user: string): Promise<string | undefined> => {
    const client = await nodes.login(user, 'right')
    client.web.close()
    return service.asked.findLast((one) => one.path === '/who' && one.body.user === user)?.token
  }
  return {
    'auth-file.file': async () => expect(await asWho('filed')).toBeUndefined(),
    'auth-file.unknown': async () => expect(await asWho('elsewhere')).toBeDefined(),
    'auth-http.url': async () => expect(await asWho('ann')).toBeDefined(),
    'auth-http.token': async () => expect(await asWho('bob')).toBe('Bearer token-of-who'),
    'auth-http.retries': async () => expect(await asWho('flaky')).toBeDefined(),
    'auth-http.owners': async () => {
      const client = await WebClient.open(await nodes.address(await nodes.open()))
      expect(await client.ask({ type: 'login', user: 'root', password: 'x' })).toMatchObject({ principal: { kind: 'owner' } })
      client.web.close()
    },
    'auth-http.concurrent': async () => {
      const address = await nodes.address(await nodes.open())
      const [first, second] = [await WebClient.open(address), await WebClient.open(address)]
      const login = first.ask({ type: 'login', user: 'held', password: 'x' })
      await waitFor('the question', () => service.held.length === 1)
      expect(await second.ask({ type: 'login', user: 'late', password: 'x' })).toMatchObject({ ok: false })
      expect(service.asked.some(({ body }) => body.user === 'late')).toBe(false)
      service.release({ id: 'held' })
      await login
      for (const client of [first, second]) client.web.close()
    },
    'auth-http.timeout': async () => {
      const node = await nodes.hasty()
      const held = { authorization: `Basic ${Buffer.from('held:x').toString('base64')}` }
      expect(await handshakeStatus(await nodes.address(node), { headers: held })).toBe(401)
      await waitFor('the reason', () => logged(node, 'No answer came within 400 ms'))
      service.held.splice(0)
    },
    'auth-http.insecure': () => observeInsecure(nodes, 'auth-http'),
    'auth-http.digest': async () => {
      expect(await challengesOf(await nodes.outside(true))).toEqual(['Basic realm="shoal"'])
      expect(await challengesOf(await nodes.hasty())).toEqual([expect.stringMatching(/^Digest .*algorithm=SHA-256/), 'Basic realm="shoal"'])
    },
  }
}

function permissionKeys(nodes: AccessNodes, service: Service): Record<string, Observation> {
  const questions = (target: string) => service.asked.filter(({ path, body }) => path === '/may' && body.what?.target === target)
  const sendTwice = async (kind: string): Promise<void> => {
    const client = await nodes.login('filed', 'right')
    for (const _ of [1, 2]) await client.ask({ type: 'send', kind })
    client.web.close()
  }
  return {
    'permission-http.url': async () => {
      await sendTwice('t.url')
      expect(questions('t.url').length).toBeGreaterThan(0)
    },
    'permission-http.token': async () => {
      await sendTwice('t.token')
      expect(questions('t.token')[0]?.token).toBe('Bearer token-of-may')
    },
    'permission-http.ttl': async () => {
      await sendTwice('t.ttl')
      expect(questions('t.ttl').length).toBe(2)
    },
    'permission-http.recheck': async () => {
      const client = await nodes.login('filed', 'right')
      expect(await client.ask({ type: 'subscribe', kinds: ['t.revoked'] })).toMatchObject({ ok: true })
      service.denied = 't.revoked'
      await waitFor('the cut', () => client.closed?.reason === 'ERR_FORBIDDEN')
    },
    'permission-http.concurrent': async () => {
      const node = await nodes.open()
      const client = await nodes.login('filed', 'right')
      const held = client.ask({ type: 'send', kind: 't.held' })
      await waitFor('the question', () => service.held.length === 1)
      const other = await node.daemon.http
      const status = (await fetch(`http://${other?.host}:${other?.port}/live/x.flv`)).status
      expect(status).toBe(401)
      expect(questions('live/x')).toEqual([])
      service.release({ allow: true })
      await held
      client.web.close()
    },
    'permission-http.timeout': async () => {
      const node = await nodes.hasty()
      const client = await WebClient.open(await nodes.address(node), { headers: { authorization: `Basic ${Buffer.from('ann:x').toString('base64')}` } })
      const answer = await client.ask({ type: 'send', kind: 't.held' })
      expect(answer).toMatchObject({ ok: false, error: { code: 'ERR_FORBIDDEN' } })
      await waitFor('the reason', () =>
        node.daemon.log.tail({ lines: 2000, module: 'plugin:permission-http' }).some(({ fields }) => String(fields['reason']).includes('400 ms')),
      )
      client.web.close()
      service.held.splice(0)
    },
    'permission-http.insecure': () => observeInsecure(nodes, 'permission-http'),
  }
}

function monitoringKeys(nodes: AccessNodes, service: Service): Record<string, Observation> {
  const pushed = () => service.asked.filter(({ path }) => path === '/push')
  const wait = async () => {
    await nodes.open()
    return await waitFor('two summaries', () => pushed().length > 1 && pushed())
  }
  return {
    'monitoring-http.pushUrl': async () => void (await wait()),
    'monitoring-http.pushInterval': async () => void (await wait()),
    'monitoring-http.pushToken': async () => expect((await wait())[0]?.token).toBe('Bearer token-of-push'),
    'monitoring-http.reset': async () => {
      await wait()
      const [first, second] = pushed()
      expect(second?.body.since).toBe(first?.body.until)
    },
    'monitoring-http.insecure': () => observeInsecure(nodes, 'monitoring-http'),
  }
}

function endpointKeys(nodes: AccessNodes): Record<string, Observation> {
  const status = async (headers: Record<string, string>): Promise<number> => await handshakeStatus(await nodes.address(await nodes.open()), { headers })
  return {
    'endpoint-websocket.host': async () => {
      await nodes.open()
      expect(await listens('127.0.0.1', await nodes.bench.port('websocket'))).toBe(false)
    },
    'endpoint-websocket.port': async () => {
      await nodes.open()
      expect(await listens(host, await nodes.bench.port('websocket'))).toBe(true)
    },
    'endpoint-websocket.allowedHosts': async () => expect([await status({ host: 'box.example' }), await status({ host: 'other.example' })]).toEqual([101, 403]),
    'endpoint-websocket.allowedOrigins': async () =>
      expect([await status({ origin: 'https://page.example' }), await status({ origin: 'https://other.example' })]).toEqual([101, 403]),
    'endpoint-websocket.loginTimeout': async () => {
      const client = await WebClient.open(await nodes.address(await nodes.hasty()))
      await waitFor('the cut', () => client.closed?.reason === 'ERR_TIMEOUT')
    },
    'endpoint-websocket.pingInterval': async () => {
      const headers = { authorization: `Basic ${Buffer.from('ann:x').toString('base64')}` }
      const client = await WebClient.open(await nodes.address(await nodes.hasty()), { headers, autoPong: false })
      await waitFor('the cut', () => client.closed)
    },
  }
}

function endpointLimitKeys(nodes: AccessNodes): Record<string, Observation> {
  return {
    'endpoint-websocket.maxConnections': async () => {
      const first = await nodes.login('filed', 'right')
      const address = await nodes.address(await nodes.open())
      const more = [await WebClient.open(address), await WebClient.open(address)]
      expect(await handshakeStatus(address)).toBe(503)
      for (const client of [first, ...more]) client.web.close()
    },
    'endpoint-websocket.maxMessage': async () => {
      const client = await nodes.login('filed', 'right')
      client.web.send('x'.repeat(301))
      await waitFor('the cut', () => client.closed?.code === 1009)
    },
    'endpoint-websocket.maxBatch': async () => {
      const client = await nodes.login('filed', 'right')
      expect(await client.askAll([{ type: 'ping' }, { type: 'ping' }])).toMatchObject({ ok: true })
      expect(await client.askAll([1, 2, 3])).toMatchObject({ ok: false, error: { code: 'ERR_REQUEST_INVALID' } })
      client.web.close()
    },
    'endpoint-websocket.maxOutput': async () => {
      const node = await nodes.open()
      const client = await nodes.login('filed', 'right')
      await client.ask({ type: 'subscribe', kinds: ['t.flood'] })
      client.web.pause()
      const body = new Uint8Array(500_000).fill(65)
      await waitFor('the cut', async () => {
        await Promise.allSettled(Array.from({ length: 8 }, () => node.probe.ctx.payloads.send(node.id, 't.flood', body)))
        return logged(node, 'slow client was cut')
      })
      client.web.terminate()
    },
  }
}
