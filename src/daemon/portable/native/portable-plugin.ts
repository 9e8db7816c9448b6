/** A program in a folder as a plugin: the adapter between the contract of `src/plugin.ts` and the portable protocol. */

import { ShoalError } from '../../../errors.js'
import type { Logger, Plugin, PluginContext } from '../../../plugin.js'
import { AttachPoint } from '../process/attach-point.js'
import type { Nursery } from '../process/nursery.js'
import { type ProcessUsage, processUsage } from '../process/usage.js'
import { registerWork } from './described-work.js'
import { changeOf, type PluginDescription } from './description.js'
import { type PortableTimes, portableTimes } from './limits.js'
import { PortableRun, type PortableStatus } from './portable-run.js'
import { ProvidedServices } from './provided-services.js'
import { ServiceCaller } from './service-caller.js'
import { type PortableProgram, Session, type SessionOptions } from './session.js'

/** Where a program that a person starts finds the daemon. */
export interface PortableAttach {
  /** Path of the unix socket, at most 107 bytes; its folder is made. The program finds it in `SHOAL_PLUGIN_SOCKET`. */
  readonly socket: string
  /** Called whenever the program is waited for. */
  readonly onWaiting?: (socket: string) => void
}

/** What a portable plugin is made of. */
export interface PortablePluginOptions {
  readonly program: PortableProgram
  /** What {@link describePortable} found, now or when it was installed. */
  readonly description: PluginDescription
  /** For the plugin's eyes: `shoal/0.1.0`. */
  readonly agent?: string
  readonly times?: Partial<PortableTimes>
  /** ms that it has for a payload, a request to a route, or a method of a slot; default 25,000. */
  readonly callTimeout?: number
  /** Resident bytes of the process and its children; more ends it, and it is started again as after any other end. Default: no limit. */
  readonly memoryLimit?: number
  /** The program is started by a person, and not by the daemon. */
  readonly attach?: PortableAttach
  /** Starts the program; default: one of its own. */
  readonly nursery?: Nursery | undefined
}

/** A plugin whose code runs in a process of its own. */
export interface PortablePlugin extends Plugin {
  status(): PortableStatus
  /** What the process uses; undefined while there is none. */
  usage(): Promise<ProcessUsage | undefined>
  /** Calls `listener` with the reason when the process is not started again any more. Returns the undo. */
  onGivenUp(listener: (error: ShoalError) => void): () => void
}

const defaultAgent = 'shoal'

/** How a program is found out about. */
export interface DescribeOptions {
  readonly log: Logger
  readonly agent?: string
  readonly times?: Partial<PortableTimes>
  readonly signal?: AbortSignal
  /** Starts the program; default: one of its own. */
  readonly nursery?: Nursery | undefined
}

/**
 * Runs a program until it has said what plugin it is, and ends it. Rejects with `ERR_TIMEOUT`, `ERR_VERSION_MISMATCH`,
 * `ERR_PLUGIN_INVALID`, `ERR_PROTOCOL`, or `ERR_PLUGIN_FAILED` with how the process ended.
 */
export async function describePortable(program: PortableProgram, options: DescribeOptions): Promise<PluginDescription> {
  const { log, agent = defaultAgent, signal, nursery } = options
  const session = await Session.open({ program, times: { ...portableTimes, ...options.times }, log, agent, nursery }, signal)
  await session.stop()
  return session.description
}

/** Makes a plugin of a program. Its process runs from `start` to `shutdown`, and is started again when it ends in between. */
export function portablePlugin(options: PortablePluginOptions): PortablePlugin {
  return pluginOf(options, options.attach && new Attachment(options.attach))
}

/**
 * Waits without limit for a program that a person starts, and makes a plugin of it; the program goes on to be its process. Rejects as
 * {@link describePortable}, with `ERR_SOCKET_PATH_TOO_LONG`, and with the reason of the signal. `name` stands in messages until then.
 */
export async function attachPortable(options: DescribeOptions & { readonly name: string; readonly attach: PortableAttach }): Promise<PortablePlugin> {
  const { name, log, agent = defaultAgent, signal = new AbortController().signal } = options
  const program = { name, command: '', folder: '' }
  const attachment = new Attachment(options.attach)
  try {
    const description = await attachment.first({ program, times: { ...portableTimes, ...options.times }, log, agent }, signal)
    return pluginOf({ ...options, program, description }, attachment)
  } catch (error) {
    await attachment.close()
    throw error
  }
}

/** ms, as long as timers go: a person may stand at a breakpoint. */
const forever = 2 ** 31 - 1

/** Where programs attach, and the one that came before the plugin started. */
class Attachment {
  readonly #attach: PortableAttach
  #point: Promise<AttachPoint> | undefined
  #first: Session | undefined

  constructor(attach: PortableAttach) {
    this.#attach = attach
  }

  get where(): string {
    return `at ${this.#attach.socket}`
  }

  /** A program has come already. */
  get here(): boolean {
    return this.#first !== undefined
  }

  /** Listens, unless it does. */
  listen(): Promise<AttachPoint> {
    this.#point ??= AttachPoint.listen(this.#attach.socket)
    return this.#point
  }

  async first(options: SessionOptions, signal: AbortSignal): Promise<PluginDescription> {
    this.#first = await this.open(options, signal)
    return this.#first.description
  }

  async open(options: SessionOptions, signal: AbortSignal): Promise<Session> {
    const first = this.#first
    this.#first = undefined
    if (first) {
      first.adopt(options)
      return first
    }
    const point = await this.listen()
    this.#attach.onWaiting?.(this.#attach.socket)
    const link = await point.next(signal)
    return Session.open({ ...options, link, times: { ...options.times, handshake: forever } }, signal)
  }

  async close(): Promise<void> {
    await this.#first?.stop()
    await (await this.#point?.catch(() => undefined))?.close()
    this.#point = undefined
  }
}

function pluginOf(options: PortablePluginOptions, attachment: Attachment | undefined): PortablePlugin {
  const { description, agent = defaultAgent, callTimeout, memoryLimit, nursery } = options
  const times = { ...portableTimes, ...options.times, ...(callTimeout !== undefined && { call: callTimeout }) }
  const program = { ...options.program, name: description.name }
  const givenUp = new Set<(error: ShoalError) => void>()
  let run: PortableRun | undefined
  const live = async (signal?: AbortSignal): Promise<Session> => {
    if (!run) throw new ShoalError('ERR_STOPPING', `The plugin ${program.name} does not run.`)
    return run.session(signal)
  }
  const open = async (ctx: PluginContext, services: ProvidedServices, signal: AbortSignal): Promise<Session> => {
    const notice: SessionOptions['notice'] = (slot, method, values) => services.notice(slot, method, values)
    const parts = { program, times, log: ctx.log, agent, notice, nursery }
    return checked(await (attachment ? attachment.open(parts, signal) : Session.open(parts, signal)), description)
  }
  const stop = async (): Promise<void> => {
    await attachment?.close()
    const ending = run?.stop()
    await ending?.finally(() => {
      run = undefined
    })
  }
  return {
    name: description.name,
    info: description.info,
    payloadKinds: description.payloadKinds,
    provides: description.provides,
    requires: description.uses.filter((slot) => !description.provides.includes(slot)),
    ...(description.config && { config: description.config }),
    async start(ctx) {
      const caller = new ServiceCaller({ plugin: program.name, times, live, now: () => run?.current })
      const services = new ProvidedServices(caller, ctx.log)
      run = new PortableRun({
        ...{ name: program.name, ctx, times },
        open: (signal) => open(ctx, services, signal),
        gone: () => services.gone(),
        givenUp: (error) => {
          for (const listener of [...givenUp]) listener(error)
        },
        ...(memoryLimit !== undefined && { memoryLimit }),
        ...(attachment && { attached: attachment.where, here: attachment.here }),
      })
      try {
        // a place that cannot be listened at fails the start; a program that does not come does not
        await attachment?.listen()
        await run.start()
        registerWork(ctx, description, times, live)
        services.provide(ctx, description.provides)
      } catch (error) {
        // the host calls no shutdown of a plugin that did not start
        await stop().catch(() => {})
        throw error
      }
    },
    async handlePayload(peer, kind, body) {
      const session = run?.current ?? (await live())
      const answer = await session.call({ payload: { peer, kind, body } }, { what: `handlePayload(${kind})`, timeout: times.call })
      return answer.body
    },
    async onPeerForgotten(peer) {
      const session = await live()
      await session.call({ forgotten: { peer } }, { what: 'onPeerForgotten', timeout: times.forgotten })
    },
    shutdown: stop,
    status: () => run?.status() ?? { state: 'stopped', restarts: 0, queues: { calls: 0, requests: 0, backlog: 0 } },
    usage: async () => {
      const pid = run?.status().pid
      return pid === undefined ? undefined : processUsage(pid)
    },
    onGivenUp(listener) {
      givenUp.add(listener)
      return () => void givenUp.delete(listener)
    },
  }
}

/** The session, when its program is still the plugin that it was. */
async function checked(session: Session, description: PluginDescription): Promise<Session> {
  const change = changeOf(description, session.description)
  if (change === undefined) return session
  throw await session.kill(new ShoalError('ERR_PLUGIN_FAILED', `The program of ${description.name} now gives another ${change} than before: install it anew.`))
}
