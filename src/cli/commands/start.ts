/** `start`: the daemon, in the foreground or detached. */

import type { Command } from 'commander'
import type { Daemon } from '../../daemon/daemon.js'
import { ShoalError } from '../../errors.js'
import { tuneCollector } from '../collector.js'
import { action, type CommandRun, seconds } from '../command.js'
import { type RunOptions, runArguments, runOptions, startDetached } from '../launch.js'
import type { Output } from '../output.js'
import { guardProcess } from '../process-guard.js'

interface StartOptions extends RunOptions {
  readonly detach?: boolean
  readonly timeout: string
}

/** Adds it. */
export function registerStart(program: Command): void {
  const start = program.command('start').description('start the daemon; the first start makes the identity')
  start.option('-d, --detach', 'in the background; returns when it is ready')
  runOptions(start).option('--timeout <s>', 'with --detach: seconds to wait until it is ready', '30')
  action<StartOptions>(start, (run) => (run.options.detach ? startInBackground(run) : startHere(run)))
}

async function startInBackground({ client, out, options, signal }: CommandRun<StartOptions>): Promise<void> {
  const home = options.home === undefined ? {} : { home: options.home }
  const progress = out.progress('starting')
  try {
    await refuseSecond(client)
    const started = await startDetached(client, { ...home, args: runArguments(options), timeout: seconds('--timeout', options.timeout), signal })
    progress.done()
    const { id, http, addresses } = await client.call('status')
    out.result({ ...started, id, addresses, ...(http && { http }) }, ({ pid }) => [`started, pid ${pid}`, ...banner(id, addresses, http?.url)].join('\n'))
  } finally {
    progress.done()
  }
}

async function refuseSecond(client: CommandRun['client']): Promise<void> {
  const running = await client.call('status').catch(() => undefined)
  if (running) throw new ShoalError('ERR_ALREADY_RUNNING', `A daemon (pid ${running.pid}) already runs in ${running.home}.`)
}

/** ms that what a plugin left in this process, as a timer or a socket, may keep it after the daemon has stopped. */
const lingering = 1000

/** Runs until it is asked to stop. A first signal stops gracefully, a second one at once. */
async function startHere({ out, options, signal }: CommandRun<StartOptions>): Promise<number> {
  process.umask(0o077)
  tuneCollector()
  const { createDaemon } = await import('../../daemon/daemon.js')
  const daemon = await createDaemon({
    ...(options.home !== undefined && { home: options.home }),
    ...(options.passphraseFile !== undefined && { passphraseFile: options.passphraseFile }),
    flags: flags(options.set ?? []),
    console: { fd: 2, tty: process.stderr.isTTY === true },
  })
  guardProcess(daemon)
  const insist = (): void => process.exit(1)
  const stop = (): void => {
    process.on('SIGINT', insist).on('SIGTERM', insist)
    void daemon.stop('signal')
  }
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  await daemon.start().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  if (!signal.aborted) announce(out, daemon)
  const report = await daemon.stopped
  const code = report.ok ? 0 : 1
  setTimeout(() => process.exit(code), lingering).unref()
  return code
}

function announce(out: Output, daemon: Daemon): void {
  const url = daemon.http && `http://${daemon.http.host}:${daemon.http.port}/`
  const lines = banner(daemon.id, daemon.addresses, url)
  out.result({ started: true, pid: process.pid, id: daemon.id, addresses: daemon.addresses, ...(url !== undefined && { url }) }, () => lines.join('\n'))
}

function banner(id: string, addresses: readonly string[], url: string | undefined): string[] {
  return [`peer     ${id}`, ...addresses.map((address) => `address  ${address}`), `web      ${url === undefined ? 'off' : `${url}watch/`}`]
}

/** `key=value` pairs as configuration flags. */
function flags(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new ShoalError('ERR_USAGE', `--set takes key=value, not "${pair}".`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
