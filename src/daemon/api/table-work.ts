/** Payloads, configuration, log and the events of everything. */

import { route } from './table-route.js'
import { anything, dictionary, either, flag, integer, list, number, oneOf, optional, record, tag, text } from './table-schema.js'
import { laggedEvent, logRow, pullRow, v1 } from './table-shapes.js'

const level = oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
const keyParams = record({ key: text({ minLength: 1, maxLength: 256, description: 'streams.maxLatency, rtmp.port …' }) })
const moduleName = text({ minLength: 1, maxLength: 128, description: 'swarm, streams, plugin:rtmp …' })

/** Largest payload is 1 MiB; base64 makes it a third longer. */
const sendBody = 2 * 1024 * 1024

const sourceRow = record({
  key: text(),
  value: anything({ description: 'The value, or "<hidden>".' }),
  layer: oneOf(['default', 'file', 'environment', 'flag', 'runtime']),
  file: optional(text()),
  line: optional(integer()),
  from: optional(text({ description: 'Environment variable or flag.' })),
})

const nodeEvent = either(
  record({
    type: oneOf(['stream.published', 'stream.unpublished', 'stream.subscribed', 'stream.unsubscribed', 'stream.contested', 'stream.settled']),
    time: number(),
    path: text(),
    publisher: optional(text()),
    reader: optional(text()),
    reason: optional(text()),
  }),
  record({
    type: oneOf(['peer.seen', 'peer.trusted', 'peer.connected', 'peer.disconnected', 'peer.forgotten', 'peer.renamed', 'peer.copied', 'peer.asks']),
    time: number(),
    peer: text(),
    name: text(),
  }),
  record({ type: tag('pull'), time: number(), pull: pullRow }),
  record({ type: tag('log'), line: logRow }),
  record({ type: tag('lagged'), missed: integer(), time: number(), of: oneOf(['streams', 'peers', 'pulls', 'log']) }),
)

/** Their routes. */
export const workRoutes = {
  send: route({
    method: 'POST',
    path: '/api/send',
    summary: 'Send one payload to a peer and wait for its receipt, or for the reply.',
    access: 'owner',
    maxBody: sendBody,
    timeout: 130_000,
    body: record({
      peer: text({ minLength: 1, maxLength: 256 }),
      kind: text({ minLength: 1, maxLength: 255 }),
      body: optional(text({ maxLength: sendBody, description: 'The payload; empty by default.' })),
      encoding: optional(oneOf(['utf8', 'base64'], { description: 'Of body; default utf8.' })),
      wantReply: optional(flag({ description: 'Return what the far plugin answered.' })),
      timeout: optional(integer({ minimum: 1, maximum: 120_000, description: 'ms; default: payloads.timeout.' })),
    }),
    response: record({
      schema: v1,
      peer: text({ description: 'Peer id.' }),
      kind: text(),
      took: number({ description: 'ms until it was handled.' }),
      reply: optional(record({ body: text(), encoding: oneOf(['utf8', 'base64'], { description: 'utf8 where the reply is valid UTF-8.' }) })),
    }),
  }),
  'config.show': route({
    method: 'GET',
    path: '/api/config',
    summary: 'The configuration in force, secrets hidden.',
    access: 'owner',
    response: record({ schema: v1, config: dictionary(anything()) }),
  }),
  'config.sources': route({
    method: 'GET',
    path: '/api/config/sources',
    summary: 'Each value with the layer it comes from.',
    access: 'owner',
    response: record({ schema: v1, sources: list(sourceRow) }),
  }),
  'config.schema': route({
    method: 'GET',
    path: '/api/config/schema',
    summary: 'JSON Schema of the configuration, plugins included.',
    access: 'owner',
    response: dictionary(anything()),
  }),
  'config.get': route({
    method: 'GET',
    path: '/api/config/values/:key',
    summary: 'One value, or a section.',
    access: 'owner',
    params: keyParams,
    response: record({ schema: v1, key: text(), value: anything(), sources: list(sourceRow) }),
  }),
  'config.set': route({
    method: 'PUT',
    path: '/api/config/values/:key',
    summary: 'Change one value; kept in shoal.d/90-runtime.yaml.',
    access: 'owner',
    params: keyParams,
    body: record({ value: anything({ description: 'Text is read by the type of the key; null takes an earlier change back.' }) }),
    response: record({
      schema: v1,
      key: text(),
      value: anything({ description: 'The value in force; null when there is none.' }),
      restart: flag({ description: 'It counts from the next start.' }),
      plugin: optional(text({ description: 'Plugin of which a restart is enough.' })),
      file: text(),
    }),
  }),
  'log.tail': route({
    method: 'GET',
    path: '/api/log',
    summary: 'The newest log lines, oldest first.',
    access: 'owner',
    query: record({
      lines: integer({ default: 100, minimum: 1, maximum: 2000 }),
      since: optional(number({ description: 'Only lines after this time, ms since 1970.' })),
      module: optional(moduleName),
      level: optional(level),
    }),
    response: record({ schema: v1, lines: list(logRow) }),
  }),
  'log.follow': route({
    method: 'GET',
    path: '/api/log/follow',
    summary: 'Log lines as they come.',
    access: 'owner',
    stream: 'sse',
    query: record({
      lines: integer({ default: 0, minimum: 0, maximum: 2000, description: 'This many old lines first.' }),
      module: optional(moduleName),
      level: optional(level),
    }),
    response: either(record({ type: tag('line'), line: logRow }), laggedEvent),
  }),
  'log.levels': route({
    method: 'GET',
    path: '/api/log/levels',
    summary: 'Log levels of all modules.',
    access: 'owner',
    response: record({ schema: v1, level, modules: dictionary(level) }),
  }),
  'log.setLevel': route({
    method: 'PUT',
    path: '/api/log/levels',
    summary: 'Change the level of one module, or of all, until the next start.',
    access: 'owner',
    body: record({ module: optional(moduleName), level }),
    response: record({ schema: v1, level, modules: dictionary(level) }),
  }),
  events: route({
    method: 'GET',
    path: '/api/events',
    summary: 'What happens on this node, as it happens.',
    access: 'owner',
    stream: 'sse',
    query: record({
      types: list(oneOf(['streams', 'peers', 'pulls', 'log']), {
        default: ['streams', 'peers', 'pulls'],
        maxItems: 4,
        description: 'Comma-separated; log lines only when asked for.',
      }),
    }),
    response: nodeEvent,
  }),
} as const
