/** `init paths version doctor token`: the home of a node and its surroundings. */

import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { isShoalError, ShoalError } from '../../errors.js'
import type { Answer, Client } from '../client.js'
import { action } from '../command.js'
import { clean, type Output } from '../output.js'

type Check = Answer<'doctor'>['checks'][number]

/** Adds them. */
export function registerHome(program: Command): void {
  const init = program.command('init').description('make home, identity and a sample configuration; what is there is left alone')
  init.option('--passphrase-file <file>', 'protect the identity with the passphrase in the first line of this file (or SHOAL_PASSPHRASE)')
  action<{ passphraseFile?: string }>(init, async ({ client, out, options }) => {
    process.umask(0o077)
    const { makeHome } = await import('../offline.js')
    const made = await makeHome(client.paths, process.env, options.passphraseFile)
    out.result(
      { ...made, home: client.paths.home, config: client.paths.config },
      ({ id, created }) => `${created ? 'made' : 'found'} ${id}\nhome   ${client.paths.home}\nconfig ${client.paths.config}`,
    )
  })
  action(program.command('paths').description('where everything of this node is'), async ({ client, out }) => {
    out.result({ ...client.paths }, (paths) =>
      Object.entries(paths)
        .map(([name, path]) => `${name.padEnd(12)} ${path}`)
        .join('\n'),
    )
  })
  action(program.command('version').description('versions of this command, the daemon and their parts'), showVersion)
  action(program.command('doctor').description('check this node and its surroundings'), showDoctor)
  registerToken(program)
}

async function showVersion({ client, out }: { client: Client; out: Output }): Promise<void> {
  const { versions } = await import('../offline.js')
  const own = versions()
  const daemon = await client.call('version').catch(() => undefined)
  const differs = daemon !== undefined && daemon.version !== own.version
  out.result(
    { ...own, daemon: daemon?.version ?? null },
    ({ version, node, platform }) => `shoal ${version}, Node ${node}, ${platform}\ndaemon ${daemon?.version ?? 'not running'}`,
  )
  if (differs) out.note(`The daemon is ${daemon.version}, this command ${own.version}: restart it with shoal restart.`)
}

async function showDoctor({ client, out }: { client: Client; out: Output }): Promise<number> {
  const checks = [
    nodeCheck(),
    fileLimitCheck(),
    homeCheck(client.paths.home),
    ...secretChecks(client.paths),
    ...(await configChecks(client)),
    ...(await daemonChecks(client)),
  ]
  out.result({ checks }, () =>
    checks.map(({ name, outcome, message, fix }) => `${outcome.padEnd(4)}  ${name}: ${clean(message)}${fix ? `\n      ${fix}` : ''}`).join('\n'),
  )
  return checks.some(({ outcome }) => outcome === 'fail') ? 1 : 0
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = major > 20 || (major === 20 && minor >= 19)
  const name = 'Node'
  return fits ? { name, outcome: 'ok', message: process.version } : { name, outcome: 'fail', message: process.version, fix: 'Install Node 20.19 or newer.' }
}

/** Each reader and each peer takes a file descriptor. */
function fileLimitCheck(): Check {
  const name = 'open files'
  try {
    const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
    const few = limit !== 'unlimited' && Number(limit) < 1024
    return { name, outcome: few ? 'warn' : 'ok', message: `limit ${limit}`, ...(few && { fix: 'Raise it: ulimit -n 4096.' }) }
  } catch (error) {
    return { name, outcome: 'warn', message: (error as Error).message }
  }
}

function homeCheck(home: string): Check {
  if (!existsSync(home)) return { name: 'home', outcome: 'warn', message: `${home} is not there yet`, fix: 'It is made by shoal init or shoal start.' }
  const mode = statSync(home).mode & 0o777
  return mode & 0o022
    ? { name: 'home', outcome: 'fail', message: `${home} can be written by others`, fix: `chmod 700 ${home}` }
    : { name: 'home', outcome: 'ok', message: home }
}

/** Files that are secrets: what is wrong with them keeps a daemon from starting, so the daemon's own checks come too late. */
function secretChecks({ identity, token }: Client['paths']): Check[] {
  return [identity, token].flatMap((file): Check[] => {
    const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0
    return mode & 0o077 ? [{ name: 'home', outcome: 'fail', message: `${file} can be read by others`, fix: `chmod 600 ${file}` }] : []
  })
}

async function configChecks(client: Client): Promise<Check[]> {
  const { check } = await import('../offline.js')
  const { problems, warnings } = await check(client.paths, process.env)
  const bad = problems.map(
    (problem): Check => ({
      name: `config ${problem.path}`,
      outcome: 'fail',
      message: `${problem.file ?? ''}${problem.line ? `:${problem.line}` : ''} ${problem.message}`,
    }),
  )
  const odd = warnings.map((warning): Check => ({ name: `config ${warning.path}`, outcome: 'warn', message: `${warning.file ?? ''} ${warning.message}` }))
  return bad.length + odd.length > 0 ? [...bad, ...odd] : [{ name: 'config', outcome: 'ok', message: 'no problems' }]
}

async function daemonChecks(client: Client): Promise<Check[]> {
  try {
    return [...(await client.call('doctor')).checks]
  } catch (error) {
    if (!isShoalError(error, 'ERR_NOT_RUNNING')) throw error
    return [{ name: 'daemon', outcome: 'warn', message: 'not running', fix: 'shoal start' }]
  }
}

function registerToken(program: Command): void {
  const token = program.command('token').description('the bearer token of the HTTP API')
  action(token.command('show').description('print it'), async ({ client, out }) => {
    const { readToken } = await import('../offline.js')
    out.result({ token: await readToken(client.paths.token) }, (shown) => shown.token)
  })
  action(token.command('rotate').description('replace it; the old one stops working at once'), async ({ client, out }) => {
    out.result(await rotate(client), (shown) => shown.token)
  })
}

async function rotate(client: Client): Promise<{ token: string }> {
  try {
    return await client.call('token.rotate')
  } catch (error) {
    if (!isShoalError(error, 'ERR_NOT_RUNNING')) throw error
  }
  const { TokenFile } = await import('../offline.js')
  if (!existsSync(client.paths.token)) throw new ShoalError('ERR_NOT_INITIALIZED', `There is no token in ${client.paths.token}.`, { hint: 'Run shoal start.' })
  return { token: await (await TokenFile.open(client.paths.token)).rotate() }
}
