/** The plugin through which two nodes of ours are measured: one answers and subscribes, the other calls. It is driven over its routes. */

import type { PeerId, Plugin, PluginContext } from '../src/plugin.js'
import type { SubscriptionRegistry } from '../src/services.js'
import { closedLoop, type Figures, type Plan } from './closed-loop.js'

/** Payloads of this kind are answered with what they hold. */
export const echoKind = 'payload-bench.echo'

/** The body of `POST /payload-bench/run`. */
export interface RunRequest extends Plan {
  readonly peer: PeerId
}

const name = 'message'
let stops: (() => void)[] = []
let received = 0

function registry(ctx: PluginContext): SubscriptionRegistry {
  return ctx.use('subscriptionRegistry').getRegistry('payload-bench')
}

async function run(ctx: PluginContext, { peer, ...plan }: RunRequest): Promise<Figures> {
  const topic = registry(ctx)
  if (plan.subscribers > 0) return await closedLoop(plan, (body) => topic.publish(name, body))
  return await closedLoop(plan, (body) => ctx.payloads.request(peer, echoKind, body))
}

/** Leaves so many subscribers. */
function subscribe(ctx: PluginContext, count: number): void {
  for (const stop of stops) stop()
  stops = Array.from({ length: count }, () =>
    registry(ctx).subscribe(name, () => {
      received++
    }),
  )
}

const plugin: Plugin = {
  name: 'payload-bench',
  payloadKinds: [echoKind],
  start: (ctx) => {
    ctx.http.route({ method: 'POST', path: '/run', handler: ({ body }) => run(ctx, body as RunRequest) })
    ctx.http.route({ method: 'POST', path: '/subscribers', handler: ({ body }) => subscribe(ctx, (body as { count: number }).count) })
    ctx.http.route({ method: 'GET', path: '/state', handler: () => ({ interested: registry(ctx).interested(name), received, cpu: process.cpuUsage() }) })
  },
  handlePayload: (_source, _kind, body) => body,
}

export default plugin
