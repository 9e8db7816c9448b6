/** Suites of the slots about who is there and who may: defaults and alternatives. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestAlgorithms, digestRealm, digestSecret } from '../../src/backends/digest.js'
import { CombinedMonitoring } from '../../src/daemon/host/combined-monitoring.js'
import type { Plugin } from '../../src/plugin.js'
import { authFile } from '../../src/plugins/auth-file/index.js'
import { hashPassword } from '../../src/plugins/auth-file/password.js'
import { writeDigest } from '../../src/plugins/auth-file/users.js'
import { authHttp } from '../../src/plugins/auth-http/index.js'
import { endpointWebSocket } from '../../src/plugins/endpoint-websocket/index.js'
import { WebSocketEndpoint } from '../../src/plugins/endpoint-websocket/server.js'
import { monitoringHttp } from '../../src/plugins/monitoring-http/index.js'
import { Totals } from '../../src/plugins/monitoring-http/totals.js'
import { permissionHttp } from '../../src/plugins/permission-http/index.js'
import type { Endpoint, Monitoring, Services } from '../../src/services.js'
import {
  authenticationCompliance,
  type EndpointClient,
  endpointCompliance,
  type FakeContext,
  fakeContext,
  memoryLog,
  monitoringCompliance,
  permissionCompliance,
  pluginCompliance,
} from '../../src/testing/index.js'
import { waitFor } from '../wait-for.js'
import { WebClient } from '../web-client.js'

const api = { describe, expect, it }
const running: FakeContext[] = []
let service: Server

/** A web service that knows ann, and lets her and the owner do what the local permission lets a known client do. */
async function answer(request: IncomingMessage): Promise<readonly [status: number, body: unknown]> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  const asked = JSON.parse(Buffer.concat(parts).toString())
  if (request.url === '/may') return [200, { allow: asked.who.kind === 'owner' && ['stream.read', 'api.call'].includes(asked.what.action) }]
  if (asked.user !== 'ann') return [asked.user === undefined ? 404 : 403, {}]
  return asked.password === 'right' ? [200, { id: 'ann' }] : [401, {}]
}

beforeAll(async () => {
  service = createServer(async (request, response) => {
    const [status, body] = await answer(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await Promise.all(running.map((context) => context.stop()))
  service.closeAllConnections()
  service.close()
})

const url = (path: string): string => `http://127.0.0.1:${(service.address() as AddressInfo).port}${path}`

/** The service that a plugin fills a slot with. */
async function filled<K extends 'authentication' | 'permission'>(slot: K, plugin: Plugin, config: unknown): Promise<Services[K]> {
  const provided: Partial<Services> = {}
  const context = fakeContext(plugin, { config })
  running.push(context)
  const provide = context.ctx.provide.bind(context.ctx)
  context.ctx.provide = (name, service) => {
    Object.assign(provided, { [name]: service })
    provide(name, service)
  }
  await context.start()
  return provided[slot] as Services[K]
}

const ann = { via: 'rtmp', user: 'ann', password: 'right' }
const wrong = [
  { ...ann, password: 'wrong' },
  { ...ann, password: '' },
  { via: 'rtmp', user: 'bob', password: 'right' },
]

const secrets = digestAlgorithms.map((each) => writeDigest(each, digestSecret(each, 'ann', 'right'))).join(' ')

authenticationCompliance(api, 'auth-file', {
  factory: async () => {
    const plugin = authFile()
    const context = fakeContext(plugin)
    const file = join(context.dataDir, 'users.yaml')
    writeFileSync(file, `users: { ann: '${await hashPassword('right', { ln: 4, r: 8, p: 1 })} ${secrets}' }`, { mode: 0o600 })
    running.push(context)
    return filled('authentication', plugin, { file })
  },
  right: ann,
  wrong,
  foreign: [{ via: 'http', token: 'some-token' }],
  digest: { realm: digestRealm },
})
authenticationCompliance(api, 'auth-http', {
  factory: () => filled('authentication', authHttp(), { url: url('/who') }),
  right: ann,
  wrong,
  foreign: [{ via: 'http', token: 'some-token' }],
})
permissionCompliance(api, 'permission-http', () => filled('permission', permissionHttp(), { url: url('/may') }))
monitoringCompliance(api, 'monitoring-http', () => new Totals())
const combined = (observers: readonly Monitoring[]) =>
  new CombinedMonitoring({ observers: () => observers.map((one) => ({ plugin: 'test', service: one })), log: memoryLog() })
for (const [name, observers] of [
  ['no monitoring at all', []],
  ['combined monitoring', [new Totals(), {}]],
] as const)
  monitoringCompliance(
    api,
    name,
    () => combined(observers),
    (monitoring) => (monitoring as CombinedMonitoring).flush(),
  )

/** A users file for a plugin that is only started and stopped. */
const folder = mkdtempSync(join(tmpdir(), 'shoal-access-'))
writeFileSync(join(folder, 'users.yaml'), 'users: {}', { mode: 0o600 })
afterAll(() => rmSync(folder, { recursive: true }))

const local = { url: 'http://127.0.0.1:9/' }
pluginCompliance(api, 'auth-file', { factory: () => authFile(folder) as Plugin, badConfigs: [{ file: '' }, { unknown: 'maybe' }, { users: {} }] })
pluginCompliance(api, 'auth-http', {
  factory: () => authHttp() as Plugin,
  config: local,
  badConfigs: [{ ...local, timeout: 5000 }, { ...local, retries: -1 }, { url: 7 }],
})
pluginCompliance(api, 'permission-http', {
  factory: () => permissionHttp() as Plugin,
  config: local,
  badConfigs: [
    { ...local, ttl: -1 },
    { ...local, concurrent: 0 },
  ],
})
pluginCompliance(api, 'monitoring-http', {
  factory: () => monitoringHttp() as Plugin,
  config: { pushUrl: 'http://127.0.0.1:9/', pushInterval: 0.1 },
  badConfigs: [{ reset: 'yes' }, { pushInterval: 0 }, { pushUrl: 7 }],
})
pluginCompliance(api, 'endpoint-websocket', {
  factory: () => endpointWebSocket() as Plugin,
  config: { port: 0 },
  badConfigs: [{ port: -1 }, { host: '' }, { maxBatch: 65 }, { allowedOrigins: '*' }, { pingInterval: 1 }],
})

endpointCompliance(api, 'endpoint-websocket', {
  factory: () => {
    const { ctx } = fakeContext(endpointWebSocket(), { config: { port: 0 } })
    return new WebSocketEndpoint(ctx.config, memoryLog())
  },
  connect: async (address) => {
    const client = await WebClient.open(address)
    return {
      login: async (user, password) => (await client.ask({ type: 'login', user, password })).ok,
      request: async (kind, text) => {
        const { text: reply, error } = await client.ask({ type: 'request', kind, text })
        return { ...(reply !== undefined && { reply }), ...(error && { code: error.code }) }
      },
      closed: () => client.closed !== undefined,
      close: () => client.web.close(),
    }
  },
})

endpointCompliance(api, 'the example json-lines', {
  factory: async () => {
    let endpoint: Endpoint | undefined
    const { default: plugin } = await import('../fixtures/json-lines.mjs')
    plugin.start({ provide: (_: string, one: Endpoint) => (endpoint = one) })
    if (!endpoint) throw new Error('it filled no slot')
    return endpoint
  },
  connect: (address) => lineClient(address),
})

async function lineClient(address: string): Promise<EndpointClient> {
  const { hostname, port } = new URL(address)
  const socket: Socket = connect(Number(port), hostname)
  let over = false
  socket
    .on('error', () => {})
    .once('close', () => {
      over = true
    })
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  await waitFor('the connection', () => !socket.connecting)
  const ask = async (message: object): Promise<{ ok: boolean; text?: string; code?: string }> => {
    socket.write(`${JSON.stringify(message)}\n`)
    return JSON.parse((await lines.next()).value)
  }
  return {
    login: async (user, password) => (await ask({ user, password })).ok,
    request: async (kind, text) => {
      const { text: reply, code } = await ask({ to: 'self', kind, text })
      return { ...(reply !== undefined && { reply }), ...(code !== undefined && { code }) }
    },
    closed: () => over,
    close: () => socket.destroy(),
  }
}
