/** One node: in which order its parts start and stop, and what is shown of it. The parts themselves are in `root/assembly.ts`. */

import { isShoalError } from '../errors.js'
import type { PeerId } from '../plugin.js'
import type { KeyValue } from '../services.js'
import { ApiServer } from './api/server.js'
import { type Config, loadConfig } from './config/config.js'
import { lastingService } from './host/lasting-service.js'
import { Lifecycle, type LifecycleReport, type LifecycleState, type Step } from './lifecycle.js'
import { acquireLock } from './lock.js'
import { createLog, type Log } from './log.js'
import { Notifier } from './notify.js'
import { type Paths, resolvePaths } from './paths.js'
import { PluginsFolder } from './portable/install/plugins-folder.js'
import { Assembly, type DaemonInit, type DaemonOptions } from './root/assembly.js'
import { KeptJobs } from './root/kept-jobs.js'
import { PluginDesk } from './root/plugin-desk.js'
import { PluginSet } from './root/plugin-set.js'
import { PluginStore } from './root/plugin-store.js'
import { pluginUsers } from './root/plugin-users.js'
import { daemonPort } from './root/port.js'
import { doctor, notesOf, problemsOf } from './root/problems.js'
import { versions } from './root/version.js'
import type { TaskNode } from './util/scope.js'

export type { DaemonOptions } from './root/assembly.js'

/** Makes a daemon: finds its home and reads its configuration. Rejects with `ERR_CONFIG_INVALID`, `ERR_USAGE`. */
export async function createDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const env = options.env ?? process.env
  const paths = resolvePaths({ ...(options.home !== undefined && { home: options.home }), env })
  const plugins = new PluginSet(options.plugins, paths.configDir)
  await plugins.scan(paths.plugins)
  const flags = options.flags ? { flags: options.flags } : {}
  const config = await loadConfig({ file: paths.config, folder: paths.configParts, env, ...flags, ...plugins.known })
  return new Daemon({ options, env, paths, plugins, config })
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
  readonly #assembly: Assembly
  readonly #settleStopped: (report: LifecycleReport) => void

  /** For {@link createDaemon} only. */
  constructor(init: DaemonInit) {
    this.#init = init
    this.paths = init.paths
    this.#log = makeLog(this.#config.log, init.options.console)
    this.#assembly = new Assembly(init, this.#log)
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
    return this.#assembly.part('home').identity.id
  }

  get name(): string {
    return this.#config.node.name
  }

  /** Multiaddrs others can dial. */
  get addresses(): readonly string[] {
    return this.#assembly.part('network').node.addresses
  }

  /** Where HTTP listens, if it does. */
  get http(): { readonly host: string; readonly port: number } | undefined {
    return this.#assembly.http.where
  }

  /** Was the home made by this start? */
  get created(): boolean {
    return this.#assembly.part('home').created
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

  /**
   * Takes an error that nothing caught, for a program that runs nothing but this daemon. True: it is a plugin's, which failed. False:
   * it is the daemon's own and was logged as fatal; {@link log} has to be closed and the process ended. Never throws.
   */
  takeStray(error: unknown): boolean {
    if ((this.#assembly.parts.host?.blame(error).length ?? 0) > 0) return true
    this.#log.fatal('daemon', 'an error that nothing caught', { err: error })
    return false
  }

  /** Names of plugins of this process whose code is being run, going by the stack of an error made now. */
  runningCode(error: Error): readonly string[] {
    return this.#assembly.parts.host?.culprits(error) ?? []
  }

  async #finish(report: LifecycleReport): Promise<void> {
    await this.#log.close()
    this.#settleStopped(report)
  }

  get #config(): Config {
    return this.#init.config.config
  }

  /** In the order of start. A step that only undoes stands where its undoing belongs. */
  #steps(): Step[] {
    const assembly = this.#assembly
    const { parts } = assembly
    return [
      { name: 'lock', start: () => this.#lock(), stop: () => parts.lock?.release() },
      { name: 'keystore', start: () => assembly.openKeystore(), stop: () => assembly.closeKeystore() },
      {
        name: 'services',
        start: () => assembly.startServices(),
        stop: async () => void (await parts.host?.stop()),
        startTimeout: 120_000,
        stopTimeout: 20_000,
      },
      { name: 'api', start: () => {}, stop: () => assembly.http.close() },
      { name: 'links', start: () => assembly.makeNetwork(), stop: () => assembly.stopNetwork() },
      { name: 'streams', start: () => assembly.makeMedia(), stop: () => parts.media?.close() },
      { name: 'payloads', start: () => assembly.makeMessages(), stop: () => assembly.stopMessages() },
      {
        name: 'plugins',
        start: () => assembly.startPlugins(),
        stop: async () => {
          await assembly.stopPlugins()
          await parts.store?.close()
        },
        startTimeout: 120_000,
        stopTimeout: 20_000,
      },
      { name: 'router', start: () => this.#assembly.part('messages').router.open(), stop: () => parts.messages?.router.close() },
      { name: 'swarm', start: () => assembly.listen(), stop: () => assembly.quiesce() },
      { name: 'http', start: () => this.#openApi() },
      { name: 'jobs', start: () => this.#resumeJobs() },
      {
        name: 'endpoints',
        start: () => this.#assembly.part('endpoints').open(),
        stop: () => parts.endpoints?.close(),
        startTimeout: 120_000,
        stopTimeout: 20_000,
      },
      { name: 'ready', start: () => this.#announceReady(), stop: () => this.#announceStop() },
    ]
  }

  async #lock(): Promise<void> {
    this.#assembly.parts.lock = await acquireLock(this.paths.lock, { home: this.paths.home })
  }

  async #openApi(): Promise<void> {
    const services = this.#assembly.part('services')
    // the plugin that fills the slot may be started anew
    const store = (namespace: string): KeyValue => lastingService(() => services.use('storage').open(namespace))
    const log = this.#log.module('jobs')
    this.#assembly.parts.keptPulls = new KeptJobs(store('daemon/pulls'), log)
    this.#assembly.parts.keptPushes = new KeptJobs(store('daemon/pushes'), log)
    this.#assembly.parts.plugins = this.#makeDesk()
    this.#assembly.parts.store = this.#makeStore()
    this.#assembly.parts.api = this.#makeApi()
    this.#assembly.makeEndpoints()
    await this.#assembly.part('endpoints').openDefault()
  }

  #makeDesk(): PluginDesk {
    const { plugins: set, config } = this.#init
    return new PluginDesk({ host: this.#assembly.part('host'), set, config, paths: this.paths, log: this.#log.module('host') })
  }

  #makeStore(): PluginStore {
    const control = this.#assembly.part('plugins')
    const media = this.#assembly.part('media')
    return new PluginStore({
      folder: new PluginsFolder(this.paths.plugins),
      dataDir: this.paths.data,
      control,
      users: (plugin) => pluginUsers(plugin, control.list(), media),
      nursery: this.#init.plugins.nursery,
      log: this.#log.module('plugins'),
    })
  }

  #makeApi(): ApiServer {
    const services = this.#assembly.part('services')
    return new ApiServer({
      port: this.#makePort(),
      guard: {
        authenticate: (credentials) => services.authentication.authenticate(credentials),
        allows: (who, what) => services.permission.allows(who, what),
        hold: (who, what, revoke) => this.#assembly.part('grants').hold(who, what, revoke),
        passwords: () => services.providers('authentication').some(({ plugin }) => plugin !== 'default'),
      },
      plugins: this.#assembly.part('routes'),
      allowedHosts: () => this.#config.http.allowedHosts,
      allowedOrigins: () => this.#config.http.allowedOrigins,
      trustedProxies: () => this.#config.http.trustedProxies,
      log: this.#log.module('api'),
    })
  }

  #makePort(): ReturnType<typeof daemonPort> {
    const health = {
      paths: this.paths,
      store: this.#assembly.part('home').store,
      network: this.#assembly.part('network'),
      peers: this.#assembly.part('peers'),
      trust: this.#assembly.part('trust'),
      copies: this.#assembly.part('copies'),
      plugins: () => this.#assembly.part('host').list(),
      endpoints: () => this.#assembly.parts.endpoints?.list() ?? [],
    }
    return daemonPort({
      node: {
        id: this.id,
        name: this.name,
        home: this.paths.home,
        startedAt: this.#startedAt,
        versions: versions(),
        refusal: () => this.#assembly.parts.copies?.refusal,
        state: () => (this.#ready ? 'running' : this.#lifecycle.state === 'starting' ? 'starting' : 'stopping'),
        addresses: () => this.addresses,
        http: () => this.http,
        problems: () => problemsOf(health),
        notes: () => notesOf(),
        tasks: () => this.#tasks(),
        slots: () => this.#assembly.part('services').list(),
        doctor: () => doctor(health),
        stop: (reason) => void setImmediate(() => void this.stop(reason)),
        rotateToken: () => this.#rotateToken(),
      },
      log: this.#log,
      config: this.#init.config,
      applyConfig: () => this.#applyLog(),
      network: this.#assembly.part('network'),
      peers: this.#assembly.part('peers'),
      trust: this.#assembly.part('trust'),
      rename: (peer, name) => this.#assembly.part('book').rename(peer, name),
      media: this.#assembly.part('media'),
      keptPulls: this.#assembly.part('keptPulls'),
      keptPushes: this.#assembly.part('keptPushes'),
      outbox: this.#assembly.part('messages').outbox,
      plugins: this.#assembly.part('plugins'),
      store: this.#assembly.part('store'),
      host: this.#assembly.part('host'),
    })
  }

  #applyLog(): void {
    const { level, levels } = this.#config.log
    this.#log.setLevel(undefined, level)
    for (const [module, own] of Object.entries(levels)) this.#log.setLevel(module, own)
  }

  async #rotateToken(): Promise<string> {
    const token = await this.#assembly.part('token').rotate()
    this.#log.hide(token)
    this.#assembly.part('services').invalidate()
    return token
  }

  #tasks(): readonly TaskNode[] {
    const media = this.#assembly.part('media')
    const group = (name: string, children: readonly TaskNode[]): TaskNode => ({
      name,
      state: 'running',
      restarts: 0,
      age: Date.now() - this.#startedAt,
      children,
    })
    return [group('pulls', media.pulls.tree()), group('pushes', media.pushes.tree()), ...this.#assembly.part('host').tasks()]
  }

  /** Pulls of the configuration, and what people asked for before the last stop. */
  async #resumeJobs(): Promise<void> {
    const { pulls, pushes } = this.#assembly.part('media')
    const log = this.#log.module('jobs')
    const attempt = (what: string, start: () => unknown): void => {
      try {
        start()
      } catch (err) {
        log.error('a pull or push cannot be resumed', { what, err })
      }
    }
    for (const { url, path, standby, onDemand, idleDelay } of this.#config.pulls) {
      const options = standby === undefined ? {} : { options: { standby } }
      attempt(url, () => pulls.pull(url, path, { onDemand, idleDelay, ...options, owner: 'config' }))
    }
    for (const { path, url, options } of await this.#assembly.part('keptPulls').load()) attempt(url, () => pulls.pull(url, path, { ...options, owner: 'api' }))
    for (const { path, url, options } of await this.#assembly.part('keptPushes').load()) attempt(url, () => pushes.push(path, url, { options, owner: 'api' }))
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
