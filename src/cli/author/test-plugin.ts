/** `shoal plugins test`: plays the host for the plugin in a folder. */

import { existsSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { ShoalError } from '../../errors.js'
import { type CommandRun, maxTimer } from '../command.js'
import { Bench } from './bench/bench.js'
import { checkCompliance } from './bench/compliance.js'
import { openSubject } from './bench/subject.js'
import { BenchConsole } from './console.js'

/** Options of the command. */
export interface TestOptions {
  readonly run?: readonly string[]
  readonly config?: string
  readonly compliance?: boolean
  readonly attach?: boolean
}

/** ms that the process has to end by itself. */
const patience = 1000

/** Runs the command; exit code 1 when anything failed. */
export async function testPlugin(run: CommandRun<TestOptions>, dir: string): Promise<number> {
  try {
    return await testFolder(run, dir)
  } finally {
    // a timer or a socket that the plugin left would keep this process; the timer here does not
    setTimeout(() => {
      const kinds = [...new Set(process.getActiveResourcesInfo())].join(', ')
      run.out.note(`The plugin left something that goes on (${kinds}); it ends with this command.`)
      process.exit()
    }, patience).unref()
  }
}

async function testFolder({ out, options, signal }: CommandRun<TestOptions>, dir: string): Promise<number> {
  const config = options.config === undefined ? undefined : readConfig(options.config)
  if (options.attach && options.compliance) throw new ShoalError('ERR_USAGE', '--compliance starts the plugin by itself; leave out --attach.')
  const screen = new BenchConsole(out)
  const heard = screen.show.bind(screen)
  const attach = (command: string): void => heard({ type: 'waiting', command })
  const subject = await openSubject(dir, options.attach ? { attach } : {})
  try {
    if (options.compliance && subject.kind === 'ekuiper')
      throw new ShoalError('ERR_USAGE', 'The suite is not for plugins of eKuiper: their sockets have fixed names, so that one runs at a time.')
    if (options.compliance) return (await checkCompliance(subject, config, heard, signal)) > 0 ? 1 : 0
    const limit = options.attach ? { callLimit: maxTimer } : {}
    return (await play(new Bench({ subject, config, heard, ...limit }), screen, options, signal)) > 0 ? 1 : 0
  } finally {
    await subject.close()
  }
}

/** Runs the commands of the options, or those of standard input; how many failed. */
async function play(bench: Bench, screen: BenchConsole, options: TestOptions, signal: AbortSignal): Promise<number> {
  screen.show({ type: 'plugin', ...(await bench.start(signal)) })
  let failed = 0
  try {
    for (const line of options.run ?? []) if (!(await screen.line(bench, line, signal))) failed++
    if (options.run === undefined) failed += await screen.input(bench, signal)
  } finally {
    if (bench.running && !(await screen.line(bench, 'stop', new AbortController().signal))) failed++
  }
  return failed
}

/** JSON on the command line, or a file of JSON or YAML. */
function readConfig(text: string): unknown {
  const inline = text.trimStart().startsWith('{')
  if (!inline && !existsSync(text)) throw new ShoalError('ERR_USAGE', `--config takes JSON, or a file; there is no file ${text}.`)
  try {
    return inline ? JSON.parse(text) : parse(readFileSync(text, 'utf8'))
  } catch (cause) {
    throw new ShoalError('ERR_USAGE', `--config: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
