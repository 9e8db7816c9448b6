/** What a handler is: from an id of the route table to a function of its exact types. */

import type { Principal } from '../../services.js'
import type { Input, Output, RouteId, StreamRouteId } from './table.js'

/** What a handler knows beside its input. */
export interface CallContext {
  readonly who: Principal
  /** Aborted when the client goes, the time is up or the server stops. */
  readonly signal: AbortSignal
}

type Result<Id extends RouteId> = Id extends StreamRouteId ? AsyncIterable<Output<Id>> : Output<Id> | Promise<Output<Id>>

/** A handler for each of some routes. */
export type HandlersOf<Ids extends RouteId> = { readonly [Id in Ids]: (input: Input<Id>, context: CallContext) => Result<Id> }

/** All of them. */
export type Handlers = HandlersOf<RouteId>
