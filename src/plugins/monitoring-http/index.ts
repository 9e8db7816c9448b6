/**
 * What happened on this node, as numbers: `GET /monitoring-http/summary`, and posted to a web service where one is named. Fills
 * the slot `monitoring`; off by default.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from 'typebox'
import { JsonCall, serviceUrl } from '../../backends/json-call.js'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin.js'
import { type MonitoringHttpConfig, monitoringHttpSchema } from './config.js'
import { type Summary, Totals } from './totals.js'

const query = Type.Object(
  { reset: Type.Optional(Type.Boolean({ description: 'Begin anew after this one; default as configured.' })) },
  { additionalProperties: false },
)

/** ms that the service has for one summary. */
const pushTimeout = 10_000

/** Makes the plugin. */
export function monitoringHttp(): Plugin<MonitoringHttpConfig> {
  return definePlugin<MonitoringHttpConfig>({
    name: 'monitoring-http',
    info: { description: 'Counts errors, logins, payloads and streams, for whoever asks over HTTP.' },
    config: monitoringHttpSchema,
    provides: ['monitoring'],
    start(ctx) {
      const { reset, pushUrl } = ctx.config
      const totals = new Totals()
      ctx.provide('monitoring', totals)
      ctx.http.route({
        method: 'GET',
        path: '/summary',
        summary: 'Totals of errors, logins, payloads and streams',
        query,
        handler: (request) => ((request.query['reset'] ?? reset) ? totals.take() : totals.read()),
      })
      if (pushUrl !== '') push(ctx, totals)
    },
  })
}

/** Posts a summary at each interval. One that does not arrive is not lost: its numbers are in the next. */
function push(ctx: PluginContext<MonitoringHttpConfig>, totals: Totals): void {
  const { pushUrl, pushInterval, pushToken, insecure, reset } = ctx.config
  const service = new JsonCall({ url: serviceUrl(pushUrl, insecure), token: pushToken, timeout: pushTimeout, retries: 1, concurrent: 1 })
  let pending: Summary[] = []
  let failing = false
  const body = async ({ signal }: { readonly signal: AbortSignal }): Promise<void> => {
    while (!signal.aborted) {
      await sleep(pushInterval * 1000, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      pending = reset ? [...pending, totals.take()].slice(-maxPending) : [totals.read()]
      const wrong = await post(service, pending, signal)
      // one line for an outage, not one for each summary
      if (wrong !== undefined && !failing && !signal.aborted) ctx.log.warn('a summary could not be posted', { reason: wrong })
      failing = wrong !== undefined
      if (!failing) pending = []
    }
  }
  ctx.run('push', body, { restart: 'on-failure' })
}

/** Summaries kept for a service that is away. */
const maxPending = 60

/** Posts the oldest first; what arrived is taken out. Returns what went wrong. */
async function post(service: JsonCall, pending: Summary[], signal: AbortSignal): Promise<string | undefined> {
  try {
    while (pending.length > 0) {
      const { status } = await service.post(pending[0], signal)
      if (status < 200 || status > 299) return `it answered ${status}`
      pending.shift()
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'unknown reason'
  }
}
