/**
 * The plugin host: loads, starts, calls and stops plugins, and keeps the promises of the contract ("What the host
 * promises a plugin"). What it contains, and what it cannot contain in one process, is said in `containment.ts`.
 */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { PluginOutcome } from '../keystore/forget.js'
import type { TaskNode } from '../util/scope.js'
import { delay, monotonic } from '../util/wait.js'
import { contain, containNow, describe } from './containment.js'
import type { Hosted, LoadedPlugin, PluginInfo } from './hosted.js'
import { type HostLimits, hostLimits } from './limits.js'
import type { HostOptions, HostParts } from './parts.js'
import { payloadReply } from './payload-reply.js'
import { Roster, type Runnable } from './roster.js'
import { Running } from './running.js'
import { retire } from './starter.js'
import { Strays } from './strays.js'

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

/** Slots on which data or agreements between members stand: who fills them is decided when the daemon starts. */
const fixedSlots: readonly string[] = ['storage', 'clusterNode', 'clusterRegistry', 'stateRegistry', 'subscriptionRegistry', 'locks']

/** Where an error happened that came up in a timer, a listener or a promise that a plugin left alone. */
const strayPlace = 'outside of any call'

/** The plugins of one daemon. */
export class Host {
  readonly #options: HostOptions
  readonly #limits: HostLimits
  readonly #log: Logger
  readonly #roster: Roster
  readonly #running: Running
  readonly #strays = new Strays()
  /** Those that are ended for an error that nothing caught. */
  readonly #accused = new WeakSet<Hosted>()
  #parts: HostParts | undefined
  /** Who filled the fixed slots at the start. */
  readonly #founders = new Map<string, string | undefined>()
  /** The start, or the end of one plugin, that is under way. */
  #step: Promise<void> | undefined
  readonly #started = Promise.withResolvers<void>()
  /** Changes while the daemon runs, one after the other. */
  #changes: Promise<unknown> = this.#started.promise
  #stopping: Promise<HostStopReport> | undefined

  constructor(options: HostOptions, parts?: HostParts) {
    this.#options = options
    const limits = { ...hostLimits, ...options.limits }
    const log = options.log('host')
    this.#limits = limits
    this.#log = log
    this.#parts = parts
    this.#roster = new Roster({ log: (module) => options.log(module), hostLog: log, limits })
    this.#running = new Running({ options, limits, log, parts: () => this.#connected(), givenUp: (one, error) => this.#fail(one, 'process', error) })
    options.services.reportTo((plugin, slot, error) => this.#slotFailed(plugin, slot, error))
  }

  /** A call of a service that a plugin provides went wrong. */
  #slotFailed(plugin: string, slot: string, error: unknown): void {
    this.#running.get(plugin)?.hosted.note(`the slot ${slot}`, { kind: 'threw', error })
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
    const { services } = this.#options
    for (const entry of plugins) this.#roster.admit(this.#withStray(entry))
    for (const hosted of this.#roster.all) if (this.#roster.runnable(hosted)) services.declare(hosted.name, hosted.provides)
    for (const slot of fixedSlots) this.#founders.set(slot, services.declaredBy(slot))
    this.#roster.order()
  }

  /** Starts the plugins that fill service slots. Rejects as {@link startPlugins}. */
  async startServices(): Promise<void> {
    await this.#requireLoaded()
    await this.#startAll(this.#roster.order().filter(({ hosted }) => hosted.provides.length > 0))
  }

  /**
   * Starts all others, then opens for payloads. Plugins with a process of their own come last and side by side, so that one
   * that hangs holds nobody else up. Rejects with `ERR_PLUGIN_FAILED` when a plugin that the config marks as
   * required did not start, after the others were shut down; with `ERR_STOPPING` when `stop` was called meanwhile.
   */
  async startPlugins(): Promise<void> {
    const [programs, objects] = partition(
      this.#roster.order().filter(({ hosted }) => hosted.state === 'created'),
      ({ hosted }) => hosted.entry.process !== undefined,
    )
    await this.#startAll(objects)
    await this.#startTogether(programs)
    for (const hosted of this.#roster.all) if (this.#running.get(hosted.name)?.hosted === hosted) this.#running.claim(hosted)
    this.#log.info('plugins started', { running: this.#running.size, of: this.#roster.all.length })
    this.#started.resolve()
  }

  /** Both phases. */
  async start(): Promise<void> {
    await this.startServices()
    await this.startPlugins()
  }

  /**
   * Hands a payload to a plugin; its reply, or a promise of it where the plugin takes longer. Throws or rejects with
   * `ERR_PAYLOAD_REJECTED` (what it threw is the cause), `ERR_TIMEOUT` (it hung; the call is given up, not ended), `ERR_STOPPING`,
   * `ERR_KIND_UNCLAIMED`. The caller keeps the order of payloads: one at a time for each (peer, kind).
   */
  deliver(name: string, src: PeerId, kind: string, body: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const one = this.#taker(name, kind)
    if (one?.hosted.state !== 'running' || this.#running.claims.winner(kind) !== one.hosted.name)
      throw new ShoalError('ERR_KIND_UNCLAIMED', `No running plugin handles ${kind}.`)
    const { hosted, plugin } = one
    hosted.counters.payloads++
    const outcome = containNow(`${hosted.name}.handlePayload`, () => plugin.handlePayload?.(src, kind, body), this.#limits.call, hosted.scope.signal)
    if (!(outcome instanceof Promise)) return payloadReply(hosted, outcome)
    const done = hosted.calls.begin('handlePayload')
    return outcome.then((late) => {
      done()
      return payloadReply(hosted, late)
    })
  }

  /** Who was named may have stopped since; then it is whoever has the kind now. */
  #taker(name: string, kind: string): Runnable | undefined {
    const named = this.#running.get(name)
    return named?.hosted.state === 'running' ? named : this.#running.get(this.#running.claims.winner(kind) ?? name)
  }

  /** Tells every running plugin that a peer was forgotten, all at once, each within its own limit. Never rejects. */
  async tellForgotten(peer: PeerId): Promise<PluginOutcome[]> {
    const told = this.#running.values().filter(({ plugin }) => plugin.onPeerForgotten !== undefined)
    return Promise.all(
      told.map(async ({ hosted, plugin }): Promise<PluginOutcome> => {
        const began = monotonic()
        const outcome = await hosted.contain('onPeerForgotten', () => plugin.onPeerForgotten?.(peer), this.#limits.forgotten)
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
    return this.#roster.all.map((hosted) => this.#infoOf(hosted))
  }

  /** One plugin, by its name or that of its section. Throws `ERR_PLUGIN_UNKNOWN`. */
  info(name: string): PluginInfo {
    return this.#infoOf(this.#roster.find(name))
  }

  /** What one was loaded from. Throws `ERR_PLUGIN_UNKNOWN`. */
  entry(name: string): LoadedPlugin {
    return this.#roster.find(name).entry
  }

  /**
   * Starts a plugin while the daemon runs, in place of the one of that section or name where there is one, which is stopped
   * before. Like all changes it waits for those before it, touches no other plugin, and resolves with what came of it: the
   * state says whether it runs. Rejects with `ERR_STOPPING` when the daemon stops meanwhile.
   */
  add(entry: LoadedPlugin): Promise<PluginInfo> {
    return this.#change(() => this.#put(entry, this.#roster.present(entry)))
  }

  /** Stops a plugin and forgets it. Rejects with `ERR_PLUGIN_UNKNOWN`, `ERR_STOPPING`. */
  remove(name: string): Promise<void> {
    return this.#change(async () => {
      const hosted = this.#roster.find(name)
      await this.#end(hosted, `The plugin ${hosted.name} was removed.`)
      this.#options.services.release(hosted.name)
      this.#roster.remove(hosted)
    })
  }

  /** Starts a plugin that does not run, from `entry` where that is given. As {@link add}; also rejects with `ERR_PLUGIN_UNKNOWN`. */
  enable(name: string, entry?: LoadedPlugin): Promise<PluginInfo> {
    return this.#change(async () => {
      const hosted = this.#roster.find(name)
      return hosted.state === 'running' ? this.#infoOf(hosted) : this.#put({ ...(entry ?? hosted.entry), enabled: true }, hosted)
    })
  }

  /** Stops a plugin; it stays in lists with the reason. Rejects with `ERR_PLUGIN_UNKNOWN`, `ERR_STOPPING`. */
  disable(name: string, reason: string): Promise<PluginInfo> {
    return this.#change(async () => {
      const hosted = this.#roster.find(name)
      const before = hosted.fault
      await this.#end(hosted, `The plugin ${hosted.name} was disabled. ${reason}`)
      this.#options.services.release(hosted.name)
      const { fault } = hosted
      hosted.end('disabled', fault && fault !== before ? `${reason} Its end went wrong: ${fault.where}: ${fault.message}` : reason)
      return this.#infoOf(hosted)
    })
  }

  /** Stops a plugin and starts it again, from `entry` where that is given. As {@link enable}. */
  restart(name: string, entry?: LoadedPlugin): Promise<PluginInfo> {
    return this.#change(async () => {
      const hosted = this.#roster.find(name)
      return await this.#put(entry ?? hosted.entry, hosted)
    })
  }

  /** Says where the code of a plugin lies that runs in this process, before it is imported, so that {@link blame} knows it. */
  imports(section: string, code: string): void {
    this.#strays.imported(section, code)
  }

  /** Names of the plugins, by their sections, that an error comes from, going by its stack: see {@link blame}. Never throws. */
  culprits(error: unknown): readonly string[] {
    return this.#strays.sectionsOf(error)
  }

  /**
   * Takes an error that nothing caught, and returns the plugins it counts against. The one whose code stands in its stack fails. Where
   * it names no place at all, as a thrown text, each that shares the process may have thrown it: it is counted at all of them, and a
   * plugin that is the only one fails. Empty: it is the daemon's own. Never throws.
   */
  blame(error: unknown): readonly string[] {
    const sections = this.culprits(error)
    const sure = sections.length === 1
    for (const section of sections) this.#accuse(section, error, sure)
    return sections
  }

  /** Payload kinds that are handled here, for the Hello to peers. */
  kinds(): readonly string[] {
    return this.#running.claims.kinds
  }

  /** Tasks of the plugins that have any: one node a plugin, its tasks beneath. */
  tasks(): readonly TaskNode[] {
    return this.#roster.all.map((hosted) => hosted.tree()).filter(({ children }) => children.length > 0)
  }

  #connected(): HostParts {
    if (!this.#parts)
      throw new ShoalError('ERR_PLUGIN_INVALID', 'Peers, payloads, streams and URL schemes are not there yet while service plugins start; use them in a task.')
    return this.#parts
  }

  #infoOf(hosted: Hosted): PluginInfo {
    return hosted.info(this.#running.claimsOf(hosted))
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#changes.then(() => {
      this.#requireGoingOn()
      return work()
    })
    this.#changes = turn.catch(() => {})
    return turn
  }

  #requireGoingOn(): void {
    if (this.#stopping) throw new ShoalError('ERR_STOPPING', 'The daemon is stopping; its plugins are not changed any more.')
  }

  async #put(entry: LoadedPlugin, old: Hosted | undefined): Promise<PluginInfo> {
    if (old) await this.#end(old, `The plugin ${old.name} is started anew.`)
    this.#requireGoingOn()
    const hosted = this.#roster.admit(this.#withStray(entry), old)
    const one = this.#roster.runnable(hosted)
    if (old) this.#releaseOld(old, hosted)
    if (one && this.#isPlaced(one)) await this.#startLate(one)
    return this.#infoOf(hosted)
  }

  /** Slots that it filled and fills no more are others' to fill. Those of one that cannot be used now stay closed. */
  #releaseOld(old: Hosted, { name, provides, entry }: Hosted): void {
    const { services } = this.#options
    if (old.name !== name || entry.enabled === false) services.release(old.name)
    else if (provides.length > 0) services.release(old.name, provides)
  }

  /** Can it be started beside those that run? Otherwise it says why. */
  #isPlaced({ hosted }: Runnable): boolean {
    const { services } = this.#options
    const fixed = hosted.provides.find((slot) => fixedSlots.includes(slot) && this.#founders.get(slot) !== hosted.name)
    if (fixed !== undefined) {
      hosted.end('disabled', `It fills the slot ${fixed}, and who does is decided when the daemon starts: it counts from the next start.`)
      return false
    }
    try {
      services.declare(hosted.name, hosted.provides)
      this.#roster.order()
      return true
    } catch (error) {
      this.#roster.refuse(hosted, error)
      return false
    }
  }

  async #startLate(one: Runnable): Promise<void> {
    await this.#take(this.#running.start(one))
    this.#requireGoingOn()
    if (one.hosted.state !== 'running') return
    try {
      this.#running.claim(one.hosted)
    } catch (error) {
      await this.#take(this.#running.fail(one, 'start', ShoalError.from(error, 'ERR_PLUGIN_FAILED')))
    }
  }

  async #end(hosted: Hosted, reason: string): Promise<void> {
    const one = this.#running.get(hosted.name)
    if (one?.hosted === hosted) await this.#take(this.#running.end(one, new ShoalError('ERR_STOPPING', reason)))
  }

  /** Ends one that cannot go on, when the changes before it are made. */
  #fail(one: Runnable, where: string, error: ShoalError): void {
    const give = async (): Promise<void> => {
      if (one.hosted.state === 'running') await this.#take(this.#running.fail(one, where, error))
    }
    // a stop ends it as well
    this.#change(give).catch(() => {})
  }

  #accuse(section: string, error: unknown, sure: boolean): void {
    const text = sure ? 'It left an error that nothing caught' : 'An error that nothing caught is its own or that of another plugin'
    const stray = new ShoalError('ERR_PLUGIN_FAILED', `${text}: ${describe(error)}`, { cause: error })
    const hosted = this.#roster.all.find((one) => one.entry.name === section)
    // while it is imported, it is not there yet, or one from before is
    this.#strays.keep(section, stray)
    hosted?.note(strayPlace, { kind: 'threw', error: stray })
    const one = hosted && this.#roster.runnable(hosted)
    if (one && sure && !this.#accused.has(hosted)) {
      this.#accused.add(hosted)
      this.#fail(one, strayPlace, stray)
    }
  }

  /** Its code did something before it was known here. */
  #withStray(entry: LoadedPlugin): LoadedPlugin {
    const error = this.#strays.take(entry.name)
    return error ? { ...entry, error } : entry
  }

  /** A stop of the daemon waits for it. */
  async #take(step: Promise<void>): Promise<void> {
    this.#step = step
    await step
  }

  async #requireLoaded(): Promise<void> {
    const refused = this.#roster.all.find((hosted) => hosted.required && (hosted.state === 'failed' || hosted.fault?.where === 'load'))
    if (refused) await this.#abandon(refused)
  }

  /** Calls their starts in order. One that takes its time, or hangs, holds up those that need its slots, and all others only for a moment. */
  async #startAll(batch: readonly Runnable[]): Promise<void> {
    const late = new Map<Runnable, Promise<void>>()
    for (const one of batch) {
      if (this.#stopping) break
      await Promise.all([...late].map(([{ hosted }, starting]) => hosted.provides.some((slot) => one.hosted.requires.includes(slot)) && starting))
      const starting = this.#running.start(one)
      late.set(one, starting)
      starting.finally(() => late.delete(one))
      this.#step = Promise.all(late.values()).then(() => {})
      await this.#forAWhile(starting)
      if (one.hosted.state === 'failed' && one.hosted.required) await this.#abandon(one.hosted)
    }
    await Promise.all(late.values())
    const refused = batch.find(({ hosted }) => hosted.state === 'failed' && hosted.required)
    if (refused) await this.#abandon(refused.hosted)
    this.#requireStarting()
  }

  async #forAWhile(starting: Promise<void>): Promise<void> {
    const timer = new AbortController()
    await Promise.race([starting, delay(this.#limits.turn, timer.signal).catch(() => {})])
    timer.abort()
  }

  async #startTogether(batch: readonly Runnable[]): Promise<void> {
    this.#requireStarting()
    await this.#take(Promise.all(batch.map((one) => this.#running.start(one))).then(() => {}))
    const refused = batch.find(({ hosted }) => hosted.state === 'failed' && hosted.required)
    if (refused) await this.#abandon(refused.hosted)
    this.#requireStarting()
  }

  #requireStarting(): void {
    if (this.#stopping) throw new ShoalError('ERR_STOPPING', 'The daemon was stopped while its plugins started.')
  }

  /** A required plugin did not start: all others go down, and the caller learns which one it was. */
  async #abandon(hosted: Hosted): Promise<never> {
    await this.stop()
    throw new ShoalError('ERR_PLUGIN_FAILED', `The plugin ${hosted.name} is required and could not start: ${hosted.reason ?? 'unknown reason'}`)
  }

  async #stop(): Promise<HostStopReport> {
    const reason = new ShoalError('ERR_STOPPING', 'The plugin is stopping.')
    const starting = this.#roster.all.filter((hosted) => hosted.state === 'starting')
    // cuts the start short; what it registered is undone by its failure
    await Promise.all(starting.map((hosted) => hosted.scope.close(reason, this.#limits.tasks)))
    await this.#step
    this.#started.resolve()
    // those that fill slots end after those that need them, also where they were started anew
    const ended = this.#roster.order((one) => this.#running.get(one.hosted.name) === one).reverse()
    const fills = ({ hosted }: Runnable): boolean => hosted.provides.length > 0
    // those that fill slots started first: what others keep at their end still finds its storage
    const [users, fillers] = [ended.filter((one) => !fills(one)), ended.filter(fills)]
    const running = [...users, ...fillers]
    for (const { hosted } of running) hosted.state = 'stopping'
    const plugins = await this.#shutdownAll([users, fillers])
    const close = (some: readonly Runnable[]): Promise<string[][]> => Promise.all(some.map(({ hosted }) => hosted.scope.close(reason, this.#limits.tasks)))
    const tasks = [...(await close(users)), ...(await close(fillers))]
    for (const { hosted } of running) {
      await retire(hosted, reason, 0, this.#log)
      hosted.state = 'stopped'
    }
    this.#running.clear()
    const hung = plugins.filter(({ outcome }) => outcome === 'hung').map(({ plugin }) => plugin)
    return { plugins, hung, tasks: tasks.flat() }
  }

  /** One after the other; those with a process of their own, which started side by side after the others, end so before them. */
  async #shutdownAll(groups: readonly (readonly Runnable[])[]): Promise<ShutdownOutcome[]> {
    const end = monotonic() + this.#limits.shutdowns
    const outcomes: ShutdownOutcome[] = []
    for (const group of groups) {
      const [programs, objects] = partition(group, ({ hosted }) => hosted.entry.process !== undefined)
      outcomes.push(...(await Promise.all(programs.map((one) => this.#shutdown(one, end)))))
      for (const one of objects) outcomes.push(await this.#shutdown(one, end))
    }
    return outcomes
  }

  async #shutdown({ hosted, plugin }: Runnable, end: number): Promise<ShutdownOutcome> {
    const began = monotonic()
    const limit = Math.max(0, Math.min(this.#limits.shutdown, end - began))
    const outcome = await contain(`${hosted.name}.shutdown`, () => plugin.shutdown?.(), limit)
    const base = { plugin: hosted.name, ms: monotonic() - began }
    if (outcome.kind === 'done') return { ...base, outcome: 'ok' }
    return { ...base, outcome: outcome.kind === 'hung' ? 'hung' : 'failed', error: describe(hosted.note('shutdown', outcome)) }
  }
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter((item) => belongs(item)), items.filter((item) => !belongs(item))]
}
