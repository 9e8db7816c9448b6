/** Errors of servers and databases that plugins lean on, as errors with a code. */

import { redactText } from '../daemon/util/redact.js'
import { ShoalError } from '../errors.js'

/** `ERR_BACKEND_UNREACHABLE`: `what` is named as a person knows it, `Redis at host:6379`. */
export function unreachable(what: string, cause?: unknown): ShoalError {
  return new ShoalError('ERR_BACKEND_UNREACHABLE', `${what} cannot be reached${cause === undefined ? '.' : `: ${reasonOf(cause)}`}`, { cause: safe(cause) })
}

/** `ERR_BACKEND_FAILED`: it answered with an error. */
export function failed(what: string, cause: unknown): ShoalError {
  return new ShoalError('ERR_BACKEND_FAILED', `${what} refused: ${reasonOf(cause)}`, { cause: safe(cause) })
}

/** `ERR_OVERLOADED`: as many calls wait as may. */
export function overloaded(what: string): ShoalError {
  return new ShoalError('ERR_OVERLOADED', `Too many calls to ${what} wait.`)
}

/** What an error says, without credentials; never empty. Node leaves the message of an error of several addresses empty. */
export function reasonOf(error: unknown): string {
  const { message = '', code } = Object(error) as { readonly message?: unknown; readonly code?: unknown }
  return redactText(String(message)) || String(code ?? 'no reason was given')
}

/** Libraries hang the whole command, with its arguments, on their errors; only what it says is kept. */
function safe(cause: unknown): Error | undefined {
  return cause === undefined ? undefined : new Error(reasonOf(cause))
}
