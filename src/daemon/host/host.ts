/**
 * The plugin host: loads, starts, calls and stops plugins, and keeps the promises of the contract ("What the host
 * promises a plugin"). What it contains, and what it cannot contain in one process, is said in `containment.ts`.
 */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId, Plugin } from '../../plugin.js'
import type { PluginOutcome } from '../keystore/forget.js'
import type { TaskNode } from '../util/scope.js'
import { monotonic } from '../util/wait.js'
import { Claims } from './claims.js'
import { contain, describe } from './containment.js'
import { type ClaimInfo, Hosted, type LoadedPlugin, type PluginInfo } from './hosted.js'
import { type HostLimits, hostLimits } from './limits.js'
import { startOrder } from './order.js'
import type { HostOptions, HostParts } from './parts.js'
import { retire, Starter } from './starter.js'
import { checkPlugin, resolveConfig } from './validate.js'

/** What one plugin's `shutdown` came to. */
export interface ShutdownOutcome {
  readonly plugin: string
  readonly outcome: 'ok' | 'failed' | 'hung'
  readonly ms: number
  readonly error?: string
}

/** How the host stopped. */
export interface HostStopReport {
  /** In the order of the calls. */
  readonly plugins: readonly ShutdownOutcome[]
  /** Plugins whose `shutdown` did not return in time. */
  readonly hung: readonly string[]
  /** Paths of tasks that went on after their signal aborted. */
  readonly tasks: readonly string[]
}

interface Runnable {
  readonly hosted: Hosted
  readonly plugin: Plugin
  readonly config: unknown
}

/** The plugins of one daemon. */
export class Host {
  readonly #options: HostOptions
  readonly #limits: HostLimits
  readonly #log: Logger
  readonly #starter: Starter
  readonly #claims: Claims
  #parts: HostParts | undefined
  /** In the order of registration. */
  #all: Hosted[] = []
  /** Those that can run, in the order of start. */
  #order: Runnable[] = []
  readonly #running = new Map<string, Runnable>()
  /** The start that is under way. */
  #starting: Promise<void> | undefined
  #stopping: Promise<HostStopReport> | undefined

  constructor(options: HostOptions, parts?: HostParts) {
    this.#options = options
    this.#limits = { ...hostLimits, ...options.limits }
    this.#log = options.log('host')
    this.#parts = parts
    this.#starter = new Starter({ options, limits: this.#limits, log: this.#log, parts: () => this.#connected() })
    this.#claims = new Claims((kind, plugin) => this.#connected().claim(kind, plugin), this.#log)
  }

  /** Hands over the parts that are made after the service plugins have started. */
  connect(parts: HostParts): void {
    this.#parts = parts
  }

  /**
   * Takes the plugins, in the order of registration; once. A plugin that cannot be loaded, breaks the contract or shares
   * its name with an earlier one is `failed`, one with a wrong configuration is `disabled`, each with its reason.
   * Throws `ERR_SLOT_CONFLICT` naming both plugins, and `ERR_PLUGIN_INVALID` for a circle of requirements.
   */
  load(plugins: readonly LoadedPlugin[]): void {
    const runnable: Runnable[] = []
    for (const entry of plugins) {
      const one = this.#admit(entry)
      if (one) runnable.push(one)
    }
    for (const { hosted } of runnable) this.#options.services.declare(hosted.name, hosted.provides)
    const order = startOrder(runnable.map(({ hosted }) => hosted))
    this.#order = order.flatMap((hosted) => runnable.filter((one) => one.hosted === hosted))
  }

  /** Starts the plugins that fill service slots. Rejects as {@link startPlugins}. */
  async startServices(): Promise<void> {
    await this.#requireLoaded()
    await this.#startAll(this.#order.filter(({ hosted }) => hosted.provides.length > 0))
  }

  /**
   * Starts all others, then opens for payloads. Rejects with `ERR_PLUGIN_FAILED` when a plugin that the config marks as
   * required did not start, after the others were shut down; with `ERR_STOPPING` when `stop` was called meanwhile.
   */
  async startPlugins(): Promise<void> {
    await this.#startAll(this.#order.filter(({ hosted }) => hosted.state === 'created'))
    for (const hosted of this.#all) {
      if (!this.#running.has(hosted.name) || hosted.state !== 'running') continue
      for (const kind of hosted.kinds) hosted.registrations.add('kind', kind, () => this.#claims.add(kind, hosted.name))
    }
    this.#log.info('plugins started', { running: this.#running.size, of: this.#all.length })
  }

  /** Both phases. */
  async start(): Promise<void> {
    await this.startServices()
    await this.startPlugins()
  }

  /**
   * Hands a payload to a plugin; resolves with its reply. Rejects with `ERR_PAYLOAD_REJECTED` (what it threw is the
   * cause), `ERR_TIMEOUT` (it hung; the call is given up, not ended), `ERR_STOPPING`, `ERR_KIND_UNCLAIMED`.
   * The caller keeps the order of payloads: one at a time for each (peer, kind).
   */
  async deliver(name: string, src: PeerId, kind: string, body: Uint8Array): Promise<Uint8Array | undefined> {
    const one = this.#running.get(name)
    if (one?.hosted.state !== 'running' || this.#claims.winner(kind) !== name) throw new ShoalError('ERR_KIND_UNCLAIMED', `No running plugin handles ${kind}.`)
    const { hosted, plugin } = one
    hosted.counters.payloads++
    const outcome = await contain(`${name}.handlePayload`, () => plugin.handlePayload?.(src, kind, body), this.#limits.call, hosted.scope.signal)
    if (outcome.kind === 'hung') throw hosted.note('handlePayload', outcome)
    const reply = outcome.kind === 'done' ? outcome.value : undefined
    if (outcome.kind === 'done' && (reply === undefined || reply instanceof Uint8Array)) return reply instanceof Uint8Array ? reply : undefined
    const { signal } = hosted.scope
    if (outcome.kind === 'threw' && signal.aborted && outcome.error === signal.reason) throw signal.reason
    const error = outcome.kind === 'threw' ? outcome.error : new TypeError(`it answered with a ${typeof reply}, neither bytes nor nothing`)
    hosted.note('handlePayload', { kind: 'threw', error })
    throw new ShoalError('ERR_PAYLOAD_REJECTED', `The plugin ${name} rejected the payload: ${describe(error)}`, { cause: error })
  }

  /** Tells every running plugin that a peer was forgotten, all at once, each within its own limit. Never rejects. */
  async tellForgotten(peer: PeerId): Promise<PluginOutcome[]> {
    const told = [...this.#running.values()].filter(({ plugin }) => plugin.onPeerForgotten !== undefined)
    return Promise.all(
      told.map(async ({ hosted, plugin }): Promise<PluginOutcome> => {
        const began = monotonic()
        const { signal } = hosted.scope
        const outcome = await contain(`${hosted.name}.onPeerForgotten`, () => plugin.onPeerForgotten?.(peer), this.#limits.forgotten, signal)
        const base = { plugin: hosted.name, ms: monotonic() - began }
        if (outcome.kind === 'done') return { ...base, outcome: 'ok' }
        return { ...base, outcome: outcome.kind === 'hung' ? 'timeout' : 'failed', error: describe(hosted.note('onPeerForgotten', outcome)) }
      }),
    )
  }

  /** Shuts down in reverse order, aborts, awaits tasks, undoes registrations. Idempotent; never rejects. */
  stop(): Promise<HostStopReport> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** All plugins, in the order of registration, also those that do not run. */
  list(): readonly PluginInfo[] {
    return this.#all.map((hosted) => hosted.info(this.#claimsOf(hosted)))
  }

  /** One plugin. Throws `ERR_PLUGIN_UNKNOWN`. */
  info(name: string): PluginInfo {
    const hosted = this.#running.get(name)?.hosted ?? this.#all.find((one) => one.name === name)
    if (!hosted) throw new ShoalError('ERR_PLUGIN_UNKNOWN', `There is no plugin ${name}. There are: ${this.#all.map((one) => one.name).join(', ')}.`)
    return hosted.info(this.#claimsOf(hosted))
  }

  /** Payload kinds that are handled here, for the Hello to peers. */
  kinds(): readonly string[] {
    return this.#claims.kinds
  }

  /** Tasks of the plugins that have any: one node a plugin, its tasks beneath. */
  tasks(): readonly TaskNode[] {
    return this.#all.map((hosted) => hosted.tree()).filter(({ children }) => children.length > 0)
  }

  #connected(): HostParts {
    if (!this.#parts)
      throw new ShoalError('ERR_PLUGIN_INVALID', 'Peers, payloads, streams and URL schemes are not there yet while service plugins start; use them in a task.')
    return this.#parts
  }

  /** Files an entry; returns it when it can be started. */
  #admit(entry: LoadedPlugin): Runnable | undefined {
    const make = (name: string, valid: boolean): Hosted => {
      const hosted = new Hosted({ entry, name, valid, log: this.#options.log(`plugin:${name}`), hostLog: this.#log, limits: this.#limits })
      this.#all.push(hosted)
      return hosted
    }
    if (entry.enabled === false) {
      make(entry.plugin ? safeName(entry) : entry.name, false).end('disabled', 'It is disabled in the configuration.')
      return undefined
    }
    try {
      const plugin = entry.plugin
      if (entry.error) throw entry.error
      checkPlugin(plugin)
      this.#requireFreeName(entry, plugin)
      const config = resolveConfig(plugin, entry.config)
      return { hosted: make(plugin.name, true), plugin, config }
    } catch (error) {
      this.#refuse(make(safeName(entry), false), error)
      return undefined
    }
  }

  #requireFreeName(entry: LoadedPlugin, plugin: Plugin): void {
    const other = this.#all.find((one) => one.name === plugin.name && one.state === 'created')
    if (other)
      throw new ShoalError(
        'ERR_PLUGIN_INVALID',
        `Two plugins are named ${plugin.name}: the first is from ${other.entry.source}, this one from ${entry.source}.`,
      )
  }

  #refuse(hosted: Hosted, error: unknown): void {
    const fault = hosted.note('load', { kind: 'threw', error })
    hosted.end(fault.code === 'ERR_PLUGIN_CONFIG' ? 'disabled' : 'failed', fault.message)
    this.#log.error('plugin cannot be used', { plugin: hosted.name, source: hosted.entry.source, reason: fault.message, code: fault.code })
  }

  async #requireLoaded(): Promise<void> {
    const refused = this.#all.find((hosted) => hosted.required && (hosted.state === 'failed' || hosted.fault?.where === 'load'))
    if (refused) await this.#abandon(refused)
  }

  async #startAll(batch: readonly Runnable[]): Promise<void> {
    for (const one of batch) {
      if (this.#stopping) break
      this.#starting = this.#startOne(one)
      await this.#starting
      if (one.hosted.state === 'failed' && one.hosted.required) await this.#abandon(one.hosted)
    }
    if (this.#stopping) throw new ShoalError('ERR_STOPPING', 'The daemon was stopped while its plugins started.')
  }

  async #startOne(one: Runnable): Promise<void> {
    await this.#starter.start(one.hosted, one.plugin, one.config)
    if (one.hosted.state === 'running') this.#running.set(one.hosted.name, one)
  }

  /** A required plugin did not start: all others go down, and the caller learns which one it was. */
  async #abandon(hosted: Hosted): Promise<never> {
    await this.stop()
    throw new ShoalError('ERR_PLUGIN_FAILED', `The plugin ${hosted.name} is required and could not start: ${hosted.reason ?? 'unknown reason'}`)
  }

  async #stop(): Promise<HostStopReport> {
    const reason = new ShoalError('ERR_STOPPING', 'The plugin is stopping.')
    const starting = this.#order.filter(({ hosted }) => hosted.state === 'starting')
    // cuts the start short; what it registered is undone by its failure
    await Promise.all(starting.map(({ hosted }) => hosted.scope.close(reason, this.#limits.tasks)))
    await this.#starting
    const running = [...this.#running.values()].reverse()
    for (const { hosted } of running) hosted.state = 'stopping'
    const plugins = await this.#shutdownAll(running)
    const tasks = await Promise.all(running.map(({ hosted }) => hosted.scope.close(reason, this.#limits.tasks)))
    for (const { hosted } of running) {
      await retire(hosted, reason, 0, this.#log)
      hosted.state = 'stopped'
    }
    this.#running.clear()
    const hung = plugins.filter(({ outcome }) => outcome === 'hung').map(({ plugin }) => plugin)
    return { plugins, hung, tasks: tasks.flat() }
  }

  async #shutdownAll(running: readonly Runnable[]): Promise<ShutdownOutcome[]> {
    const end = monotonic() + this.#limits.shutdowns
    const outcomes: ShutdownOutcome[] = []
    for (const { hosted, plugin } of running) {
      const began = monotonic()
      const limit = Math.max(0, Math.min(this.#limits.shutdown, end - began))
      const outcome = await contain(`${hosted.name}.shutdown`, () => plugin.shutdown?.(), limit)
      const base = { plugin: hosted.name, ms: monotonic() - began }
      if (outcome.kind === 'done') outcomes.push({ ...base, outcome: 'ok' })
      else outcomes.push({ ...base, outcome: outcome.kind === 'hung' ? 'hung' : 'failed', error: describe(hosted.note('shutdown', outcome)) })
    }
    return outcomes
  }

  #claimsOf(hosted: Hosted): ClaimInfo[] {
    return hosted.kinds.map((kind) => {
      const winner = this.#claims.winner(kind)
      return { kind, ...(winner !== undefined && winner !== hosted.name && { shadowedBy: winner }) }
    })
  }
}

/** The plugin's own name where it can be read, otherwise the one in the config. */
function safeName(entry: LoadedPlugin): string {
  try {
    const name: unknown = entry.plugin?.name
    return typeof name === 'string' && name !== '' && name.length <= 40 ? name : entry.name
  } catch {
    return entry.name
  }
}
