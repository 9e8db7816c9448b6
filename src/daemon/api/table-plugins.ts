/** Plugins: what there is, and switching them while the daemon runs. */

import { taskRow } from './table-node.js'
import { route } from './table-route.js'
import { anything, dictionary, flag, integer, list, number, oneOf, optional, record, text } from './table-schema.js'
import { v1 } from './table-shapes.js'

const pluginFields = {
  name: text(),
  state: oneOf(['created', 'starting', 'running', 'stopping', 'stopped', 'failed', 'disabled']),
  version: optional(text()),
  description: optional(text()),
  required: flag(),
  error: optional(text({ description: 'Why it is failed or disabled.' })),
  kinds: list(text(), { description: 'Payload kinds it handles.' }),
  shadowed: list(record({ kind: text(), by: text() }), { description: 'Kinds it claims and another plugin has.' }),
  provides: list(text()),
  faults: integer({ description: 'Calls and tasks that threw or hung, and frames that were refused.' }),
  lastFault: optional(text({ description: 'What it last did wrong, also while it runs.' })),
}

const pluginRow = record(pluginFields)

const processRow = record(
  {
    state: text({ description: 'running, waiting …' }),
    pid: optional(integer()),
    restarts: integer({ description: 'Starts after the first, since the plugin was started.' }),
    lastEnd: optional(text({ description: 'How it ended the last time.' })),
    cpu: optional(number({ description: 'ms of processor time since the process began.' })),
    memory: optional(integer({ description: 'Resident bytes.' })),
    queues: dictionary(integer(), { description: 'What waits for it or in it, by name.' }),
  },
  { description: 'Of a plugin that runs in a process of its own.' },
)

const pluginInfo = record({
  ...pluginFields,
  section: text({ description: 'Its section in the configuration is plugins.SECTION.' }),
  source: text({ description: 'built-in, a package, a path, or where it was installed from.' }),
  author: optional(text()),
  requires: list(text()),
  routes: list(record({ method: text(), path: text(), public: flag() })),
  pullers: list(text(), { description: 'URL schemes it pulls.' }),
  pushers: list(text()),
  tasks: list(taskRow, { description: 'What it does now, as GET /api/tasks shows it.' }),
  counters: record({ payloads: integer(), errors: integer(), timeouts: integer(), droppedLogLines: integer() }, { description: 'Since it was started.' }),
  lastError: optional(record({ code: text(), message: text(), where: text({ description: 'The call: handlePayload, GET /x.' }), time: number() })),
  process: optional(processRow),
  needsRestart: list(text(), { description: 'Keys that changed since it was started, and count after a restart of it.' }),
  config: dictionary(anything(), { description: 'Its configuration, secrets hidden.' }),
})

const nameParams = record({ name: text({ minLength: 1, maxLength: 40 }) })
const switchQuery = record({ temporary: flag({ default: false, description: 'Until the next start of the daemon; not kept in the configuration.' }) })

/** ms: a shutdown, a start of a process, and those that wait before. */
const switchTimeout = 120_000

/** Their routes. */
export const pluginRoutes = {
  'plugins.list': route({
    method: 'GET',
    path: '/api/plugins',
    summary: 'Plugins and their states.',
    access: 'owner',
    response: record({ schema: v1, plugins: list(pluginRow) }),
  }),
  'plugins.info': route({
    method: 'GET',
    path: '/api/plugins/:name',
    summary: 'One plugin: what it provides, handles and serves.',
    access: 'owner',
    params: nameParams,
    response: record({ schema: v1, plugin: pluginInfo }),
  }),
  'plugins.enable': route({
    method: 'POST',
    path: '/api/plugins/:name/enable',
    summary: 'Start a plugin that does not run, and with the daemon from now on.',
    access: 'owner',
    timeout: switchTimeout,
    params: nameParams,
    query: switchQuery,
    response: record({ schema: v1, plugin: pluginRow }),
  }),
  'plugins.disable': route({
    method: 'POST',
    path: '/api/plugins/:name/disable',
    summary: 'Stop a plugin; it does not start with the daemon any more. No other is touched.',
    access: 'owner',
    timeout: switchTimeout,
    params: nameParams,
    query: switchQuery,
    response: record({ schema: v1, plugin: pluginRow }),
  }),
  'plugins.restart': route({
    method: 'POST',
    path: '/api/plugins/:name/restart',
    summary: 'Stop a plugin and start it with the configuration of now. No other is touched.',
    access: 'owner',
    timeout: switchTimeout,
    params: nameParams,
    response: record({ schema: v1, plugin: pluginRow }),
  }),
} as const
