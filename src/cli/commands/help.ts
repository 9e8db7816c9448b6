/** `help`: help for a command, and the list of exit codes. */

import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import { action } from '../command.js'

/** What exit codes mean, as help shows it. */
export const exitCodes = `Exit codes:
  0  done
  1  failed
  2  usage
  3  already running
  4  daemon not running
  5  not permitted
  6  not found
  7  timeout`

/** Adds it. */
export function registerHelp(program: Command): void {
  const help = program.command('help').argument('[command...]').description('help for a command; exit-codes lists the exit codes')
  action(help, async (_run, ...args) => {
    const names = (args as unknown as [string[]])[0]
    if (names[0] === 'exit-codes') process.stdout.write(`${exitCodes}\n`)
    else find(program, names).outputHelp()
  })
}

function find(program: Command, names: readonly string[]): Command {
  return names.reduce((at, name) => {
    const next = at.commands.find((child) => child.name() === name)
    if (!next) throw new ShoalError('ERR_USAGE', `There is no command "${names.join(' ')}".`, { hint: 'shoal --help lists the commands.' })
    return next
  }, program)
}
