/** Installed plugins: packages that come, go and are looked at while the daemon runs. */

import { route } from './table-route.js'
import { either, flag, integer, list, number, oneOf, optional, record, tag, text } from './table-schema.js'
import { v1 } from './table-shapes.js'

const hash = text({ pattern: '^[0-9A-Fa-f]{64}$', description: 'SHA-256 of the archive, hex.' })
const kind = oneOf(['program', 'module', 'ekuiper'])

const installBody = record({
  source: text({ minLength: 1, maxLength: 4096, description: 'Absolute path of a zip, or a URL of file, https, or http on this machine.' }),
  name: optional(text({ minLength: 1, maxLength: 64, description: 'The name it must have. Needed where the archive of an eKuiper plugin does not tell.' })),
  update: optional(flag({ description: 'Replace the version that is installed.' })),
  sha256: optional(hash),
  allowHttp: optional(flag({ description: 'Also take http from other machines.' })),
  allowScripts: optional(flag({ description: 'Run the script of the package, with the rights of the daemon.' })),
  scriptArgs: optional(list(text({ maxLength: 4096 }), { maxItems: 64, description: 'More arguments of the script.' })),
  scriptTimeout: optional(integer({ minimum: 1, maximum: 3_600_000, description: 'ms; default 600,000.' })),
})

const installEvent = either(
  record({
    type: tag('progress'),
    step: oneOf(['download', 'unpack', 'script', 'check', 'try', 'stop', 'start']),
    done: optional(number({ description: 'Bytes.' })),
    total: optional(number()),
  }),
  record({
    type: tag('installed'),
    plugin: text(),
    version: text(),
    kind,
    sha256: hash,
    state: oneOf(['created', 'starting', 'running', 'stopping', 'stopped', 'failed', 'disabled'], {
      description: 'running, or disabled by the configuration.',
    }),
    replaced: optional(text({ description: 'The version that was there before.' })),
  }),
)

const installedRow = record({
  name: text(),
  version: text(),
  kind,
  source: text(),
  sha256: hash,
  tree: text({ description: 'SHA-256 over its files.' }),
  files: integer(),
  installedAt: number({ description: 'Wall clock, ms since 1970.' }),
})

/** Their routes. */
export const installRoutes = {
  'plugins.install': route({
    method: 'POST',
    path: '/api/plugins/install',
    summary: 'Install a plugin from a zip: progress and the outcome as events. A failure leaves everything as it was.',
    access: 'owner',
    stream: 'sse',
    body: installBody,
    response: installEvent,
  }),
  'plugins.remove': route({
    method: 'DELETE',
    path: '/api/plugins/:name',
    summary: 'Remove an installed plugin.',
    access: 'owner',
    params: record({ name: text({ minLength: 1, maxLength: 64 }) }),
    query: record({
      force: optional(flag({ description: 'Also while streams or jobs use it.' })),
      data: optional(flag({ description: 'Its own data, too.' })),
    }),
    response: record({ schema: v1, removed: text(), version: text() }),
  }),
  'plugins.verify': route({
    method: 'POST',
    path: '/api/plugins/verify',
    summary: 'Hold the files of the installed plugins against the lock. One that was changed is stopped, and failed.',
    access: 'owner',
    timeout: 300_000,
    response: record({
      schema: v1,
      plugins: list(record({ plugin: text(), version: text(), ok: flag(), file: optional(text()), how: optional(oneOf(['changed', 'missing'])) })),
    }),
  }),
  'plugins.installed': route({
    method: 'GET',
    path: '/api/plugin-set',
    summary: 'What was installed, with sources and hashes, as another node can install it.',
    access: 'owner',
    response: record({ schema: v1, plugins: list(installedRow) }),
  }),
} as const
