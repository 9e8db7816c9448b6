/** The node itself: state, start and stop, health, tasks, its token. */

import type { TUnsafe } from 'typebox'
import { route } from './table-route.js'
import { anything, dictionary, flag, integer, list, number, oneOf, optional, record, text } from './table-schema.js'
import { done, problemRow, type TaskRow, v1 } from './table-shapes.js'

/** A task and those below it. */
export const taskRow = {
  type: 'object',
  required: ['name', 'state', 'restarts', 'age', 'children'],
  properties: {
    name: { type: 'string' },
    state: { enum: ['running', 'backoff', 'done', 'failed', 'stopped'] },
    restarts: { type: 'integer' },
    age: { type: 'number', description: 'ms since it was last started.' },
    error: { type: 'string' },
    progress: {
      type: 'object',
      description: 'What it last said of itself.',
      properties: { text: { type: 'string' }, done: { type: 'number' }, total: { type: 'number' } },
    },
    children: { type: 'array', items: { type: 'object', description: 'A task like this one.' } },
  },
} as unknown as TUnsafe<TaskRow>

const slotRow = record({
  slot: text(),
  providers: list(text({ description: 'Plugins, in the order in which they are asked.' })),
  usesDefault: flag({ description: 'The default answers, alone or behind the plugins.' }),
  lost: optional(text({ description: 'The plugin that should fill it and does not run: the slot is closed.' })),
})

const statusShape = record({
  schema: v1,
  state: oneOf(['starting', 'running', 'degraded', 'stopping']),
  ready: flag(),
  id: text({ description: 'Peer id.' }),
  name: text(),
  version: text(),
  pid: integer(),
  home: text(),
  startedAt: number(),
  uptime: number({ description: 'ms.' }),
  addresses: list(text(), { description: 'Multiaddrs others can dial.' }),
  http: optional(record({ host: text(), port: integer(), url: text() })),
  peers: record({ trusted: integer(), connected: integer() }),
  streams: record({ local: integer(), subscribers: integer(), bitrateIn: number({ description: 'Bits a second.' }) }),
  plugins: record({ running: integer(), failed: integer(), disabled: integer() }),
  memory: record({ rss: integer({ description: 'Bytes.' }), heapUsed: integer() }),
  problems: list(problemRow, { description: 'Why the state is degraded.' }),
  notes: list(problemRow, { description: 'What works less well on this machine than it could.' }),
})

const versionShape = record({
  schema: v1,
  version: text(),
  commit: optional(text()),
  node: text({ description: 'Version of Node.' }),
  platform: text(),
  protocols: list(text()),
  libraries: dictionary(text()),
})

const checkRow = record({ name: text(), outcome: oneOf(['ok', 'warn', 'fail']), message: text(), fix: optional(text()) })

/** Its routes. */
export const nodeRoutes = {
  health: route({ method: 'GET', path: '/healthz', summary: 'Is the process alive?', access: 'public', response: record({ ok: flag() }) }),
  ready: route({
    method: 'GET',
    path: '/readyz',
    summary: 'Is the daemon ready for work? 503 when it is not.',
    access: 'public',
    response: record({ ready: flag() }),
  }),
  status: route({ method: 'GET', path: '/api/status', summary: 'State of this node.', access: 'owner', response: statusShape }),
  version: route({ method: 'GET', path: '/api/version', summary: 'Versions of the daemon and what it is made of.', access: 'owner', response: versionShape }),
  openapi: route({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This API as OpenAPI 3.1.',
    access: 'owner',
    response: dictionary(anything()),
  }),
  stop: route({
    method: 'POST',
    path: '/api/stop',
    summary: 'Stop the daemon gracefully. The answer comes before the end.',
    access: 'owner',
    body: record({ reason: optional(text({ maxLength: 200, description: 'For the log.' })) }),
    response: record({ schema: v1, stopping: flag(), pid: integer() }),
  }),
  tasks: route({
    method: 'GET',
    path: '/api/tasks',
    summary: 'The tree of supervised work.',
    access: 'owner',
    response: record({ schema: v1, tasks: list(taskRow) }),
  }),
  slots: route({
    method: 'GET',
    path: '/api/slots',
    summary: 'Service slots, and who fills them.',
    access: 'owner',
    response: record({ schema: v1, slots: list(slotRow) }),
  }),
  doctor: route({
    method: 'GET',
    path: '/api/doctor',
    summary: 'Checks that only the running daemon can make.',
    access: 'owner',
    timeout: 60_000,
    response: record({ schema: v1, checks: list(checkRow) }),
  }),
  'token.rotate': route({
    method: 'POST',
    path: '/api/token/rotate',
    summary: 'Replace the bearer token. The old one stops working at once.',
    access: 'owner',
    response: record({ schema: v1, token: text() }),
  }),
  'log.reopen': route({
    method: 'POST',
    path: '/api/log/reopen',
    summary: 'Close and open the log file, after it was moved away.',
    access: 'owner',
    response: done,
  }),
} as const
