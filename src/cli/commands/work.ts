/** `send log`: payloads and the log of a running daemon. */

import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import type { Answer, Client } from '../client.js'
import { action, type CommandRun, seconds, wholeNumber } from '../command.js'
import { clean } from '../output.js'

type LogLine = Answer<'log.tail'>['lines'][number]

/** Adds them. */
export function registerWork(program: Command): void {
  registerSend(program)
  registerLog(program)
}

function registerSend(program: Command): void {
  const send = program.command('send').argument('<peer>').argument('<kind>').argument('[body]', 'text; - reads standard input')
  send.description('send one payload and print the receipt or the reply')
  send.option('-r, --reply', 'print what the far plugin answered').option('--base64', 'the body is base64').option('--timeout <s>', 'seconds', '10')
  action<{ reply?: boolean; base64?: boolean; timeout: string }>(send, async ({ client, out, options, signal }, peer, kind, body) => {
    const given = body === '-' ? readFileSync(0).toString('base64') : body
    const encoding = body === '-' || options.base64 ? ('base64' as const) : ('utf8' as const)
    const timeout = seconds('--timeout', options.timeout)
    const request = { peer, kind, timeout, ...(given !== undefined && { body: given, encoding }), ...(options.reply && { wantReply: true }) }
    const progress = out.progress(`sending to ${peer}`)
    try {
      const receipt = await client.call('send', { body: request }, signal)
      progress.done()
      out.result(receipt, (done) => done.reply?.body ?? `handled in ${done.took.toFixed(0)} ms`)
    } finally {
      progress.done()
    }
  })
}

interface TailOptions {
  readonly lines: string
  readonly follow?: boolean
  readonly module?: string
  readonly level?: LogLine['level']
  readonly since?: string
}

function registerLog(program: Command): void {
  const log = program.command('log').description('the log of the running daemon')
  const tail = log
    .command('tail')
    .description('the newest lines')
    .option('-n, --lines <count>', 'how many', '100')
    .option('-f, --follow', 'go on with new ones')
  tail.option('--module <name>', 'of one module').option('--level <level>', 'of this weight and more').option('--since <s>', 'of the last so many seconds')
  action(tail, showLog)
  const level = log.command('level').argument('[module]').argument('[level]').description('show levels, or set one: log level swarm debug, log level debug')
  action(level, async ({ client, out }, first, second) => {
    out.result(await setLevel(client, first, second), ({ level: all, modules }) =>
      [`all  ${all}`, ...Object.entries(modules).map(([name, at]) => `${name}  ${at}`)].join('\n'),
    )
  })
  action(log.command('reopen').description('open the log file anew after it was moved away'), async ({ client, out }) => {
    out.result(await client.call('log.reopen'), () => 'reopened')
  })
}

async function showLog({ client, out, options, signal }: CommandRun<TailOptions>): Promise<void> {
  const lines = wholeNumber('--lines', options.lines)
  const filter = { ...(options.module !== undefined && { module: options.module }), ...(options.level !== undefined && { level: options.level }) }
  const since = options.since === undefined ? {} : { since: Date.now() - seconds('--since', options.since) }
  if (!options.follow) {
    out.result(await client.call('log.tail', { query: { lines, ...filter, ...since } }, signal), (answer) => answer.lines.map(logText).join('\n'))
    return
  }
  if (options.since !== undefined) throw new ShoalError('ERR_USAGE', '--since goes with no --follow; say how many lines with --lines.')
  for await (const event of client.events('log.follow', { query: { lines, ...filter } }, signal)) {
    out.item(event, (item) => (item.type === 'line' ? logText(item.line) : `(${item.missed} lines missed)`))
  }
}

const levels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

async function setLevel(client: Client, first: string | undefined, second: string | undefined): Promise<Answer<'log.levels'>> {
  if (first === undefined) return await client.call('log.levels')
  const level = second ?? first
  if (!levels.includes(level)) throw new ShoalError('ERR_USAGE', `There is no log level "${level}".`, { hint: `Levels: ${levels.join(', ')}.` })
  if (second !== undefined) await refuseUnknownModule(client, first)
  const body = { level: level as LogLine['level'], ...(second !== undefined && { module: first }) }
  return await client.call('log.setLevel', { body })
}

/** A level for a module that is not there would do nothing, and say nothing. */
async function refuseUnknownModule(client: Client, name: string): Promise<void> {
  const { modules } = await client.call('log.levels')
  if (!Object.hasOwn(modules, name))
    throw new ShoalError('ERR_NOT_FOUND', `There is no log module "${name}".`, { hint: `Modules: ${Object.keys(modules).join(', ')}.` })
}

/** A log line for people. */
function logText(line: LogLine): string {
  const fields = Object.entries(line.fields).map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return `${new Date(line.time).toISOString()} ${line.level.padEnd(5)} ${line.module}: ${clean(line.msg + fields.join(''))}`
}
