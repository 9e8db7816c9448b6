/** What one entry of the route table says, and the types that follow from it. */

import type { Static, TObject, TSchema } from 'typebox'

/** Any entry. */
export interface RouteShape {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `/api/peers/:peer`; a parameter is one segment, percent-encoded. */
  readonly path: string
  /** One line for people. */
  readonly summary: string
  /** `owner`: needs the unix socket or the token; `public`: answers everybody whose Host and Origin are right. */
  readonly access: 'owner' | 'public'
  readonly params?: TObject
  readonly query?: TObject
  readonly body?: TObject
  /** The answer; of a route with `stream`, one event. */
  readonly response: TSchema
  /** The answer is a stream of server-sent events, each a JSON value of `response` whose `type` is also the event's name. */
  readonly stream?: 'sse'
  /** ms the handler has; default 30,000. Routes with `stream` have no limit. */
  readonly timeout?: number
  /** Largest body in bytes; default 1 MiB. */
  readonly maxBody?: number
  /** Answers as eKuiper does: texts as plain text, with this status, errors as `{"error":1000,"message":…}` with `failure` in front. */
  readonly ekuiper?: { readonly status?: number; readonly failure: string }
}

/** Keeps the exact type of an entry. */
export function route<const Shape extends RouteShape>(shape: Shape): Shape {
  return shape
}

/** Deeply read-only: what rooms hand out fits, and nobody changes an answer. */
export type Frozen<T> = T extends readonly (infer Item)[] ? readonly Frozen<Item>[] : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T

type Part<Shape, Name extends 'params' | 'query' | 'body'> = Shape extends { readonly [K in Name]: infer Schema extends TSchema }
  ? Static<Schema>
  : Record<never, never>

/** What a handler is given: validated, with defaults filled in. */
export interface InputOf<Shape extends RouteShape> {
  readonly params: Part<Shape, 'params'>
  readonly query: Part<Shape, 'query'>
  readonly body: Part<Shape, 'body'>
}

/** The answer; of a route with `stream`, one event. */
export type OutputOf<Shape extends RouteShape> = Frozen<Static<Shape['response']>>
