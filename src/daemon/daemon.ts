/** The composition root: builds every part of a node, wires them, and says in which order they start and stop. */

import { isShoalError, ShoalError } from '../errors.js'
import type { Logger, PeerId, Plugin } from '../plugin.js'
import type { Services } from '../services.js'
import { ApiServer } from './api/server.js'
import { TokenFile } from './api/token.js'
import { type Config, type LoadedConfig, loadConfig } from './config/config.js'
import { localPermission } from './host/defaults/local-permission.js'
import { MemoryCache } from './host/defaults/memory-cache.js'
import { tokenAuthentication } from './host/defaults/token-authentication.js'
import { Host } from './host/host.js'
import { PluginRoutes } from './host/http.js'
import { ServiceTable } from './host/services.js'
import { ForgetPath } from './keystore/forget.js'
import { PeerBook } from './keystore/peer-book.js'
import { Lifecycle, type LifecycleReport, type LifecycleState, type Step } from './lifecycle.js'
import { acquireLock, type HomeLock } from './lock.js'
import { createLog, type Log } from './log.js'
import { Notifier } from './notify.js'
import { type Paths, resolvePaths } from './paths.js'
import { findPassphrase, type Home, openHome, peersNamespace } from './root/home.js'
import { KeptJobs } from './root/kept-jobs.js'
import { Media } from './root/media.js'
import { Messages } from './root/messages.js'
import { Network } from './root/network.js'
import { PeerList } from './root/peer-list.js'
import { PluginSet } from './root/plugin-set.js'
import { daemonPort } from './root/port.js'
import { doctor, problemsOf } from './root/problems.js'
import { version, versions } from './root/version.js'
import type { TaskNode } from './util/scope.js'

/** How a daemon is made. */
export interface DaemonOptions {
  /** Folder of everything; otherwise `SHOAL_HOME`, otherwise the XDG folders. */
  readonly home?: string
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Configuration that wins over files and environment, by key: `{ 'http.port': 0 }`. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** File whose first line is the passphrase of the identity. */
  readonly passphraseFile?: string
  /** Plugins beside the built-in ones and those of the configuration. */
  readonly plugins?: readonly Plugin[]
  /** Where log lines go unless `log.file` is set: a file descriptor and whether it is a terminal, or nowhere. Default: standard error. */
  readonly console?: { readonly fd: number; readonly tty: boolean } | null
}

/** Parts that exist from a certain step on. */
interface Parts {
  lock: HomeLock
  home: Home
  book: PeerBook
  token: TokenFile
  services: ServiceTable
  routes: PluginRoutes
  host: Host
  network: Network
  peers: PeerList
  media: Media
  messages: Messages
  forgetting: ForgetPath
  keptPulls: KeptJobs
  keptPushes: KeptJobs
  api: ApiServer
}

/** Makes a daemon: finds its home and reads its configuration. Rejects with `ERR_CONFIG_INVALID`, `ERR_USAGE`. */
export async function createDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const env = options.env ?? process.env
  const paths = resolvePaths({ ...(options.home !== undefined && { home: options.home }), env })
  const plugins = new PluginSet(options.plugins)
  const flags = options.flags ? { flags: options.flags } : {}
  const config = await loadConfig({ file: paths.config, folder: paths.configParts, env, ...flags, ...plugins.known })
  return new Daemon({ options, env, paths, plugins, config })
}

interface DaemonInit {
  readonly options: DaemonOptions
  readonly env: Readonly<Record<string, string | undefined>>
  readonly paths: Paths
  readonly plugins: PluginSet
  readonly config: LoadedConfig
}

/** One node. It starts once and stops once. */
export class Daemon {
  readonly paths: Paths
  /** Settles when the daemon has stopped, whoever asked for it. */
  readonly stopped: Promise<LifecycleReport>
  readonly #init: DaemonInit
  readonly #log: Log
  readonly #lifecycle: Lifecycle
  readonly #notifier: Notifier
  readonly #startedAt = Date.now()
  #ready = false
  #http: { readonly host: string; readonly port: number } | undefined
  #parts: Partial<Parts> = {}
  readonly #settleStopped: (report: LifecycleReport) => void

  /** For {@link createDaemon} only. */
  constructor(init: DaemonInit) {
    this.#init = init
    this.paths = init.paths
    this.#log = makeLog(this.#config.log, init.options.console)
    this.#notifier = new Notifier({ socket: init.env['NOTIFY_SOCKET'], log: this.#log.module('daemon') })
    const { promise, resolve } = Promise.withResolvers<LifecycleReport>()
    this.stopped = promise
    this.#settleStopped = resolve
    this.#lifecycle = new Lifecycle(this.#steps(), { log: this.#log.module('daemon') })
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  /** Everything has started and nothing has begun to stop. */
  get ready(): boolean {
    return this.#ready
  }

  /** Peer id. Throws before the keystore is open. */
  get id(): PeerId {
    return this.#part('home').identity.id
  }

  get name(): string {
    return this.#config.node.name
  }

  /** Multiaddrs others can dial. */
  get addresses(): readonly string[] {
    return this.#part('network').node.addresses
  }

  /** Where HTTP listens, if it does. */
  get http(): { readonly host: string; readonly port: number } | undefined {
    return this.#http
  }

  /** Was the home made by this start? */
  get created(): boolean {
    return this.#part('home').created
  }

  /** The log, for a program that embeds the daemon. */
  get log(): Log {
    return this.#log
  }

  /** Starts everything, in order. A failure stops what was started and rejects with its cause. */
  async start(): Promise<LifecycleReport> {
    try {
      const report = await this.#lifecycle.start()
      this.#log.module('daemon').info('started', reportFields(report))
      return report
    } catch (error) {
      await this.#finish(await this.#lifecycle.stop())
      throw isShoalError(error, 'ERR_START_FAILED') && isShoalError(error.cause) ? error.cause : error
    }
  }

  /** Stops gracefully, in reverse order; never rejects. Idempotent. */
  async stop(reason = 'asked to'): Promise<LifecycleReport> {
    this.#ready = false
    if (this.#lifecycle.state === 'running') this.#log.module('daemon').info('stopping', { reason })
    const report = await this.#lifecycle.stop()
    this.#log.module('daemon').info('stopped', reportFields(report))
    await this.#finish(report)
    return report
  }

  async #finish(report: LifecycleReport): Promise<void> {
    await this.#log.close()
    this.#settleStopped(report)
  }

  get #config(): Config {
    return this.#init.config.config
  }

  #part<K extends keyof Parts>(name: K): Parts[K] {
    const part = this.#parts[name]
    if (part === undefined) throw new ShoalError('ERR_NOT_RUNNING', `The daemon has not got as far as ${name}.`)
    return part as Parts[K]
  }

  /** In the order of start. A step that only undoes stands where its undoing belongs. */
  #steps(): Step[] {
    const parts = this.#parts
    return [
      { name: 'lock', start: () => this.#lock(), stop: () => parts.lock?.release() },
      { name: 'keystore', start: () => this.#openKeystore(), stop: () => this.#closeKeystore() },
      { name: 'services', start: () => this.#startServices(), stop: async () => void (await parts.host?.stop()), stopTimeout: 20_000 },
      { name: 'api', start: () => {}, stop: () => parts.api?.stop() },
      { name: 'links', start: () => this.#makeNetwork(), stop: () => parts.network?.stop() },
      { name: 'streams', start: () => this.#makeMedia(), stop: () => parts.media?.close() },
      { name: 'payloads', start: () => this.#makeMessages(), stop: () => parts.messages?.close() },
      { name: 'plugins', start: () => this.#startPlugins(), stop: () => this.#stopPlugins(), startTimeout: 120_000, stopTimeout: 20_000 },
      { name: 'router', start: () => this.#part('messages').router.open(), stop: () => parts.messages?.router.close() },
      { name: 'swarm', start: () => this.#listen(), stop: () => parts.network?.quiesce() },
      { name: 'http', start: () => this.#openApi() },
      { name: 'jobs', start: () => this.#resumeJobs() },
      { name: 'ready', start: () => this.#announceReady(), stop: () => this.#announceStop() },
    ]
  }

  async #lock(): Promise<void> {
    this.#parts.lock = await acquireLock(this.paths.lock, { home: this.paths.home })
  }

  async #openKeystore(): Promise<void> {
    const passphrase = findPassphrase(this.#init.env, this.#init.options.passphraseFile)
    if (passphrase !== undefined) this.#log.hide(passphrase)
    const log = this.#log.module('keystore')
    const home = await openHome(this.paths, { log, ...(passphrase !== undefined && { passphrase }) })
    this.#parts.home = home
    this.#parts.book = await PeerBook.open(home.store.open(peersNamespace), { identity: home.identity, log })
    this.#parts.token = await TokenFile.open(this.paths.token)
    this.#log.hide(this.#parts.token.token)
  }

  async #closeKeystore(): Promise<void> {
    await this.#parts.book?.close()
    await this.#parts.home?.store.close()
  }

  async #startServices(): Promise<void> {
    const { token, home } = { token: this.#part('token'), home: this.#part('home') }
    const defaults: Partial<Services> = {
      logger: this.#log.takeOutput(),
      storage: home.store,
      cache: new MemoryCache(),
      permission: localPermission(this.#config.access),
      authentication: tokenAuthentication({ token: () => token.token }),
    }
    const services = new ServiceTable({ defaults, log: this.#log.module('services') })
    this.#log.addSink(services.logger)
    const routes = new PluginRoutes()
    const { identity } = home
    const host = new Host({
      log: (module) => this.#log.module(module),
      dataDir: (plugin) => `${this.paths.data}/${plugin}`,
      node: { id: identity.id, name: this.name, sign: (bytes) => identity.sign(bytes) },
      services,
      routes,
    })
    Object.assign(this.#parts, { services, routes, host })
    host.load(await this.#init.plugins.load(this.#config, this.paths))
    await host.startServices()
  }

  async #makeNetwork(): Promise<void> {
    const { swarm, payloads, node } = this.#config
    const network = await Network.create({
      identity: this.#part('home').identity,
      book: this.#part('book'),
      name: node.name,
      agent: `shoal/${version}`,
      listen: swarm.listen,
      announce: swarm.announce,
      discovery: swarm.discovery,
      maxPayload: payloads.maxSize,
      log: (module) => this.#log.module(module),
    })
    Object.assign(this.#parts, { network, peers: new PeerList(this.#part('book'), network) })
  }

  #makeMedia(): void {
    const { permission } = this.#part('services')
    const log = (module: string): Logger => this.#log.module(module)
    this.#parts.media = new Media({ network: this.#part('network'), peers: this.#part('peers'), permission, config: this.#config.streams, log })
  }

  #makeMessages(): void {
    const network = this.#part('network')
    const messages = new Messages({
      network,
      book: this.#part('book'),
      config: this.#config.payloads,
      deliver: (plugin, src, kind, body) => this.#deliver(plugin, src, kind, body),
      log: this.#log.module('payloads'),
    })
    Object.assign(this.#parts, { messages, forgetting: this.#makeForgetting(network, messages) })
  }

  /** A payload from a peer, once `permission` has let it in. */
  async #deliver(plugin: string, src: PeerId, kind: string, body: Uint8Array): Promise<Uint8Array | undefined> {
    if (src !== this.id) {
      if (!this.#part('book').isTrusted(src)) throw new ShoalError('ERR_PEER_FORGOTTEN')
      const answer = await this.#part('services').permission.allows({ kind: 'peer', id: src }, { action: 'payload.send', target: kind })
      if (answer !== true) throw new ShoalError('ERR_PAYLOAD_REJECTED', typeof answer === 'string' ? answer : `Payloads of kind ${kind} are not permitted.`)
    }
    return await this.#part('host').deliver(plugin, src, kind, body)
  }

  #makeForgetting(network: Network, messages: Messages): ForgetPath {
    return new ForgetPath(
      this.#part('book'),
      {
        cutLinks: async (peer) => {
          // a ticket it used would let it in again
          for (const { id, usedBy } of network.invites.list()) if (usedBy === peer) network.invites.revoke(id)
          // what of it waits must not reach plugins after they were told
          messages.forget(peer)
          await network.node.cut(peer, 'forgotten')
        },
        cutStreams: (peer) => this.#part('media').cut(peer),
        tellPlugins: (peer) => this.#part('host').tellForgotten(peer),
        purge: async (peer) => {
          messages.forget(peer)
          network.strikes.forget(peer)
          network.supervisor.refresh()
        },
      },
      { log: this.#log.module('keystore') },
    )
  }

  async #startPlugins(): Promise<void> {
    const media = this.#part('media')
    const { router, outbox } = this.#part('messages')
    const host = this.#part('host')
    host.connect({
      peers: this.#part('peers'),
      payloads: outbox,
      streams: {
        publish: (path, tracks, options) => media.hub.publish(path, tracks, options),
        subscribe: (path, options) => media.hub.subscribe(path, options),
        pull: (url, path, options) => media.pulls.pull(url, path, { ...options, owner: 'plugin' }),
        list: () => media.hub.list(),
        events: (options) => media.hub.events(options),
      },
      pulls: media.pulls,
      pushes: media.pushes,
      claim: (kind, plugin) => router.claim(plugin, [kind]),
    })
    await host.startPlugins()
  }

  async #stopPlugins(): Promise<void> {
    const report = await this.#parts.host?.stop()
    if (report && report.hung.length > 0) this.#log.module('host').warn('plugins hung while stopping', { plugins: report.hung })
  }

  async #listen(): Promise<void> {
    await this.#part('network').start()
    this.#part('media').start()
  }

  async #openApi(): Promise<void> {
    const services = this.#part('services')
    const storage = services.use('storage')
    const log = this.#log.module('jobs')
    this.#parts.keptPulls = new KeptJobs(storage.open('daemon/pulls'), log)
    this.#parts.keptPushes = new KeptJobs(storage.open('daemon/pushes'), log)
    const api = this.#makeApi()
    this.#parts.api = api
    await api.listenSocket(this.paths.socket)
    const { enabled, host, port } = this.#config.http
    if (enabled) this.#http = await api.listenTcp(host, port)
  }

  #makeApi(): ApiServer {
    const services = this.#part('services')
    return new ApiServer({
      port: this.#makePort(),
      guard: {
        authenticate: (credentials) => services.authentication.authenticate(credentials),
        allows: (who, what) => services.permission.allows(who, what),
      },
      plugins: this.#part('routes'),
      allowedHosts: () => this.#config.http.allowedHosts,
      allowedOrigins: () => this.#config.http.allowedOrigins,
      log: this.#log.module('api'),
    })
  }

  #makePort(): ReturnType<typeof daemonPort> {
    const health = {
      paths: this.paths,
      store: this.#part('home').store,
      network: this.#part('network'),
      peers: this.#part('peers'),
      plugins: () => this.#part('host').list(),
    }
    return daemonPort({
      node: {
        id: this.id,
        name: this.name,
        home: this.paths.home,
        startedAt: this.#startedAt,
        versions: versions(),
        state: () => (this.#ready ? 'running' : this.#lifecycle.state === 'starting' ? 'starting' : 'stopping'),
        addresses: () => this.addresses,
        http: () => this.http,
        problems: () => problemsOf(health),
        tasks: () => this.#tasks(),
        doctor: () => doctor(health),
        stop: (reason) => void setImmediate(() => void this.stop(reason)),
        rotateToken: () => this.#rotateToken(),
      },
      log: this.#log,
      config: this.#init.config,
      applyConfig: () => this.#applyLog(),
      network: this.#part('network'),
      peers: this.#part('peers'),
      forgetting: this.#part('forgetting'),
      rename: (peer, name) => this.#part('book').rename(peer, name),
      media: this.#part('media'),
      keptPulls: this.#part('keptPulls'),
      keptPushes: this.#part('keptPushes'),
      outbox: this.#part('messages').outbox,
      host: this.#part('host'),
    })
  }

  #applyLog(): void {
    const { level, levels } = this.#config.log
    this.#log.setLevel(undefined, level)
    for (const [module, own] of Object.entries(levels)) this.#log.setLevel(module, own)
  }

  async #rotateToken(): Promise<string> {
    const token = await this.#part('token').rotate()
    this.#log.hide(token)
    this.#part('services').invalidate()
    return token
  }

  #tasks(): readonly TaskNode[] {
    const media = this.#part('media')
    const group = (name: string, children: readonly TaskNode[]): TaskNode => ({
      name,
      state: 'running',
      restarts: 0,
      age: Date.now() - this.#startedAt,
      children,
    })
    return [group('pulls', media.pulls.tree()), group('pushes', media.pushes.tree()), ...this.#part('host').tasks()]
  }

  /** Pulls of the configuration, and what people asked for before the last stop. */
  async #resumeJobs(): Promise<void> {
    const { pulls, pushes } = this.#part('media')
    const log = this.#log.module('jobs')
    const attempt = (what: string, start: () => unknown): void => {
      try {
        start()
      } catch (err) {
        log.error('a pull or push cannot be resumed', { what, err })
      }
    }
    for (const { url, path, onDemand, idleDelay } of this.#config.pulls) attempt(url, () => pulls.pull(url, path, { onDemand, idleDelay, owner: 'config' }))
    for (const { path, url, options } of await this.#part('keptPulls').load()) attempt(url, () => pulls.pull(url, path, { ...options, owner: 'api' }))
    for (const { path, url, options } of await this.#part('keptPushes').load()) attempt(url, () => pushes.push(path, url, { options, owner: 'api' }))
  }

  async #announceReady(): Promise<void> {
    this.#ready = true
    this.#log.module('daemon').info('ready', { peer: this.id, name: this.name, addresses: [...this.addresses], ...(this.http && { http: this.http }) })
    await this.#notifier.ready()
  }

  async #announceStop(): Promise<void> {
    this.#ready = false
    await this.#notifier.stopping()
    await this.#notifier.close()
  }
}

/** A start or stop report as log fields: how long each step took, and which did not go well. */
function reportFields({ ms, steps }: LifecycleReport): Record<string, unknown> {
  const bad = steps.filter(({ outcome }) => outcome !== 'ok').map(({ name, outcome, error }) => ({ name, outcome, ...(error && { error }) }))
  return { ms: Math.round(ms), steps: Object.fromEntries(steps.map((step) => [step.name, Math.round(step.ms)])), ...(bad.length > 0 && { bad }) }
}

function makeLog(config: Config['log'], console: DaemonOptions['console']): Log {
  const target = console === null ? { fd: null } : { fd: console?.fd ?? 2, tty: console?.tty ?? false }
  return createLog({ level: config.level, levels: config.levels, format: config.format, ...(config.file !== undefined && { file: config.file }), ...target })
}
