/** Starting the daemon as a process of its own, detached from this terminal. */

import { spawn } from 'node:child_process'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { isErrorCode, isShoalError, ShoalError } from '../errors.js'
import type { Client } from './client.js'
import { collect } from './command.js'

/** How to start it. */
export interface LaunchOptions {
  readonly home?: string
  /** Further arguments of `shoal start`. */
  readonly args?: readonly string[]
  /** ms to wait until it is ready. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/** What a daemon can be told when it is started. */
export interface RunOptions {
  readonly home?: string
  readonly set?: readonly string[]
  readonly passphraseFile?: string
}

/** Adds them to a command. */
export function runOptions(command: Command): Command {
  command.option('--set <key=value>', 'configuration for this run: --set http.port=0; may be given again', collect)
  return command.option('--passphrase-file <file>', 'passphrase of the identity (or SHOAL_PASSPHRASE)')
}

/** The same as arguments of `shoal start`. */
export function runArguments({ set, passphraseFile }: RunOptions): string[] {
  return [...(set ?? []).flatMap((pair) => ['--set', pair]), ...(passphraseFile === undefined ? [] : ['--passphrase-file', passphraseFile])]
}

/** Bytes above which `logs/console.log` is put aside at a start, as `console.log.1`. */
const maxConsole = 4 * 1024 * 1024

/** Starts `shoal start` in the background and waits until it is ready. What it prints is added to `logs/console.log`. */
export async function startDetached(client: Client, options: LaunchOptions): Promise<{ started: boolean; pid: number; log: string }> {
  const log = join(client.paths.logs, 'console.log')
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 })
  const { file, size } = openConsole(log)
  const home = options.home === undefined ? [] : ['--home', options.home]
  const main = fileURLToPath(new URL('./main.js', import.meta.url))
  const child = spawn(process.execPath, [main, 'start', ...home, ...(options.args ?? [])], { detached: true, stdio: ['ignore', file, file] })
  closeSync(file)
  let ended: number | undefined
  child.on('exit', (code) => {
    ended = code ?? 1
  })
  child.on('error', () => {
    ended = 1
  })
  await waitForReady(client, options, () => (ended === undefined ? undefined : failure(ended, log, size)))
  child.unref()
  return { started: true, pid: child.pid ?? 0, log }
}

/** What earlier starts printed stays: it may say why the last one ended. */
function openConsole(log: string): { file: number; size: number } {
  const file = openSync(log, 'a', 0o600)
  const { size } = fstatSync(file)
  if (size <= maxConsole) return { file, size }
  closeSync(file)
  renameSync(log, `${log}.1`)
  return { file: openSync(log, 'a', 0o600), size: 0 }
}

async function waitForReady(client: Client, { timeout, signal }: LaunchOptions, failed: () => ShoalError | undefined): Promise<void> {
  const deadline = performance.now() + timeout
  for (;;) {
    const failure = failed()
    if (failure) throw failure
    try {
      await client.call('ready', {}, signal)
      return
    } catch (error) {
      if (isShoalError(error, 'ERR_ABORTED')) throw error
      if (performance.now() > deadline) throw new ShoalError('ERR_TIMEOUT', 'The daemon was not ready in time.', { cause: error, hint: 'See shoal log tail.' })
    }
    await sleep(50, undefined, { signal })
  }
}

/** What the daemon said before it ended: the error it printed last, between its log lines, which begin at byte `from` of its output. */
function failure(exit: number, log: string, from: number): ShoalError {
  const lines = readFileSync(log).subarray(from).toString('utf8').trimEnd().split('\n')
  const at = lines.findLastIndex((line) => line.startsWith('shoal: '))
  const [, message, named = ''] = /^shoal: (.*) \((ERR_[A-Z_]+)\)$/.exec(lines[at] ?? '') ?? []
  const code = isErrorCode(named) ? named : exit === 3 ? 'ERR_ALREADY_RUNNING' : 'ERR_START_FAILED'
  const more = message === undefined ? [] : lines.slice(at + 1).map((line) => line.trim())
  return new ShoalError(code, message ?? 'The daemon ended while starting.', { hint: [...more, `Its output is in ${log}.`].join('\n       ') })
}
