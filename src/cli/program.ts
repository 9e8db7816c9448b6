/** The program: global options, the commands in the order in which help lists them, usage errors. */

import { Command, CommanderError } from 'commander'
import { ShoalError } from '../errors.js'
import { type Exit, keepExit, usageMessage } from './command.js'
import { exitCodes } from './commands/help.js'
import { commands } from './commands/index.js'
import { Output } from './output.js'

/** Builds the whole program. */
export function buildProgram(exit: Exit): Command {
  const program = new Command('shoal')
  program
    .description('Peer-to-peer cluster daemon for live streams and messages.')
    .option('--home <dir>', 'folder that holds everything of this node (SHOAL_HOME)')
    .option('--json', 'print JSON; one object a line for streams')
    .option('-q, --quiet', 'print errors only')
    .helpCommand(false)
    .addHelpText('after', `\n${exitCodes}`)
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false })
  keepExit(program, exit)
  for (const register of commands) register(program)
  throwInsteadOfExit(program)
  return program
}

/** Usage errors must leave through our own printing and exit codes, in every nested command. A group words the error for a word it does not know itself. */
function throwInsteadOfExit(command: Command): void {
  command.allowExcessArguments(command.commands.length > 0)
  command.exitOverride()
  command.configureOutput({ writeErr: () => {} })
  for (const child of command.commands) throwInsteadOfExit(child)
}

/** Runs one command line (without `node` and the script); gives the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const exit: Exit = { code: 0 }
  const program = buildProgram(exit)
  const line = args[0] === '--version' || args[0] === '-V' ? ['version', ...args.slice(1)] : [...args]
  try {
    await program.parseAsync(line, { from: 'user' })
    return exit.code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return usage(error, line, program)
  }
}

/** Help ends well; everything else is a usage error. */
function usage(error: CommanderError, args: readonly string[], program: Command): number {
  if (error.exitCode === 0) return 0
  if (error.code === 'commander.help' && args.length === 0) {
    process.stdout.write(program.helpInformation())
    return 2
  }
  const message = error.code === 'commander.help' ? 'A command is missing.' : usageMessage(error)
  const out = new Output({ json: args.includes('--json'), quiet: false })
  out.error(new ShoalError('ERR_USAGE', message, { hint: `${['shoal', ...commandOf(program, args)].join(' ')} --help` }))
  return 2
}

/** The names of the commands that the arguments lead to. */
function commandOf(program: Command, args: readonly string[]): string[] {
  const names: string[] = []
  let at = program
  for (const arg of args) {
    const next = at.commands.find((child) => child.name() === arg)
    if (!next) continue
    names.push(arg)
    at = next
  }
  return names
}
