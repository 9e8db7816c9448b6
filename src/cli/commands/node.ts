/** `stop restart status wait tasks`: the daemon as a whole. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { isShoalError, ShoalError } from '../../errors.js'
import type { Answer, Client } from '../client.js'
import { action, seconds } from '../command.js'
import { type RunOptions, runArguments, runOptions, startDetached } from '../launch.js'
import { bitrate, bytes, clean, span } from '../output.js'

/** Adds them. */
export function registerNode(program: Command): void {
  registerStop(program)
  registerRestart(program)
  registerStatus(program)
  const wait = program.command('wait').description('wait until the daemon is ready').option('--timeout <s>', 'seconds; then exit 7', '30')
  action<{ timeout: string }>(wait, async ({ client, out, options, signal }) => {
    const progress = out.progress('waiting for the daemon')
    try {
      out.result(await untilReady(client, seconds('--timeout', options.timeout), signal), () => 'ready')
    } finally {
      progress.done()
    }
  })
  const tasks = program.command('tasks').description('the tree of supervised work')
  action(tasks, async ({ client, out }) => {
    out.result(await client.call('tasks'), (answer) => taskLines(answer.tasks).join('\n') || 'no tasks')
  })
}

function registerStop(program: Command): void {
  const stop = program.command('stop').description('stop the daemon gracefully').option('--timeout <s>', 'seconds to wait for its end', '15')
  action<{ timeout: string }>(stop, async ({ client, out, options, signal }) => {
    const stopped = await stopDaemon(client, seconds('--timeout', options.timeout), signal)
    out.result(stopped, () => 'stopped')
  })
}

function registerRestart(program: Command): void {
  const restart = program.command('restart').description('stop the daemon and start it again in the background')
  runOptions(restart).option('--timeout <s>', 'seconds to wait for each', '20')
  action<RunOptions & { timeout: string }>(restart, async ({ client, out, options, signal }) => {
    const timeout = seconds('--timeout', options.timeout)
    try {
      await stopDaemon(client, timeout, signal)
    } catch (error) {
      if (!isShoalError(error, 'ERR_NOT_RUNNING')) throw error
    }
    const home = options.home === undefined ? {} : { home: options.home }
    out.result(await startDetached(client, { ...home, args: runArguments(options), timeout, signal }), ({ pid }) => `started, pid ${pid}`)
  })
}

function registerStatus(program: Command): void {
  const status = program.command('status').description('state of this node; exit 0 running, 1 degraded, 4 not running')
  status.option('-w, --watch', 'show it again every second')
  action<{ watch?: boolean }>(status, async ({ client, out, options, signal }) => {
    for (;;) {
      const now = await client.call('status', {}, signal)
      if (options.watch && !out.json && process.stdout.isTTY === true) process.stdout.write('\x1b[2J\x1b[H')
      if (options.watch) out.item(now, statusText)
      else out.result(now, statusText)
      if (!options.watch) return now.state === 'degraded' ? 1 : 0
      await sleep(1000, undefined, { signal })
    }
  })
}

/** Waits until the daemon answers that it is ready; `ERR_TIMEOUT` after `ms`. */
async function untilReady(client: Client, ms: number, signal: AbortSignal): Promise<Answer<'ready'>> {
  const deadline = performance.now() + ms
  for (;;) {
    try {
      return await client.call('ready', {}, signal)
    } catch (error) {
      if (!isShoalError(error, 'ERR_NOT_RUNNING', 'ERR_NOT_READY', 'ERR_STOPPING')) throw error
      if (performance.now() > deadline) throw new ShoalError('ERR_TIMEOUT', 'The daemon was not ready in time.', { cause: error })
    }
    await sleep(100, undefined, { signal })
  }
}

/** Asks the daemon to stop and waits until its process has ended. */
async function stopDaemon(client: Client, ms: number, signal: AbortSignal): Promise<{ stopped: boolean; pid: number }> {
  const { pid } = await client.call('status', {}, signal)
  const { isRunning, markProcess } = await import('../offline.js')
  const daemon = await markProcess(pid)
  await client.call('stop', { body: {} }, signal)
  const deadline = performance.now() + ms
  while (await isRunning(daemon)) {
    if (performance.now() > deadline) throw new ShoalError('ERR_TIMEOUT', `The daemon (pid ${pid}) has not ended in time.`)
    await sleep(50, undefined, { signal })
  }
  return { stopped: true, pid }
}

function statusText(status: Answer<'status'>): string {
  const lines = [
    ['node', `${clean(status.name)}  ${status.id}`],
    ['state', `${status.state}, up ${span(status.uptime)}, pid ${status.pid}, version ${status.version}`],
    ['home', status.home],
    ['addresses', status.addresses.join('\n             ') || 'none'],
    ['web', status.http ? `${status.http.url}watch/` : 'off'],
    ['peers', `${status.peers.connected} of ${status.peers.trusted} connected`],
    ['streams', `${status.streams.local} here, ${status.streams.subscribers} readers, ${bitrate(status.streams.bitrateIn)} in`],
    ['plugins', `${status.plugins.running} running, ${status.plugins.failed} failed, ${status.plugins.disabled} disabled`],
    ['memory', `${bytes(status.memory.rss)}, heap ${bytes(status.memory.heapUsed)}`],
    ...status.problems.map((problem) => ['problem', `${problem.what}: ${problem.message}${problem.hint ? ` ${problem.hint}` : ''}`]),
    ...status.notes.map(({ what, message, hint = '' }) => ['note', `${what}: ${message} ${hint}`.trimEnd()]),
  ]
  return lines.map(([name, value]) => `${(name ?? '').padEnd(12)} ${value}`).join('\n')
}

function taskLines(tasks: Answer<'tasks'>['tasks'], indent = ''): string[] {
  return tasks.flatMap((task) => {
    const restarts = task.restarts > 0 ? `, ${task.restarts} restarts` : ''
    const line = `${indent}${task.name}  ${task.state}, ${span(task.age)}${restarts}${progressText(task.progress)}${task.error ? `, ${clean(task.error)}` : ''}`
    return [line, ...taskLines([...task.children], `${indent}  `)]
  })
}

/** `, 40 %, copying` */
function progressText({ text, done, total }: NonNullable<Answer<'tasks'>['tasks'][number]['progress']> = {}): string {
  const part = done !== undefined && total ? `, ${Math.floor((done / total) * 100)} %` : ''
  return `${part}${text ? `, ${clean(text)}` : ''}`
}
