/** Portable plugins of eKuiper under eKuiper's own paths and in its own shapes, and calls of their functions. */

import { route } from './table-route.js'
import { anything, dictionary, flag, integer, list, number, oneOf, optional, record, text } from './table-schema.js'
import { v1 } from './table-shapes.js'

const name = text({ minLength: 1, maxLength: 64 })
const nameParams = record({ name })
const scripts = optional(flag({ description: 'Run install.sh of the package, with the rights of the daemon.' }))
const shellParas = optional(list(text({ maxLength: 4096 }), { maxItems: 64, description: 'Arguments of install.sh.' }))
const file = text({ minLength: 1, maxLength: 4096, description: 'URL of a zip: file, https, or http on this machine.' })
const symbols = list(text())

const portable = record({
  name: text(),
  version: text(),
  language: oneOf(['go', 'python']),
  executable: text({ description: 'Absolute path.' }),
  sources: symbols,
  sinks: symbols,
  functions: symbols,
})

const done = text({ description: 'A sentence, as plain text.' })

/** Unpacking and starting take their time. */
const timeout = 300_000

/** Their routes. */
export const portableRoutes = {
  'portables.list': route({
    method: 'GET',
    path: '/plugins/portables',
    summary: 'eKuiper: portable plugins.',
    access: 'owner',
    response: list(portable),
    ekuiper: { failure: 'portable plugin list command error: ' },
  }),
  'portables.create': route({
    method: 'POST',
    path: '/plugins/portables',
    summary: 'eKuiper: install a portable plugin.',
    access: 'owner',
    timeout,
    query: record({ allowScripts: scripts }),
    body: record({ name, file, shellParas }),
    response: done,
    ekuiper: { status: 201, failure: 'portable plugin create command error: ' },
  }),
  'portables.get': route({
    method: 'GET',
    path: '/plugins/portables/:name',
    summary: 'eKuiper: one portable plugin.',
    access: 'owner',
    params: nameParams,
    response: portable,
    ekuiper: { failure: 'describe portable plugin error: ' },
  }),
  'portables.status': route({
    method: 'GET',
    path: '/plugins/portables/:name/status',
    summary: 'eKuiper: its process, and who uses it.',
    access: 'owner',
    params: nameParams,
    response: record({
      refCount: dictionary(integer(), { description: 'Stream path: sources and sinks that run for it.' }),
      status: oneOf(['initializing', 'running', 'error', 'stop']),
      errMsg: text(),
      pid: optional(integer()),
      restarts: integer(),
      lastEnd: optional(text({ description: 'How its process ended the last time.' })),
    }),
    ekuiper: { failure: 'portable plugin status error: ' },
  }),
  'portables.update': route({
    method: 'PUT',
    path: '/plugins/portables/:name',
    summary: 'eKuiper: replace a portable plugin; when the new one fails, the old one goes on.',
    access: 'owner',
    timeout,
    params: nameParams,
    query: record({ allowScripts: scripts }),
    body: record({ name: optional(name), file, shellParas }),
    response: done,
    ekuiper: { failure: 'portable plugin update command error: ' },
  }),
  'portables.delete': route({
    method: 'DELETE',
    path: '/plugins/portables/:name',
    summary: 'eKuiper: remove a portable plugin; refused while it is used, unless force is true.',
    access: 'owner',
    params: nameParams,
    query: record({ force: optional(flag({ description: 'Also while streams use it.' })) }),
    response: done,
    ekuiper: { failure: 'delete portable plugin error: ' },
  }),
  'plugins.call': route({
    method: 'POST',
    path: '/api/plugins/:name/functions/:function',
    summary: 'Call a function of a portable plugin of eKuiper.',
    access: 'owner',
    timeout: 610_000,
    params: record({ name, function: text({ minLength: 1, maxLength: 64 }) }),
    body: record({
      args: optional(list(anything(), { maxItems: 256 })),
      call: optional(oneOf(['Exec', 'Validate', 'IsAggregate'], { description: 'Default Exec.' })),
    }),
    response: record({ schema: v1, result: anything(), took: number({ description: 'ms.' }) }),
  }),
} as const
