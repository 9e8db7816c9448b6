/** What is wrong with a rules file, and where. */

import { ShoalError } from '../../errors.js'

/** One problem. */
export interface Problem {
  /** As it was named by the caller. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  /** Section and rule: `stream.read secret/*`. Empty for a whole file. */
  readonly path: string
  /** What is wrong and what is allowed, without the full stop. */
  readonly message: string
}

/** Most problems that one file lists. */
export const maxProblems = 100

/** `rules.yaml:12:3: stream.read secret/*: must be …`. */
export function problemText({ file, line, column, path, message }: Problem): string {
  return [`${file}:${line}:${column}`, path, message].filter(Boolean).join(': ')
}

/** All problems as one `ERR_RULES_INVALID`; `data.problems` lists them. */
export function rulesInvalid(problems: readonly Problem[]): ShoalError {
  const [first, ...rest] = problems
  const more = rest.length > 0 ? `, and ${rest.length} more` : ''
  const message = first ? `The rules are wrong: ${problemText(first)}${more}${more === '' && first.message.endsWith('?') ? '' : '.'}` : undefined
  return new ShoalError('ERR_RULES_INVALID', message, { data: { problems } })
}
