/** The command line with which an author starts a plugin under a debugger. */

import { basename } from 'node:path'

/** How a plugin is run, as its manifest says. */
interface Runs {
  readonly command?: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** For a shell: the folder, the socket where the bench waits, and the program, with a debugger where one is known. */
export function debugLine(folder: string, { command = '', args = [], env = {} }: Runs, socket: string): string {
  const variables = Object.entries({ ...env, SHOAL_PLUGIN_SOCKET: socket }).map(([name, value]) => `${name}=${quoted(value)}`)
  const words = [command, ...debuggerOf(command), ...args].map(quoted)
  return `cd ${quoted(folder)} && ${[...variables, ...words].join(' ')}`
}

function debuggerOf(command: string): readonly string[] {
  const name = basename(command)
  if (/^python[0-9.]*$/.test(name)) return ['-m', 'pdb']
  return name === 'node' ? ['--inspect-brk'] : []
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
