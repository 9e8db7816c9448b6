/** What every command is given, and how its outcome becomes output and an exit code. */

import { Command, CommanderError } from 'commander'
import { ShoalError } from '../errors.js'
import { Client } from './client.js'
import { Output, toError } from './output.js'

/** Options that every command takes. */
export interface GlobalOptions {
  readonly home?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** One run of one command. */
export interface CommandRun<Options = Record<string, unknown>> {
  readonly out: Output
  readonly options: Options & GlobalOptions
  /** Aborted by Ctrl-C, SIGTERM or the end of the terminal; a second one ends the process. */
  readonly signal: AbortSignal
  /** The daemon of this home, through its socket. */
  readonly client: Client
}

/** A command's work. Arguments come as commander parsed them; the exit code is what it returns, 0 for nothing. */
export type Work<Options> = (run: CommandRun<Options>, ...args: string[]) => Promise<number | undefined | void>

/** Adds one command file's commands to the program. */
export type Register = (program: Command) => void

/** Where a finished command leaves its exit code. */
export interface Exit {
  code: number
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const exits = new WeakMap<Command, Exit>()

/** Remembers where commands below `program` leave their exit code. */
export function keepExit(program: Command, exit: Exit): void {
  exits.set(program, exit)
}

function exitOf(command: Command): Exit {
  let at: Command | null = command
  while (at?.parent) at = at.parent
  const exit = at ? exits.get(at) : undefined
  if (!exit) throw new ShoalError('ERR_INTERNAL', 'The command stands in no program.')
  return exit
}

/** Makes `work` the action of `command`. */
export function action<Options = Record<string, unknown>>(command: Command, work: Work<Options>): Command {
  return command.action(async () => {
    const exit = exitOf(command)
    const options = command.optsWithGlobals() as Options & GlobalOptions
    const out = new Output({ json: options.json === true, quiet: options.quiet === true })
    const interrupt = new AbortController()
    const stop = (): void => interrupt.abort(new ShoalError('ERR_ABORTED', 'Interrupted.'))
    for (const name of stopSignals) process.once(name, stop)
    const client = new Client({ ...(options.home !== undefined && { home: options.home }) })
    try {
      refuseUnknown(command)
      exit.code = (await work({ out, options, signal: interrupt.signal, client }, ...(command.processedArgs as string[]))) ?? 0
    } catch (thrown) {
      exit.code = fail(out, thrown, interrupt.signal)
    } finally {
      for (const name of stopSignals) process.off(name, stop)
      client.close()
    }
  })
}

/** Makes `work` the action of a group and of its `ls`. */
export function listing(group: Command, work: Work<Record<string, unknown>>): void {
  action(group.helpCommand(true), work)
  action(group.command('ls').description('list them'), work)
}

/** A group that does something by itself takes a mistyped command for an argument; commander words the error and the suggestion. */
function refuseUnknown(command: Command): void {
  const [name] = command.args
  if (command.commands.length === 0 || name === undefined) return
  const probe = new Command(command.name())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  for (const child of command.commands) probe.command(child.name())
  try {
    probe.parse([name], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) throw new ShoalError('ERR_USAGE', usageMessage(error), { hint: `shoal ${command.name()} --help` })
    throw error
  }
}

/** Commander's words without its prefix and line breaks. */
export function usageMessage(error: CommanderError): string {
  return error.message.replace(/^error: /, '').replace(/\n+/g, ' ')
}

/** Prints an error and gives its exit code. Ctrl-C is 130 and says nothing, nor does a reader that has gone. */
function fail(out: Output, thrown: unknown, signal: AbortSignal): number {
  if (signal.aborted) return 130
  if (out.closed) return 1
  const error = toError(thrown)
  out.error(error)
  return error.exit
}

/** A whole number option, or `ERR_USAGE`. */
export function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new ShoalError('ERR_USAGE', `${name} takes a whole number, not "${text}".`)
  return value
}

/** Seconds as whole ms: `10`, `0.5`; or `ERR_USAGE`. */
export function seconds(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0 || text.trim() === '') throw new ShoalError('ERR_USAGE', `${name} takes seconds, not "${text}".`)
  return Math.min(Math.round(value * 1000), maxTimer)
}

/** For an option that may be given several times, each with one value: `--option a=1 --option b=2`. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

/** Longest delay of a Node timer, ms: 24 days. */
export const maxTimer: number = 2 ** 31 - 1

/** A signal that aborts with `parent` or after `ms`; `done` lets go of both. Not AbortSignal.any: Node 20 collects joined timeouts before they fire. */
export function limited(parent: AbortSignal, ms: number): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  const stop = (): void => controller.abort(parent.reason)
  if (parent.aborted) stop()
  parent.addEventListener('abort', stop, { once: true })
  const timer = setTimeout(() => controller.abort(new ShoalError('ERR_TIMEOUT')), ms)
  const done = (): void => {
    clearTimeout(timer)
    parent.removeEventListener('abort', stop)
  }
  return { signal: controller.signal, done }
}
