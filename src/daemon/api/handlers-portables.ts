/** Handlers of eKuiper's portable plugins. */

import { monotonic } from '../util/wait.js'
import type { HandlersOf } from './call.js'
import type { DaemonPort } from './port.js'
import type { RouteId } from './table.js'
import type { portableRoutes } from './table-portables.js'

/** Makes them. */
export function portableHandlers({ portables }: DaemonPort): HandlersOf<Extract<RouteId, keyof typeof portableRoutes>> {
  return {
    'portables.list': () => portables.list(),
    'portables.create': async ({ body, query }, { signal }) => {
      await portables.install({ ...body, ...query }, signal)
      return `portable plugin ${body.name} is created`
    },
    'portables.get': ({ params }) => portables.get(params.name),
    'portables.status': ({ params }) => portables.status(params.name),
    'portables.update': async ({ params, body, query }, { signal }) => {
      await portables.install({ ...body, ...query, name: params.name, update: true }, signal)
      return `portable plugin ${params.name} is updated`
    },
    'portables.delete': async ({ params, query }) => {
      await portables.remove(params.name, query.force === true)
      return `portable plugin ${params.name} is deleted`
    },
    'plugins.call': async ({ params, body }) => {
      const started = monotonic()
      const result = await portables.call(params.name, params.function, body.call ?? 'Exec', body.args ?? [])
      return { schema: 1, result: result ?? null, took: Math.round((monotonic() - started) * 1000) / 1000 }
    },
  }
}
