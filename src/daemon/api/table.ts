/**
 * The route table: pure data from which the server, the OpenAPI document and the client of the command line follow. It
 * loads nothing of the daemon and no library.
 *
 *     type Report = Output<'peers.forget'>
 *     fetch(requestPath('peers.forget', { params: { peer: 'attic' }, query: { dryRun: true } }))
 */

import { installRoutes } from './table-install.js'
import { nodeRoutes } from './table-node.js'
import { pairingRoutes } from './table-pairing.js'
import { peerRoutes } from './table-peers.js'
import { pluginRoutes } from './table-plugins.js'
import { portableRoutes } from './table-portables.js'
import type { InputOf, OutputOf, RouteShape } from './table-route.js'
import { streamRoutes } from './table-streams.js'
import { trustRoutes } from './table-trust.js'
import { workRoutes } from './table-work.js'

/** Every route of the daemon by its id. Plugins add theirs at run time, under `/PLUGIN/`. */
export const routes = {
  ...nodeRoutes,
  ...peerRoutes,
  ...pairingRoutes,
  ...trustRoutes,
  ...streamRoutes,
  ...workRoutes,
  ...pluginRoutes,
  ...installRoutes,
  ...portableRoutes,
} as const

/** `peers.forget`, `status` … */
export type RouteId = keyof typeof routes

/** Ids of the routes that answer with events. */
export type StreamRouteId = { [Id in RouteId]: (typeof routes)[Id] extends { readonly stream: 'sse' } ? Id : never }[RouteId]

/** What a handler is given: validated, defaults filled in. */
export type Input<Id extends RouteId> = InputOf<(typeof routes)[Id]>

/** The answer; of a {@link StreamRouteId}, one event. */
export type Output<Id extends RouteId> = OutputOf<(typeof routes)[Id]>

type Given<Id extends RouteId, Part extends 'params' | 'body'> = (typeof routes)[Id] extends { readonly [P in Part]: unknown }
  ? { readonly [P in Part]: Input<Id>[P] }
  : { readonly [P in Part]?: never }

/** What a client gives: parameters and body where the route has them; any part of the query. */
export type Request<Id extends RouteId> = Given<Id, 'params'> & Given<Id, 'body'> & { readonly query?: Partial<Input<Id>['query']> }

/** All ids, in the order of the table. */
export const routeIds: readonly RouteId[] = Object.keys(routes) as RouteId[]

/** One entry, without its exact type. */
export function routeOf(id: RouteId): RouteShape {
  return routes[id]
}

/** The parts of a request that make its path. */
export interface PathParts {
  readonly params?: object | undefined
  readonly query?: object | undefined
}

/** The path of a request with parameters filled in and the query behind it. */
export function requestPath(id: RouteId, { params = {}, query = {} }: PathParts): string {
  const filled = new Map(Object.entries(params))
  const path = routes[id].path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(filled.get(name) ?? '')))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, Array.isArray(value) ? value.join(',') : String(value))
  }
  return search.size > 0 ? `${path}?${search}` : path
}
