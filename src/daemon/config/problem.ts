/** What is wrong with a configuration, and where it stands. */

import { ShoalError } from '../../errors.js'

/** One problem. Never holds a secret. */
export interface Problem {
  /** File it stands in. */
  readonly file?: string
  /** From 1. */
  readonly line?: number
  readonly column?: number
  /** Key: `http.port`, `pulls[0].url`. Empty for a whole file. */
  readonly path: string
  /** What is wrong and what is allowed, a sentence without the full stop. */
  readonly message: string
  /** Environment variable or `--set` flag it comes from. */
  readonly from?: string
}

/** A place in a file, or a name from elsewhere. */
export interface Place {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly from?: string
}

/** Most problems that one error lists. */
const maxProblems = 100

/** All problems as one `ERR_CONFIG_INVALID`; `data.problems` lists them. */
export function configInvalid(problems: readonly Problem[]): ShoalError {
  const listed = problems.slice(0, maxProblems)
  const first = listed[0]
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : ''
  const text = `The configuration is wrong: ${first && problemText(first)}${more}`
  const message = first ? (text.endsWith('?') ? text : `${text}.`) : undefined
  return new ShoalError('ERR_CONFIG_INVALID', message, { data: { problems: listed } })
}

/** `shoal.yaml:12:9: http.port: must be …`. */
export function problemText(problem: Problem): string {
  const { file, line, column, path, message, from } = problem
  const place = [file, line, column].filter((part) => part !== undefined).join(':')
  return [place, from, path, message].filter(Boolean).join(': ')
}
