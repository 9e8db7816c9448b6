/** A daemon made of fakes behind a real API server, and a client that sends exactly what it is told. */

import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DaemonPort, Guard, PluginView } from '../../../../src/daemon/api/port.js'
import { type ApiLimits, ApiServer } from '../../../../src/daemon/api/server.js'
import type { Output } from '../../../../src/daemon/api/table.js'
import { loadConfig } from '../../../../src/daemon/config/config.js'

import { PluginRoutes } from '../../../../src/daemon/host/http.js'
import { createLog } from '../../../../src/daemon/log.js'
import type { PullInfo } from '../../../../src/daemon/streams/pulls.js'
import { Broadcast } from '../../../../src/daemon/util/queue.js'
import { ShoalError } from '../../../../src/errors.js'
import type { PeerEvent, PeerInfo } from '../../../../src/plugin.js'
import type { StreamEvent, StreamInfo } from '../../../../src/stream.js'
import { memoryLog } from '../../../../src/testing/memory-log.js'

export const token = 'a'.repeat(43)
export const attic = '12D3KooWAttic11111111111111111111111111111111111111'

export const peer: PeerInfo = {
  id: attic,
  name: 'attic',
  connected: true,
  addresses: ['/ip4/10.0.0.2/tcp/4710'],
  kinds: ['msg.text'],
  trustedSince: 1,
  lastSeen: 2,
  encryption: 'tls',
  rtt: 1.5,
}

export const stream: StreamInfo = {
  path: 'live/cam',
  publisher: 'shoal',
  origin: attic,
  hops: 1,
  tracks: [{ id: 1, kind: 'video', codec: 'avc1.64001f', width: 640, height: 360, description: new Uint8Array([1, 2, 3]) }],
  subscribers: 2,
  since: 5,
  framesIn: 10,
  bytesIn: 1000,
  framesDropped: 0,
  bitrate: 4e6,
  source: 'shoal://attic/live/cam',
}

export const pull: PullInfo = { path: 'live/cam', url: 'shoal://attic/live/cam', state: 'running', owner: 'api', tries: 1, since: 7, onDemand: false }

const plugin: PluginView = {
  name: 'monitor',
  section: 'monitor',
  needsRestart: [],
  source: 'built-in',
  state: 'running',
  required: false,
  kinds: [{ kind: 'a.b' }, { kind: 'c.d', shadowedBy: 'other' }],
  provides: [],
  requires: [],
  routes: ['GET /monitor/summary'],
  pullers: [],
  pushers: [],
  tasks: [],
  counters: { errors: 1, timeouts: 2, payloads: 3, droppedLogLines: 0 },
}

/** Fakes, and what was called. */
export interface FakeDaemon {
  readonly port: DaemonPort
  readonly guard: Guard
  readonly routes: PluginRoutes
  readonly calls: string[]
  readonly peerEvents: Broadcast<PeerEvent>
  readonly streamEvents: Broadcast<StreamEvent>
  readonly pullEvents: Broadcast<PullInfo>
  readonly log: ReturnType<typeof createLog>
  /** What the server logs. */
  readonly serverLog: ReturnType<typeof memoryLog>
  state: 'starting' | 'running' | 'stopping'
}

const lagged = (missed: number): { type: 'lagged'; missed: number; time: number } => ({ type: 'lagged', missed, time: 9 })

const tombstone = {
  ...{ id: 'cellar-id', name: 'cellar', time: 1, sequence: 1, by: 'self', version: 2, here: true, vouched: false },
  signature: new Uint8Array(64),
}
const asking = {
  ...{ peer: attic, name: 'attic', address: '/ip4/10.0.0.2/tcp/4710', code: '123456', asked: false },
  ...{ expires: 3, acceptedHere: false, acceptedThere: true },
}
const portable: Output<'portables.get'> = {
  ...{ name: 'Mirror', version: 'v1', language: 'go', executable: '/x/mirror' },
  ...{ sources: ['random'], sinks: [], functions: ['echo'] },
}
const blocked = { id: 'shed-id', name: 'shed', since: 1 }

export async function fakeDaemon(): Promise<FakeDaemon> {
  const calls: string[] = []
  const log = createLog({ fd: null })
  const loaded = await loadConfig({ pluginSchemas: { monitor: undefined }, nodeName: 'kitchen' })
  const events = {
    peerEvents: new Broadcast<PeerEvent>(lagged),
    streamEvents: new Broadcast<StreamEvent>(lagged),
    pullEvents: new Broadcast<PullInfo>(() => pull),
  }
  const find = (name: string): PeerInfo => {
    if (name === 'attic' || name === attic) return peer
    throw new ShoalError('ERR_PEER_UNKNOWN', `There is no peer ${name}.`)
  }
  const fake: FakeDaemon = {
    calls,
    log,
    ...events,
    serverLog: memoryLog(),
    state: 'running',
    routes: new PluginRoutes(),
    guard: {
      authenticate: async ({ token: given }) =>
        given === undefined ? null : given === token ? { kind: 'owner', id: 'owner' } : given === 'viewer' ? { kind: 'client', id: 'anna' } : false,
      allows: (who, { action, target }) => who.kind === 'owner' || (action === 'stream.read' && !target.startsWith('private/')) || 'Not for you.',
    },
    port: {
      log,
      config: {
        shown: () => loaded.shown(),
        sources: () => loaded.sources(),
        get: (key) => loaded.get(key),
        schema: loaded.schema,
        set: async (key, value) => {
          calls.push(`set ${key} ${JSON.stringify(value)}`)
          return { key, value, restart: true, file: '/x/90-runtime.yaml' }
        },
      },
      node: {
        id: '12D3KooWKitchen',
        name: 'kitchen',
        home: '/home/x',
        startedAt: Date.now() - 1000,
        versions: { version: '0.1.0', node: process.version, platform: 'linux', protocols: ['/shoal/control/1.0.0'], libraries: { libp2p: '3.3.11' } },
        state: () => fake.state,
        refusal: () => undefined,
        addresses: () => ['/ip4/127.0.0.1/tcp/4710'],
        http: () => ({ host: '127.0.0.1', port: 8180 }),
        problems: () => [],
        notes: () => [],
        slots: () => [
          { slot: 'cache', providers: ['cache-redis'], usesDefault: false },
          { slot: 'storage', providers: [], usesDefault: false, lost: 'storage-sqlite' },
        ],
        tasks: () => [
          { name: 'a', state: 'running', restarts: 0, age: 1.5, children: [{ name: 'b', state: 'backoff', restarts: 2, age: 3, error: 'x', children: [] }] },
        ],
        doctor: async () => [{ name: 'fds', outcome: 'ok', message: 'enough' }],
        stop: (reason) => void calls.push(`stop ${reason}`),
        rotateToken: async () => 'b'.repeat(43),
      },
      peers: {
        list: () => [peer],
        find,
        discovered: () => [{ peer: 'x', addresses: ['/ip4/1.2.3.4/tcp/1'], seen: 3 }],
        rename: async (id, name) => void calls.push(`rename ${id} ${name}`),
        join: async function* (ticket) {
          if (ticket === 'broken') throw new ShoalError('ERR_TICKET_INVALID')
          yield { type: 'progress', step: 'dialling', message: 'dialling' }
          yield { type: 'code', code: '123456', peer: attic, name: 'attic' }
          if (ticket === 'late') throw new Error('secret inner detail')
          yield { type: 'joined', code: '123456', peer: attic, name: 'attic', peers: 1 }
        },
        events: ({ signal }) => events.peerEvents.listen(signal),
      },
      trust: {
        usualScope: () => 'here',
        forget: async (id) => ({ forgot: true, peer: id, name: 'attic', plugins: [{ plugin: 'monitor', outcome: 'ok', ms: 1 }], linksCutMs: 2, problems: [] }),
        forgotten: () => [{ ...tombstone, applied: 1, members: 2 }],
        findForgotten: (name) => (name === 'cellar' ? tombstone : undefined),
        blocked: () => [blocked],
        block: async () => ({ blocked, forgot: false }),
        unblock: async () => blocked,
      },
      invites: {
        issue: async ({ ttl }) => ({ id: '1', ticket: 'shoal1abc', expires: ttl ?? 0, triesLeft: 5, addresses: [] }),
        list: () => [{ id: '1', expires: 2, triesLeft: 5 }],
        revoke: (id) => id === '1',
      },
      pairing: {
        window: () => ({ until: 2, triesLeft: 5 }),
        requests: () => [asking],
        open: (time) => ({ until: time ?? 0, triesLeft: 5 }),
        close: () => void calls.push('pairing closed'),
        ask: async function* () {
          yield { type: 'code', code: '123456', peer: attic, name: 'attic' }
          yield { type: 'paired', code: '123456', peer: attic, name: 'attic', peers: 1 }
        },
        accept: (name, code) => {
          calls.push(`accept ${name} ${code}`)
          const error = new ShoalError('ERR_PAIRING_REJECTED')
          return { peer: attic, settled: Promise.resolve(code === '000000' ? { type: 'failed', error } : { type: 'paired' }) }
        },
        reject: () => asking,
      },
      streams: {
        list: () => [stream],
        remote: () => [{ ...stream, path: 'live/other', at: attic }],
        info: (path) => (path === 'live/cam' ? stream : undefined),
        versions: (path) => [{ path: `${path}~opus`, audio: 'opus' }],
        subscribers: () => [{ path: 'live/cam', reader: 'http-flv 1.2.3.4', behind: 1, dropped: 0, since: 1, bytesOut: 5 }],
        countOf: () => 1,
        stop: (path, reason) => void calls.push(`stop ${path} ${reason}`),
        events: ({ signal }) => events.streamEvents.listen(signal),
      },
      pulls: {
        list: () => [pull],
        create: (url, path, options) => {
          calls.push(`pull ${url} ${path} ${JSON.stringify(options)}`)
          return pull
        },
        remove: async () => {},
        watch: (path, signal) => {
          if (path !== 'live/cam') throw new ShoalError('ERR_NOT_FOUND', 'There is no such pull.')
          return events.pullEvents.listen(signal)
        },
        events: (signal) => events.pullEvents.listen(signal),
      },
      pushes: { list: () => [pull], create: () => pull, remove: async (path, url) => void calls.push(`unpush ${path} ${url}`) },
      payloads: {
        send: async (to, kind, body) => void calls.push(`send ${to} ${kind} ${body.length}`),
        request: async (_, __, body) => body,
      },
      plugins: {
        list: () => [plugin],
        info: (name) => {
          if (name !== plugin.name) throw new ShoalError('ERR_PLUGIN_UNKNOWN', `There is no plugin ${name}.`)
          return plugin
        },
        usage: async () => undefined,
        enable: async (name, options) => {
          calls.push(`enable ${name} ${options?.temporary}`)
          return plugin
        },
        disable: async (name, options) => {
          calls.push(`disable ${name} ${options?.temporary}`)
          return plugin
        },
        restart: async (name) => {
          calls.push(`restart ${name}`)
          return plugin
        },
        waiting: () => undefined,
      },
      store: {
        install: async function* ({ source }) {
          yield { type: 'progress', step: 'download', done: 1, total: 2 }
          if (source === '/broken.zip') throw new ShoalError('ERR_ARCHIVE_INVALID')
          yield { type: 'installed', plugin: 'hello', version: '1', kind: 'program', sha256: '0'.repeat(64), state: 'running' }
        },
        remove: async (name, { force, data }) => {
          calls.push(`remove ${name} ${force} ${data}`)
          return { version: '1' }
        },
        verify: async () => [{ plugin: 'hello', version: '1', ok: false, file: 'run', how: 'changed' }],
        list: async () => {
          const hash = '0'.repeat(64)
          return [{ name: 'hello', version: '1', kind: 'program', source: '/x.zip', archive: hash, tree: hash, files: { run: hash }, installedAt: 1 }]
        },
      },
      portables: {
        list: () => [portable],
        get: (name) => {
          if (name !== portable.name) throw new ShoalError('ERR_PLUGIN_UNKNOWN', `There is no portable plugin ${name}.`)
          return portable
        },
        status: () => ({ refCount: { 'live/n': 1 }, status: 'running', errMsg: '', pid: 5, restarts: 0 }),
        install: async ({ name, file, update = false }) => {
          calls.push(`portable ${name} ${file} ${update}`)
          if (file === 'broken') throw new ShoalError('ERR_PLUGIN_INVALID', 'missing language')
        },
        remove: async (name, force) => void calls.push(`remove portable ${name} ${force}`),
        call: async (name, symbol, func, args) => `${name} ${symbol} ${func} ${JSON.stringify(args)}`,
      },
    },
  }
  return fake
}

/** A server on both doors. */
export interface RunningApi {
  readonly fake: FakeDaemon
  readonly server: ApiServer
  readonly tcp: number
  readonly socket: string
  close(): Promise<void>
}

export async function startApi(
  options: {
    limits?: Partial<ApiLimits>
    hosts?: readonly string[]
    origins?: readonly string[]
    proxies?: () => readonly string[]
    guard?: Partial<Guard>
  } = {},
): Promise<RunningApi> {
  const fake = await fakeDaemon()
  const folder = mkdtempSync(join(tmpdir(), 'shoal-api-'))
  const guard = { ...fake.guard, ...options.guard }
  const server = new ApiServer({
    port: fake.port,
    guard,
    plugins: fake.routes,
    log: fake.serverLog,
    allowedHosts: () => options.hosts ?? [],
    allowedOrigins: () => options.origins ?? [],
    trustedProxies: options.proxies ?? (() => []),
    limits: { checkInterval: 50, ...options.limits },
  })
  const socket = join(folder, 'run', 'ctl.sock')
  await server.listenSocket(socket)
  const { port } = await server.listenTcp('127.0.0.1', 0)
  const close = async (): Promise<void> => {
    await server.stop(200)
    rmSync(folder, { recursive: true, force: true })
  }
  return { fake, server, tcp: port, socket, close }
}

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** `error.code` of the body. */
  readonly code: string | undefined
}

/** One request through Node's client; over the socket unless `tcp` is given. */
export function ask(
  api: RunningApi,
  method: string,
  path: string,
  options: { tcp?: boolean; headers?: Record<string, string | string[]>; body?: string | Uint8Array; bearer?: string } = {},
): Promise<Answer> {
  const where = options.tcp ? { host: '127.0.0.1', port: api.tcp } : { socketPath: api.socket }
  const headers = {
    ...(options.bearer && { authorization: `Bearer ${options.bearer}` }),
    ...(options.body !== undefined && { 'content-type': 'application/json' }),
    ...options.headers,
  }
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...where, method, path, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code: codeOf(text) }))
    })
    request.on('error', reject)
    request.end(options.body)
  })
}

/** Bytes over TCP exactly as given; what came back until the other side closed. */
export function raw(api: RunningApi, bytes: string | Uint8Array, options: { end?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port: api.tcp })
    let text = ''
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part
    })
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(text) : reject(error)))
    socket.on('close', () => resolve(text))
    socket.write(bytes)
    if (options.end) socket.end()
  })
}

export function codeOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text.slice(text.indexOf('{'))) as { error?: { code?: string } }
    return body.error?.code
  } catch {
    return undefined
  }
}
