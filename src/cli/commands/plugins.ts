/** `plugins`: what plugins there are, and switching them while the daemon runs. */

import type { Command } from 'commander'
import type { Answer } from '../client.js'
import { action, listing } from '../command.js'
import { ago, bytes, count, table } from '../output.js'
import { registerPluginsAuthor } from './plugins-author.js'
import { registerPluginsCall } from './plugins-call.js'
import { registerPluginsInstall } from './plugins-install.js'

/** Adds them. Each group of subcommands has a file of its own, which takes the `plugins` command. */
export function registerPlugins(program: Command): void {
  const plugins = program.command('plugins').description('plugins and their states')
  listing(plugins, async ({ client, out }) => out.result(await client.call('plugins.list'), pluginsText))
  action(plugins.command('info').argument('<name>').description('what one provides, handles and serves'), async ({ client, out }, name) => {
    out.result(await client.call('plugins.info', { params: { name } }), pluginText)
  })
  registerSwitches(plugins)
  registerPluginsAuthor(plugins)
  registerPluginsInstall(plugins)
  registerPluginsCall(plugins)
}

function registerSwitches(plugins: Command): void {
  for (const [name, description] of [
    ['enable', 'start a plugin that does not run; it starts with the daemon from now on'],
    ['disable', 'stop a plugin; it does not start with the daemon any more'],
  ] as const) {
    const command = plugins.command(name).argument('<name>').description(description)
    command.option('--temporary', 'until the next start of the daemon')
    action<{ temporary?: boolean }>(command, async ({ client, out, options, signal }, plugin) => {
      const query = { temporary: options.temporary === true }
      out.result(await client.call(`plugins.${name}`, { params: { name: plugin }, query }, signal), stateText)
    })
  }
  action(
    plugins.command('restart').argument('<name>').description('stop a plugin and start it with the configuration of now'),
    async ({ client, out, signal }, name) => {
      out.result(await client.call('plugins.restart', { params: { name } }, signal), stateText)
    },
  )
}

function stateText({ plugin: { name, state, error } }: Answer<'plugins.restart'>): string {
  return `${name} is ${state}${error === undefined ? '' : `: ${error}`}`
}

function pluginsText({ plugins }: Answer<'plugins.list'>): string {
  return table(
    plugins,
    [
      ['PLUGIN', (row) => row.name],
      ['VERSION', (row) => row.version ?? ''],
      ['STATE', (row) => row.state],
      ['KINDS', (row) => row.kinds.join(' ')],
      ['SHADOWED', (row) => row.shadowed.map(({ kind, by }) => `${kind} (by ${by})`).join(' ')],
      ['FAULTS', (row) => row.faults],
      ['ABOUT', about],
    ],
    'No plugins.',
  )
}

/** What is wrong with it, else what it is: one that is only switched off has no faults. */
function about({ state, error, lastFault, description, faults }: Answer<'plugins.list'>['plugins'][number]): string {
  if (state === 'disabled' && faults === 0 && description !== undefined) return description
  return error ?? lastFault ?? description ?? ''
}

/** How the URLs begin that a puller or pusher serves: of a scheme, or the prefix it declared. */
function urlStart(start: string): string {
  return start.endsWith(':') ? `${start}//` : start
}

type Detail = Answer<'plugins.info'>['plugin']

function pluginText({ plugin }: Answer<'plugins.info'>): string {
  const { needsRestart, lastError } = plugin
  const lines: [string, string][] = [
    ['plugin', `${plugin.name} ${plugin.version ?? ''}`],
    ['about', plugin.description ?? ''],
    ['author', plugin.author ?? ''],
    ['source', plugin.source],
    ['state', `${plugin.state}${plugin.error ? `: ${plugin.error}` : ''}`],
    ['process', plugin.process ? processText(plugin.process) : ''],
    ['waits', plugin.process ? queuesText(plugin.process.queues) : ''],
    ['counters', countersText(plugin)],
    ['last error', lastError ? `${lastError.message} (${lastError.where}, ${ago(lastError.time)})` : ''],
    ['kinds', plugin.kinds.join(' ')],
    ['shadowed', plugin.shadowed.map(({ kind, by }) => `${kind} by ${by}`).join(', ')],
    ['provides', plugin.provides.join(' ')],
    ['requires', plugin.requires.join(' ')],
    ['pulls', plugin.pullers.map(urlStart).join(' ')],
    ['pushes', plugin.pushers.map(urlStart).join(' ')],
    ['routes', plugin.routes.map((route) => `${route.method} ${route.path}${route.public ? ' (public)' : ''}`).join(`\n${indent}`)],
    ['tasks', tasksText(plugin.tasks)],
    ['config', `${plugin.section === plugin.name ? '' : `plugins.${plugin.section} `}${JSON.stringify(plugin.config)}`],
    ['needs restart', needsRestart.length > 0 ? `${needsRestart.join(', ')} (shoal plugins restart ${plugin.name})` : ''],
  ]
  return lines
    .filter(([, value]) => value.trim() !== '')
    .map(([name, value]) => `${name.padEnd(indent.length - 1)} ${value}`)
    .join('\n')
}

/** As wide as the longest name of a line, and one more. */
const indent = ' '.repeat('needs restart '.length)

function processText({ state, pid, restarts, cpu, memory, lastEnd }: NonNullable<Detail['process']>): string {
  const parts = [state, pid === undefined ? '' : `pid ${pid}`, count(restarts, 'restart')]
  if (cpu !== undefined) parts.push(`${(cpu / 1000).toFixed(1)} s of processor time`)
  if (memory !== undefined) parts.push(`${bytes(memory)} of memory`)
  if (lastEnd !== undefined) parts.push(`ended last because: ${lastEnd}`)
  return parts.filter((part) => part !== '').join(', ')
}

function queuesText(queues: NonNullable<Detail['process']>['queues']): string {
  return Object.entries(queues)
    .map(([name, length]) => `${name} ${length}`)
    .join(', ')
}

function countersText({ counters }: Detail): string {
  const { payloads, errors, timeouts, droppedLogLines } = counters
  return `${count(payloads, 'payload')}, ${count(errors, 'error')}, ${count(timeouts, 'timeout')}, ${count(droppedLogLines, 'dropped log line')}`
}

function tasksText(tasks: Detail['tasks']): string {
  const more = tasks.length - shownTasks
  const lines = tasks.slice(0, shownTasks).map(({ name, state, restarts }) => `${name} (${state}${restarts > 0 ? `, ${count(restarts, 'restart')}` : ''})`)
  return [...lines, ...(more > 0 ? [`and ${more} more: shoal tasks`] : [])].join(`\n${indent}`)
}

/** A server plugin has a task for each connection. */
const shownTasks = 10
