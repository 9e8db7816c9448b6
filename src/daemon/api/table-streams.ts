/** Streams, pulls and pushes. */

import { route } from './table-route.js'
import { anything, dictionary, either, flag, integer, list, number, oneOf, optional, record, tag, text } from './table-schema.js'
import { done, laggedEvent, pullRow, pushRow, readerRow, streamParams, streamRow, v1, versionRow } from './table-shapes.js'

const url = text({ minLength: 1, maxLength: 2048 })
const jobOptions = optional(dictionary(anything(), { description: 'Handed to the plugin as it is.' }))

const pullEvent = either(
  record({ type: tag('state'), time: number(), pull: pullRow }),
  record({ type: tag('stats'), time: number(), framesIn: integer(), bytesIn: integer(), bitrate: number({ description: 'Bits a second.' }) }),
  laggedEvent,
)

/** Their routes. */
export const streamRoutes = {
  'streams.list': route({
    method: 'GET',
    path: '/api/streams',
    summary: 'Streams here and at the peers.',
    access: 'owner',
    query: record({ scope: oneOf(['all', 'local'], { default: 'all', description: 'local: only what is on this node.' }) }),
    response: record({ schema: v1, streams: list(streamRow) }),
  }),
  'streams.info': route({
    method: 'GET',
    path: '/api/streams/:path',
    summary: 'One stream on this node, with its readers.',
    access: 'owner',
    params: streamParams,
    response: record({ schema: v1, stream: streamRow, readers: list(readerRow), versions: list(versionRow) }),
  }),
  'streams.stop': route({
    method: 'DELETE',
    path: '/api/streams/:path',
    summary: 'Stop a stream: its publisher is told, its readers end.',
    access: 'owner',
    params: streamParams,
    query: record({ reason: optional(text({ maxLength: 200 })) }),
    response: done,
  }),
  'pulls.list': route({
    method: 'GET',
    path: '/api/pulls',
    summary: 'Pulls, and how each is doing.',
    access: 'owner',
    response: record({ schema: v1, pulls: list(pullRow) }),
  }),
  'pulls.create': route({
    method: 'POST',
    path: '/api/pulls',
    summary: 'Feed a path from a URL. The same URL and path again is the same pull.',
    access: 'owner',
    body: record({
      url,
      path: optional(text({ minLength: 1, maxLength: 255, description: "Default: the URL's path." })),
      onDemand: optional(flag({ description: 'Start with the first reader.' })),
      idleDelay: optional(integer({ minimum: 0, maximum: 86_400_000, description: 'ms without a reader before an on-demand pull stops; default 10,000.' })),
      options: jobOptions,
    }),
    response: record({ schema: v1, pull: pullRow }),
  }),
  'pulls.remove': route({
    method: 'DELETE',
    path: '/api/pulls/:path',
    summary: 'End a pull and its stream.',
    access: 'owner',
    params: streamParams,
    response: done,
  }),
  'pulls.watch': route({
    method: 'GET',
    path: '/api/pulls/:path/watch',
    summary: 'State and figures of one pull as events; ends with the pull.',
    access: 'owner',
    stream: 'sse',
    params: streamParams,
    response: pullEvent,
  }),
  'pushes.list': route({
    method: 'GET',
    path: '/api/pushes',
    summary: 'Pushes, and how each is doing.',
    access: 'owner',
    response: record({ schema: v1, pushes: list(pushRow) }),
  }),
  'pushes.create': route({
    method: 'POST',
    path: '/api/pushes',
    summary: 'Send a stream to a URL.',
    access: 'owner',
    body: record({ path: text({ minLength: 1, maxLength: 255 }), url, options: jobOptions }),
    response: record({ schema: v1, push: pushRow }),
  }),
  'pushes.remove': route({
    method: 'DELETE',
    path: '/api/pushes/:id',
    summary: 'End a push.',
    access: 'owner',
    params: record({ id: text({ minLength: 1, maxLength: 100 }) }),
    response: done,
  }),
} as const
