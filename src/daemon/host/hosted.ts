/** One plugin in the host: its state, its counters, and what it has registered. */

import { ShoalError } from '../../errors.js'
import type { Logger, Plugin } from '../../plugin.js'
import { Throttle } from '../util/rate.js'
import { Scope, type TaskNode } from '../util/scope.js'
import { monotonic } from '../util/wait.js'
import { contain, describe, type Outcome, shoalError } from './containment.js'
import { limitLog } from './limited-log.js'
import type { HostLimits } from './limits.js'
import { OpenCalls } from './open-calls.js'
import { Registrations } from './registrations.js'

/** A plugin as it comes from the config: loaded, or with the reason why not. */
export interface LoadedPlugin {
  /** Name in the config; shown where the object has no valid name of its own. */
  readonly name: string
  /** `built-in`, a package, or a path. */
  readonly source: string
  readonly plugin?: Plugin
  /** What its manifest says, which counts more than what the object says; of a built-in also where it is off. */
  readonly about?: NonNullable<Plugin['info']>
  /** Why there is no `plugin`. */
  readonly error?: ShoalError
  readonly config?: unknown
  /** Default true. */
  readonly enabled?: boolean
  /** When it does not start, the daemon does not start. Default false. */
  readonly required?: boolean
  /** ms that `start` has; default: that of the host's limits. */
  readonly startTimeout?: number
  /** The process it runs in, where it has one of its own. */
  readonly process?: PluginProcessView
}

/** How many things wait in a plugin's process or on the way to it, by name: `calls`, `requests` … */
export type ProcessQueues = Readonly<Record<string, number>>

/** What the host needs to know of a plugin's own process. Whoever makes the {@link LoadedPlugin} makes it. */
export interface PluginProcessView {
  status(): {
    /** `running`, `restarting`, `stopped` … */
    readonly state: string
    readonly pid?: number
    /** Since the plugin was started. */
    readonly restarts: number
    /** How it ended the last time, for people. */
    readonly lastEnd?: string
    /** What it does too much of, for people. */
    readonly complaint?: string
    readonly queues: ProcessQueues
  }
  /** `cpu` in ms of processor time, `memory` in resident bytes; undefined while there is no process. */
  usage(): Promise<{ readonly cpu: number; readonly memory: number } | undefined>
  /** Calls `listener` once when the process is not started again any more, with the reason. Returns the undo. */
  onGivenUp(listener: (error: ShoalError) => void): () => void
}

/** Where a plugin is in its life. `disabled`: by the config, or because its configuration is wrong. */
export type PluginState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed' | 'disabled'

/** What went wrong last. */
export interface PluginFault {
  readonly code: string
  readonly message: string
  /** The call: `handlePayload`, `GET /x`. */
  readonly where: string
  /** Wall clock, ms since 1970. */
  readonly time: number
}

/** Totals since the plugin was loaded. */
export interface PluginCounters {
  errors: number
  timeouts: number
  /** Payloads it handled, well or not. */
  payloads: number
  droppedLogLines: number
}

/** A payload kind a plugin claims. */
export interface ClaimInfo {
  readonly kind: string
  /** The plugin that gets the payloads instead. */
  readonly shadowedBy?: string
}

/** The process of a plugin that has one of its own. */
export interface ProcessInfo {
  readonly state: string
  readonly pid?: number
  /** Starts after the first, since the plugin was started. */
  readonly restarts: number
  /** How it ended the last time. */
  readonly lastEnd?: string
  /** What it does too much of. */
  readonly complaint?: string
  /** ms of processor time since the process began. */
  readonly cpu?: number
  /** Resident bytes. */
  readonly memory?: number
  readonly queues: ProcessQueues
}

/** A plugin as `shoal plugins` shows it. */
export interface PluginInfo {
  readonly name: string
  /** Name of its section in the configuration; where the plugin names itself, that may be another. */
  readonly section: string
  readonly source: string
  readonly version?: string
  readonly description?: string
  readonly author?: string
  readonly state: PluginState
  /** Why it is `failed` or `disabled`. */
  readonly reason?: string
  readonly required: boolean
  readonly kinds: readonly ClaimInfo[]
  readonly provides: readonly string[]
  readonly requires: readonly string[]
  readonly routes: readonly string[]
  readonly pullers: readonly string[]
  readonly pushers: readonly string[]
  readonly tasks: readonly TaskNode[]
  readonly counters: Readonly<PluginCounters>
  readonly lastError?: PluginFault
  /** A call that goes on for long, for people; absent as soon as it is over. */
  readonly overdue?: string
  /** ms that `start` took. */
  readonly startTime?: number
  /** Without `cpu` and `memory`, which take a moment to find out. */
  readonly process?: ProcessInfo
}

/** State of one plugin; only the host changes it. */
export class Hosted {
  readonly entry: LoadedPlugin
  readonly name: string
  /** Place among all plugins, from 1; a plugin that is started anew keeps it. */
  readonly rank: number
  readonly provides: readonly string[]
  readonly requires: readonly string[]
  readonly kinds: readonly string[]
  readonly required: boolean
  readonly #about: NonNullable<Plugin['info']>
  readonly counters: PluginCounters = { errors: 0, timeouts: 0, payloads: 0, droppedLogLines: 0 }
  readonly registrations: Registrations
  readonly scope: Scope
  /** Calls of it, and pulls that have published nothing yet. */
  readonly calls: OpenCalls
  /** The plugin's own logger, limited. */
  readonly log: Logger
  state: PluginState = 'created'
  reason: string | undefined
  fault: PluginFault | undefined
  startTime: number | undefined
  readonly #since = monotonic()
  readonly #hostLog: Logger
  readonly #notice = new Throttle(1000)

  constructor(init: { entry: LoadedPlugin; name: string; rank: number; valid: boolean; log: Logger; hostLog: Logger; limits: HostLimits }) {
    const { entry, name, limits } = init
    const plugin = init.valid ? entry.plugin : undefined
    this.entry = entry
    this.name = name
    this.rank = init.rank
    this.provides = [...(plugin?.provides ?? [])]
    this.requires = [...(plugin?.requires ?? [])]
    this.kinds = [...(plugin?.payloadKinds ?? [])]
    this.required = entry.required === true
    this.#about = { ...plugin?.info, ...entry.about }
    this.calls = new OpenCalls(limits.patience)
    this.registrations = new Registrations(name, limits.registrations)
    this.log = limitLog(init.log, limits.logLines, () => {
      this.counters.droppedLogLines++
    })
    this.scope = new Scope({ name, log: this.log })
    this.#hostLog = init.hostLog
  }

  /** Takes it out of service with a reason. */
  end(state: 'failed' | 'disabled', reason: string): void {
    this.state = state
    this.reason = reason
  }

  /** Counts and logs a call that went wrong; returns the error with a code. */
  note(where: string, outcome: Exclude<Outcome<unknown>, { kind: 'done' }>): ShoalError {
    const error = shoalError(outcome.error)
    if (outcome.kind === 'hung') this.counters.timeouts++
    else this.counters.errors++
    this.fault = { code: error.code, message: describe(error), where, time: Date.now() }
    this.#notice.run((more) => this.#hostLog.warn('plugin call failed', { plugin: this.name, where, kind: outcome.kind, err: error, more }))
    return error
  }

  /** As {@link contain}, and named while it takes long. */
  async contain<T>(where: string, call: () => T | PromiseLike<T>, limit: number): Promise<Outcome<T>> {
    const done = this.calls.begin(where)
    const outcome = await contain(`${this.name}.${where}`, call, limit, this.scope.signal)
    done()
    return outcome
  }

  /** The error of a call to a plugin that does not run, or undefined. */
  closed(): ShoalError | undefined {
    if (!this.scope.signal.aborted) return undefined
    return new ShoalError('ERR_STOPPING', `The plugin ${this.name} has stopped; its context can no longer be used.`)
  }

  /** Its tasks as one node of the daemon's tree of tasks. */
  tree(): TaskNode {
    const state = this.state === 'running' || this.state === 'failed' ? this.state : 'stopped'
    return { name: this.name, state, restarts: 0, age: monotonic() - this.#since, children: this.scope.tree() }
  }

  /** As lists show it. */
  info(claims: readonly ClaimInfo[]): PluginInfo {
    const { version, description, author } = this.#about
    const { state, reason, fault, startTime, registrations } = this
    const { process } = this.entry
    const overdue = this.calls.overdue()
    return {
      ...{
        name: this.name,
        section: this.entry.name,
        source: this.entry.source,
        state,
        required: this.required,
        kinds: claims,
        provides: this.provides,
        requires: this.requires,
      },
      ...{ routes: registrations.labels('route'), pullers: registrations.labels('puller'), pushers: registrations.labels('pusher') },
      ...{ tasks: this.scope.tree(), counters: { ...this.counters } },
      ...(version !== undefined && { version }),
      ...(description !== undefined && { description }),
      ...(author !== undefined && { author }),
      ...(reason !== undefined && { reason }),
      ...(fault !== undefined && { lastError: fault }),
      ...(overdue !== undefined && { overdue }),
      ...(startTime !== undefined && { startTime }),
      ...(process && { process: process.status() }),
    }
  }
}
