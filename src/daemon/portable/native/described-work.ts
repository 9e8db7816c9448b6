/** What a portable plugin described, as registrations: each call goes to the process that runs then. */

import type { HttpRequest, PluginContext, PullJob, PushJob } from '../../../plugin.js'
import { fromJson, toJson } from './codec.js'
import type { PluginDescription } from './description.js'
import type { PortableTimes } from './limits.js'
import type { Session } from './session.js'

/** The process, as soon as there is one. */
export type Live = (signal?: AbortSignal) => Promise<Session>

/** Registers pullers, pushers, routes and events. */
export function registerWork(ctx: PluginContext, description: PluginDescription, times: PortableTimes, live: Live): void {
  for (const [index, { protocol, prefix }] of description.pullers.entries()) {
    ctx.puller({ protocol, ...(prefix !== undefined && { prefix }), pull: (job) => runJob(job, { index, times, live, kind: { pull: job } }) })
  }
  for (const [index, { protocol, prefix }] of description.pushers.entries()) {
    ctx.pusher({ protocol, ...(prefix !== undefined && { prefix }), push: (job) => runJob(job, { index, times, live, kind: { push: job } }) })
  }
  for (const [index, { method, path, summary, public: isPublic }] of description.routes.entries()) {
    const handler = (request: HttpRequest): Promise<unknown> => answerRoute({ index, name: `${method} ${path}` }, request, times, live)
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

async function answerRoute(route: { index: number; name: string }, request: HttpRequest, times: PortableTimes, live: Live): Promise<unknown> {
  const { params, query, body, signal } = request
  const session = await live(signal)
  const http = { route: route.index, request: toJson({ params, query, body }) }
  const answer = await session.call({ http }, { what: `route(${route.name})`, timeout: times.call, signal })
  return fromJson(answer.body, 'The answer of a route')
}

/** Events until the plugin stops. Those that come while there is no process are nobody's. */
async function forward(ctx: PluginContext, topic: 'peers' | 'streams', signal: AbortSignal, live: Live): Promise<void> {
  for await (const event of topic === 'peers' ? ctx.peers.events({ signal }) : ctx.streams.events({ signal })) {
    const session = await live(signal).catch(() => undefined)
    await session?.event(topic, event)
  }
}
