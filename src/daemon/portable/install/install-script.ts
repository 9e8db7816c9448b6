/** Runs what a package brings to prepare itself: in its folder, with a clean environment, for a limited time, with an end that leaves nothing behind. */

import { ShoalError } from '../../../errors.js'
import type { Logger } from '../../../plugin.js'
import { delay } from '../../util/wait.js'
import { Nursery } from '../process/nursery.js'
import { commandFile, type InstallScript } from './plugin-folder.js'

/** How a script is run. */
export interface ScriptOptions {
  /** The unpacked package, in which it runs. */
  readonly folder: string
  readonly script: InstallScript
  /** ms; default 600,000. */
  readonly timeout?: number
  /** Its output goes here, too. */
  readonly log: Logger
  readonly signal: AbortSignal
  /** Starts it; default: one of its own. */
  readonly nursery?: Nursery | undefined
}

/** ms a script has. */
export const scriptTime = 600_000

/** Lines of output in an error. */
const shownLines = 20

/** Resolves when it ended well. Rejects with `ERR_PLUGIN_SCRIPT_FAILED` and its last lines, `ERR_TIMEOUT`, or the signal's reason; then nothing of it runs. */
export async function runInstallScript(options: ScriptOptions): Promise<void> {
  const { folder, script, log, signal, timeout = scriptTime, nursery = new Nursery() } = options
  const lines: string[] = []
  const child = await nursery.start({ command: script.command, args: script.args, cwd: folder, log: remembering(log, lines), grace: { stdin: 0, term: 2000 } })
  child.stdin.end()
  const timer = new AbortController()
  const stop = (): void => timer.abort()
  signal.addEventListener('abort', stop, { once: true })
  // it may have aborted while the program was started
  if (signal.aborted) stop()
  try {
    const exit = await Promise.race([child.exited, delay(timeout, timer.signal).catch(() => undefined)])
    if (exit?.code === 0) return
    await child.stop()
    signal.throwIfAborted()
    const text = exit ? exit.text : `did not end within ${timeout / 1000} s and was ended`
    throw new ShoalError(exit ? 'ERR_PLUGIN_SCRIPT_FAILED' : 'ERR_TIMEOUT', `The install script (${scriptText(script)}) ${text}.${outputText(lines)}`, {
      hint: 'Nothing was installed.',
      data: { output: lines },
    })
  } finally {
    timer.abort()
    signal.removeEventListener('abort', stop)
  }
}

/** The command line, for people. */
export function scriptText({ command, args }: InstallScript): string {
  return [commandFile(command) ?? command, ...args].join(' ').slice(0, 300)
}

function outputText(lines: readonly string[]): string {
  return lines.length === 0 ? '' : ` It printed:\n${lines.map((line) => `  ${line}`).join('\n')}`
}

/** Passes lines on and keeps the last few. */
function remembering(log: Logger, lines: string[]): Logger {
  const keep =
    (write: Logger['info']): Logger['info'] =>
    (message, fields) => {
      lines.push(message.slice(0, 500))
      if (lines.length > shownLines) lines.shift()
      write.call(log, message, fields)
    }
  return { ...log, trace: keep(log.trace), debug: keep(log.debug), info: keep(log.info), warn: keep(log.warn), error: keep(log.error) }
}
