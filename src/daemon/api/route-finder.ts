/** Which entry of the route table answers a request, and what to say when none does. */

import findMyWay from 'find-my-way'
import { ShoalError } from '../../errors.js'
import { suggest } from '../config/suggest.js'
import { type RouteId, routeIds, routeOf } from './table.js'

/** A route and the values in its path, decoded. */
export interface FoundRoute {
  readonly id: RouteId
  readonly params: Readonly<Record<string, string>>
}

/** Looks paths up in the table. */
export class RouteFinder {
  // a stream path of 255 bytes may be three times as long when it is escaped
  readonly #router = findMyWay({ caseSensitive: true, maxParamLength: 2048 })

  constructor() {
    for (const id of routeIds) this.#router.on(routeOf(id).method, routeOf(id).path, () => {}, { id })
  }

  /** `pathname` still escaped. HEAD counts as GET. */
  find(method: string, pathname: string): FoundRoute | undefined {
    const wanted = method === 'HEAD' ? 'GET' : method
    if (wanted !== 'GET' && wanted !== 'POST' && wanted !== 'PUT' && wanted !== 'DELETE') return undefined
    const found = this.#router.find(wanted, pathname)
    if (!found) return undefined
    const params = Object.entries(found.params).map(([name, value]) => [name, value ?? ''])
    return { id: (found.store as { id: RouteId }).id, params: Object.fromEntries(params) }
  }

  /** Methods that the table has for a path. */
  methods(pathname: string): string[] {
    return ['GET', 'POST', 'PUT', 'DELETE'].filter((method) => this.find(method, pathname))
  }
}

/** `ERR_ROUTE_UNKNOWN` with the nearest paths. */
export function unknownRoute(method: string, pathname: string, others: readonly string[]): ShoalError {
  const paths = [...routeIds.map((id) => routeOf(id).path), ...others]
  const near = suggest(pathname.slice(0, 200), paths).slice(0, 3)
  const hint = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'All routes: /api/openapi.json.'
  return new ShoalError('ERR_ROUTE_UNKNOWN', `There is no route ${method.slice(0, 10)} ${pathname.slice(0, 200)}.`, { hint })
}
