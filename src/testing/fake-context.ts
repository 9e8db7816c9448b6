/** A plugin context without a daemon: the real context of the plugin host over parts in memory that a test can look into. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contain } from '../daemon/host/containment.js'
import { HostContext } from '../daemon/host/context.js'
import { ClusterDefaults, type ClusterSlots } from '../daemon/host/defaults/cluster/cluster-defaults.js'
import { localPermission } from '../daemon/host/defaults/local-permission.js'
import { MemoryCache } from '../daemon/host/defaults/memory-cache.js'
import { tokenAuthentication } from '../daemon/host/defaults/token-authentication.js'
import { Hosted, type PluginInfo } from '../daemon/host/hosted.js'
import { PluginRoutes } from '../daemon/host/http.js'
import { type HostLimits, hostLimits } from '../daemon/host/limits.js'
import type { HostOptions, HostParts } from '../daemon/host/parts.js'
import { ServiceTable } from '../daemon/host/services.js'
import { retire } from '../daemon/host/starter.js'
import { checkPlugin, resolveConfig } from '../daemon/host/validate.js'
import { ShoalError } from '../errors.js'
import type { PeerInfo, Plugin, PluginContext, PullerFactory, PusherFactory } from '../plugin.js'
import type { Services } from '../services.js'
import { FakePayloads } from './fake-payloads.js'
import { FakePeers } from './fake-peers.js'
import { FakeStreams } from './fake-streams.js'
import { type MemoryLog, memoryLog } from './memory-log.js'
import { memoryStorage } from './memory-storage.js'

/** What a test may set. */
export interface FakeContextOptions {
  /** Checked and filled in by the plugin's schema. */
  readonly config?: unknown
  readonly peers?: readonly PeerInfo[]
  /** Instead of the defaults: memory storage and cache, the local permission, the token `test-token`, a cluster of one. */
  readonly services?: Partial<Services>
  readonly limits?: Partial<HostLimits>
  /** Events a listener may be behind; default 1,024. */
  readonly eventQueue?: number
  /** Where log lines go; default: one that keeps them. */
  readonly log?: MemoryLog
  /** Newest frames that a publication keeps; default: all. */
  readonly keepFrames?: number
}

/** What a plugin left behind when it stopped; everything empty or 0 is right. */
export interface FakeLeftovers {
  /** Paths of tasks that did not end. */
  readonly tasks: readonly string[]
  readonly registrations: number
  readonly publications: number
  readonly subscriptions: number
  /** Listeners to stream and peer events. */
  readonly listeners: number
}

/** The node id of every fake context. */
export const fakeNodeId = '12D3KooWFakeNodeForTests'

/** Makes a context for `plugin` and, with `start`, runs it. Throws `ERR_PLUGIN_INVALID`, `ERR_PLUGIN_CONFIG`. */
export function fakeContext<Config = unknown>(plugin: Plugin<Config> = { name: 'test' }, options: FakeContextOptions = {}): FakeContext<Config> {
  return new FakeContext(plugin, options)
}

/** One plugin, its context, and the parts beneath. */
export class FakeContext<Config = unknown> {
  readonly plugin: Plugin<Config>
  readonly ctx: PluginContext<Config>
  readonly log: MemoryLog
  readonly streams: FakeStreams
  readonly peers: FakePeers
  readonly payloads = new FakePayloads()
  readonly routes = new PluginRoutes()
  readonly services: ServiceTable
  /** Factories that are registered now. */
  readonly pullers = new Set<PullerFactory>()
  readonly pushers = new Set<PusherFactory>()
  readonly dataDir: string
  readonly #hosted: Hosted
  readonly #limits: HostLimits

  constructor(plugin: Plugin<Config>, options: FakeContextOptions) {
    checkPlugin(plugin)
    const config = resolveConfig(plugin, options.config)
    this.plugin = plugin
    this.log = options.log ?? memoryLog()
    this.streams = new FakeStreams(options.eventQueue, options.keepFrames)
    this.peers = new FakePeers(options.peers, options.eventQueue)
    this.#limits = { ...hostLimits, ...options.limits }
    this.services = new ServiceTable({ defaults: { ...defaultServices((slot) => this.services.use(slot)), ...options.services }, log: this.log })
    this.dataDir = mkdtempSync(join(tmpdir(), `shoal-${plugin.name}-`))
    const entry = { name: plugin.name, source: 'test', plugin }
    this.#hosted = new Hosted({ entry, name: plugin.name, rank: 0, valid: true, log: this.log, hostLog: this.log, limits: this.#limits })
    this.#hosted.state = 'starting'
    const parts = this.#parts()
    // `Config` is what the schema describes, and the value has just been checked against it
    this.ctx = new HostContext({
      hosted: this.#hosted,
      config,
      dataDir: this.dataDir,
      options: this.#options(),
      limits: this.#limits,
      parts: () => parts,
    }) as PluginContext<Config>
  }

  /** As `shoal plugins` shows it. */
  get info(): PluginInfo {
    return this.#hosted.info(this.#hosted.kinds.map((kind) => ({ kind })))
  }

  /** Runs the plugin's `start`; rejects with what it throws, and when it does not fill the slots it names. Nothing is left of a start that failed. */
  async start(): Promise<this> {
    try {
      await this.plugin.start?.(this.ctx)
      const provided = this.#hosted.registrations.labels('service')
      const missing = this.#hosted.provides.find((slot) => !provided.includes(slot))
      if (missing !== undefined) throw new ShoalError('ERR_PLUGIN_INVALID', `It names the slot ${missing} in provides and did not provide it.`)
    } catch (error) {
      await this.#retire()
      this.#hosted.end('failed', 'start failed')
      throw error
    }
    this.#hosted.state = 'running'
    return this
  }

  /** Calls a JSON route: `await fake.request('GET', '/hello/summary')`. Throws `ERR_ROUTE_UNKNOWN`. Schemas are not applied. */
  async request(
    method: string,
    path: string,
    options: { readonly query?: Record<string, unknown>; readonly body?: unknown; readonly signal?: AbortSignal } = {},
  ): Promise<unknown> {
    const match = this.routes.find(method, path, false)
    if (match?.kind !== 'json') throw new ShoalError('ERR_ROUTE_UNKNOWN', `No JSON route answers ${method} ${path}.`)
    const signal = options.signal ?? new AbortController().signal
    return match.route.handler({ params: match.params, query: options.query ?? {}, body: options.body, signal })
  }

  /** Shuts the plugin down as the host does and removes its folder. Rejects with what `shutdown` throws, or `ERR_TIMEOUT`. */
  async stop(): Promise<FakeLeftovers> {
    this.#hosted.state = 'stopping'
    const outcome = await contain(`${this.plugin.name}.shutdown`, () => this.plugin.shutdown?.(), this.#limits.shutdown)
    const tasks = await this.#retire()
    this.#hosted.state = 'stopped'
    if (outcome.kind !== 'done') throw outcome.error
    const { publications, subscriptions, listeners } = this.streams.open
    const registrations = this.#hosted.registrations.size + this.routes.list().length + this.pullers.size + this.pushers.size
    return { tasks, registrations, publications, subscriptions, listeners: listeners + this.peers.listeners }
  }

  async #retire(): Promise<string[]> {
    const tasks = await retire(this.#hosted, new ShoalError('ERR_STOPPING'), this.#limits.tasks, this.log)
    rmSync(this.dataDir, { recursive: true, force: true })
    return tasks
  }

  #options(): HostOptions {
    const node = { id: fakeNodeId, name: 'test-node', sign: async (bytes: Uint8Array) => new Uint8Array(bytes) }
    return { log: () => this.log, dataDir: () => this.dataDir, node, services: this.services, routes: this.routes }
  }

  #parts(): HostParts {
    return {
      peers: this.peers,
      payloads: this.payloads,
      streams: this.streams,
      pulls: registry(this.pullers),
      pushes: registry(this.pushers),
      claim: () => () => {},
    }
  }
}

function registry<F>(set: Set<F>): { addFactory(factory: F): () => void } {
  return {
    addFactory(factory) {
      set.add(factory)
      return () => set.delete(factory)
    },
  }
}

function defaultServices(use: <K extends keyof ClusterSlots>(slot: K) => ClusterSlots[K]): Partial<Services> {
  const storage = memoryStorage()
  return {
    // a cluster of one
    ...new ClusterDefaults({ self: fakeNodeId, use, log: memoryLog(), store: () => storage.open('daemon/locks') }).slots,
    logger: { write: () => {} },
    storage,
    cache: new MemoryCache(),
    permission: localPermission(),
    authentication: tokenAuthentication({ token: () => 'test-token' }),
  }
}
