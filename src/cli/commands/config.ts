/** `config`: the layered configuration, of the running daemon or of a home whose daemon does not run. */

import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { isShoalError, ShoalError } from '../../errors.js'
import type { Answer, Client } from '../client.js'
import { action } from '../command.js'
import { count, table } from '../output.js'
import { registerConfigHash } from './config-hash.js'

type Sources = Answer<'config.sources'>['sources']

/** Adds it. */
export function registerConfig(program: Command): void {
  const config = program.command('config').description('the layered configuration')
  action(config.command('show').description('everything in force, secrets hidden'), async ({ client, out }) => {
    out.result(await online(client, 'show'), ({ config: values }) => JSON.stringify(values, undefined, 2))
  })
  action(config.command('get').argument('<key>').description('one value or section, and where it comes from'), async ({ client, out }, key) => {
    out.result(await getValue(client, key), ({ value, sources }) => `${text(value)}\n${sourceLines(sources)}`)
  })
  const set = config.command('set').argument('<key>').argument('<value>').description('change one value; kept in shoal.d/90-runtime.yaml')
  action(set, async ({ client, out }, key, value) => {
    out.result(await setValue(client, key, value), (change) => `${change.key} = ${text(change.value)}${whenItCounts(change)}`)
  })
  action(config.command('sources').description('which layer each value comes from'), async ({ client, out }) => {
    out.result(await online(client, 'sources'), ({ sources }) => sourceLines(sources))
  })
  action(config.command('schema').description('the JSON Schema of all keys'), async ({ out }) => {
    const { schema } = await import('../offline.js')
    const value = schema()
    process.stdout.write(`${JSON.stringify(value, undefined, out.json ? undefined : 2)}\n`)
  })
  const secret = config.command('secret').description('print a new random value for cluster.secret or swarm.networkKey')
  action(secret, async ({ out }) => {
    out.result({ secret: randomBytes(32).toString('hex') }, (value) => value.secret)
  })
  registerConfigHash(config)
  registerCheck(config)
}

function registerCheck(config: Command): void {
  const check = config.command('check').argument('[file]').description('every problem of the configuration, with file and line')
  action(check, async ({ client, out }, file: string | undefined) => {
    const offline = await import('../offline.js')
    const { problems, warnings } = await offline.check(client.paths, process.env, file)
    if (problems.length > 0)
      throw new ShoalError('ERR_CONFIG_INVALID', `The configuration has ${count(problems.length, 'problem')}.`, {
        data: { problems },
        hint: 'Every key with its type and limits: shoal config schema.',
      })
    out.result({ ok: true, warnings }, () =>
      ['The configuration is right.', ...warnings.map((warning) => `note: ${warning.file ?? ''} ${warning.path} ${warning.message}`)].join('\n'),
    )
  })
}

type Shown = { show: Answer<'config.show'>; sources: Answer<'config.sources'> }

/** Asks the daemon; where none runs, reads the files. */
async function online<What extends keyof Shown>(client: Client, what: What): Promise<Shown[What]> {
  try {
    return (await (what === 'show' ? client.call('config.show') : client.call('config.sources'))) as Shown[What]
  } catch (error) {
    if (!isShoalError(error, 'ERR_NOT_RUNNING')) throw error
  }
  const { readConfig } = await import('../offline.js')
  const loaded = await readConfig(client.paths, process.env)
  return (what === 'show' ? { schema: 1, config: loaded.shown() } : { schema: 1, sources: loaded.sources() }) as Shown[What]
}

async function getValue(client: Client, key: string): Promise<{ key: string; value?: unknown; sources: Sources }> {
  try {
    return await client.call('config.get', { params: { key } })
  } catch (error) {
    if (!isShoalError(error, 'ERR_NOT_RUNNING')) throw error
  }
  const { readConfig } = await import('../offline.js')
  return (await readConfig(client.paths, process.env)).get(key) as { key: string; value: unknown; sources: Sources }
}

async function setValue(client: Client, key: string, value: string): Promise<{ key: string; value?: unknown; restart: boolean; plugin?: string }> {
  try {
    return await client.call('config.set', { params: { key }, body: { value } })
  } catch (error) {
    if (!isShoalError(error, 'ERR_NOT_RUNNING')) throw error
  }
  const { readConfig } = await import('../offline.js')
  const change = await (await readConfig(client.paths, process.env)).setRuntime(key, value)
  return { ...change, restart: false }
}

function whenItCounts({ restart, plugin }: { readonly restart: boolean; readonly plugin?: string }): string {
  if (plugin !== undefined) return `\nIt counts once the plugin is restarted: shoal plugins restart ${plugin}`
  return restart ? '\nIt counts from the next start: shoal restart' : ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function sourceLines(sources: Sources): string {
  return table(
    sources,
    [
      ['KEY', (row) => row.key],
      ['VALUE', (row) => text(row.value)],
      ['FROM', (row) => [row.layer, row.from ?? '', row.file ? `${row.file}${row.line ? `:${row.line}` : ''}` : ''].filter(Boolean).join(' ')],
    ],
    'No values.',
  )
}
