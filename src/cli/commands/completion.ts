/** `shoal completion SHELL`: completions made from the command tree. */

import type { Command } from 'commander'
import { ShoalError } from '../../errors.js'
import { action } from '../command.js'

/** A command's path and what may follow it. */
interface Node {
  readonly path: string
  readonly words: readonly string[]
}

/** Every command of the tree with its subcommands and long options. */
function nodesOf(command: Command, path = ''): Node[] {
  const options = command.options.map((option) => option.long).filter((long): long is string => long !== undefined && long !== null)
  const children = command.commands
  const words = [...children.map((child) => child.name()), ...options, ...(path === '' ? [] : ['--json', '--home', '--quiet'])]
  return [{ path, words: [...new Set(words)] }, ...children.flatMap((child) => nodesOf(child, `${path} ${child.name()}`.trim()))]
}

function bash(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => `    "${path}") words="${words.join(' ')}" ;;`).join('\n')
  return `# bash completion for shoal: eval "$(shoal completion bash)"
_shoal() {
  local path="" words="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in -*) continue ;; esac
    case "\${path:+$path }$word" in
${nodes
  .filter(({ path }) => path !== '')
  .map(({ path }) => `      "${path}") path="${path}" ;;`)
  .join('\n')}
    esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _shoal shoal
`
}

function zsh(nodes: readonly Node[]): string {
  return `#compdef shoal
# zsh completion for shoal: eval "$(shoal completion zsh)"
autoload -Uz bashcompinit && bashcompinit
${bash(nodes)}`
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words }) => {
    const parts = path === '' ? [] : path.split(' ')
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ')
    const condition = path === '' ? '__fish_use_subcommand' : seen
    return words.map((word) => `complete -c shoal -n '${condition}' ${word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`}`)
  })
  return `# fish completion for shoal: shoal completion fish | source\n${lines.join('\n')}\n`
}

const shells: Readonly<Record<string, (nodes: readonly Node[]) => string>> = { bash, zsh, fish }

/** Adds `completion`. */
export function registerCompletion(program: Command): void {
  const command = program.command('completion').argument('<shell>', 'bash, zsh or fish').description('print a completion script')
  action(command, async ({ out }, shell) => {
    const make = Object.hasOwn(shells, shell) ? shells[shell] : undefined
    if (!make) throw new ShoalError('ERR_USAGE', `There are completions for ${Object.keys(shells).join(', ')}, not for "${shell}".`)
    out.result({ shell, script: make(nodesOf(program)) }, ({ script }) => script)
  })
}
