/** A program in a folder as a plugin: the adapter between the contract of `src/plugin.ts` and the portable protocol. */

import { ShoalError } from '../../../errors.js'
import type { HttpRequest, Logger, Plugin, PluginContext, PullJob, PushJob } from '../../../plugin.js'
import { type ProcessUsage, processUsage } from '../process/usage.js'
import { fromJson, toJson } from './codec.js'
import { changeOf, type PluginDescription } from './description.js'
import { type PortableTimes, portableTimes } from './limits.js'
import { PortableRun, type PortableStatus } from './portable-run.js'
import { type PortableProgram, Session } from './session.js'

/** What a portable plugin is made of. */
export interface PortablePluginOptions {
  readonly program: PortableProgram
  /** What {@link describePortable} found, now or when it was installed. */
  readonly description: PluginDescription
  /** For the plugin's eyes: `shoal/0.1.0`. */
  readonly agent?: string
  readonly times?: Partial<PortableTimes>
}

/** A plugin whose code runs in a process of its own. */
export interface PortablePlugin extends Plugin {
  status(): PortableStatus
  /** What the process uses; undefined while there is none. */
  usage(): Promise<ProcessUsage | undefined>
}

const defaultAgent = 'shoal'

/**
 * Runs a program until it has said what plugin it is, and ends it. Rejects with `ERR_TIMEOUT`, `ERR_VERSION_MISMATCH`,
 * `ERR_PLUGIN_INVALID`, `ERR_PROTOCOL`, or `ERR_PLUGIN_FAILED` with how the process ended.
 */
export async function describePortable(
  program: PortableProgram,
  options: { readonly log: Logger; readonly agent?: string; readonly times?: Partial<PortableTimes>; readonly signal?: AbortSignal },
): Promise<PluginDescription> {
  const { log, agent = defaultAgent, signal } = options
  const session = await Session.open({ program, times: { ...portableTimes, ...options.times }, log, agent }, signal)
  await session.stop()
  return session.description
}

/** Makes a plugin of a program. Its process runs from `start` to `shutdown`, and is started again when it ends in between. */
export function portablePlugin(options: PortablePluginOptions): PortablePlugin {
  const { description } = options
  const times = { ...portableTimes, ...options.times }
  const program = { ...options.program, name: description.name }
  let run: PortableRun | undefined
  const open = async (ctx: PluginContext, signal: AbortSignal): Promise<Session> => {
    const session = await Session.open({ program, times, log: ctx.log, agent: options.agent ?? defaultAgent }, signal)
    const change = changeOf(description, session.description)
    if (change === undefined) return session
    throw await session.kill(new ShoalError('ERR_PLUGIN_FAILED', `The program of ${program.name} now gives another ${change} than before: install it anew.`))
  }
  const live = async (signal?: AbortSignal): Promise<Session> => {
    if (!run) throw new ShoalError('ERR_STOPPING', `The plugin ${program.name} does not run.`)
    return run.session(signal)
  }
  return {
    name: description.name,
    info: description.info,
    payloadKinds: description.payloadKinds,
    ...(description.config && { config: description.config }),
    async start(ctx) {
      const mine = new PortableRun({ name: program.name, ctx, times, open: (signal) => open(ctx, signal) })
      run = mine
      await mine.start()
      register(ctx, description, times, live)
    },
    async handlePayload(peer, kind, body) {
      const session = await live()
      const answer = await session.call({ payload: { peer, kind, body } }, { what: 'handlePayload', timeout: times.call })
      return answer.body
    },
    async onPeerForgotten(peer) {
      const session = await live()
      await session.call({ forgotten: { peer } }, { what: 'onPeerForgotten', timeout: times.forgotten })
    },
    async shutdown() {
      await run?.stop()
      run = undefined
    },
    status: () => run?.status() ?? { state: 'stopped', restarts: 0, queues: { calls: 0, requests: 0, backlog: 0 } },
    usage: async () => {
      const pid = run?.status().pid
      return pid === undefined ? undefined : processUsage(pid)
    },
  }
}

type Live = (signal?: AbortSignal) => Promise<Session>

/** Registers what the plugin described: each call goes to the process that runs then. */
function register(ctx: PluginContext, description: PluginDescription, times: PortableTimes, live: Live): void {
  for (const [index, { protocol, prefix }] of description.pullers.entries()) {
    ctx.puller({ protocol, ...(prefix !== undefined && { prefix }), pull: (job) => runJob(job, { index, times, live, kind: { pull: job } }) })
  }
  for (const [index, { protocol, prefix }] of description.pushers.entries()) {
    ctx.pusher({ protocol, ...(prefix !== undefined && { prefix }), push: (job) => runJob(job, { index, times, live, kind: { push: job } }) })
  }
  for (const [index, { method, path, summary, public: isPublic }] of description.routes.entries()) {
    const handler = (request: HttpRequest): Promise<unknown> => answerRoute(index, request, times, live)
    ctx.http.route({ method, path, handler, ...(summary !== undefined && { summary }), ...(isPublic && { public: true }) })
  }
  for (const topic of description.events) ctx.run(`events of ${topic}`, ({ signal }) => forward(ctx, topic, signal, live))
}

interface JobParts {
  readonly index: number
  readonly times: PortableTimes
  readonly live: Live
  readonly kind: { readonly pull: PullJob } | { readonly push: PushJob }
}

async function runJob(job: PullJob | PushJob, { index, times, live, kind }: JobParts): Promise<void> {
  const { url, path, options, signal } = job
  if (signal.aborted) return
  const session = await live(signal)
  const push = 'push' in kind
  const message = { job: { factory: index, push, url: url.href, path, options: toJson(options) } }
  try {
    await session.job(message, { what: push ? 'push' : 'pull', signal, linger: times.cancel }, kind)
  } catch (error) {
    // ended because it was asked to: no failure
    if (!signal.aborted) throw error
  }
}

async function answerRoute(route: number, { params, query, body, signal }: HttpRequest, times: PortableTimes, live: Live): Promise<unknown> {
  const session = await live(signal)
  const answer = await session.call({ http: { route, request: toJson({ params, query, body }) } }, { what: 'a route', timeout: times.call, signal })
  return fromJson(answer.body, 'The answer of a route')
}

/** Events until the plugin stops. Those that come while there is no process are nobody's. */
async function forward(ctx: PluginContext, topic: 'peers' | 'streams', signal: AbortSignal, live: Live): Promise<void> {
  for await (const event of topic === 'peers' ? ctx.peers.events({ signal }) : ctx.streams.events({ signal })) {
    const session = await live(signal).catch(() => undefined)
    await session?.event(topic, event)
  }
}
