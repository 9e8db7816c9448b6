/**
 * Containment: every call of plugin code by the host goes through here. A throw, a rejection and a hang become values.
 *
 * What this cannot do, because a plugin shares the process: end a loop that never yields, stop `process.exit`, give back
 * memory that a plugin keeps, or catch what is thrown in a timer, an event listener or a promise chain that the plugin
 * made by itself and left alone. Code that is not trusted that far belongs into a process of its own.
 */

import { isErrorCode, ShoalError } from '../../errors.js'

/** What became of a call. */
export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'hung'; readonly error: ShoalError }

/** Longest text of a foreign error that is passed on. */
const maxMessage = 1000

/**
 * Calls `call` and waits at most `limit` ms. Never throws and never rejects; a result that comes later is ignored, and so
 * is a late rejection. `what` names the call in the error: `hello.start`. When `signal` aborts during the call, the wait
 * ends as if the call had thrown its reason: nobody shall wait for a plugin that has been stopped.
 */
export function contain<T>(what: string, call: () => T | PromiseLike<T>, limit: number, signal?: AbortSignal): Promise<Outcome<T>> {
  return Promise.resolve(containNow(what, call, limit, signal))
}

/** As {@link contain}, without a promise where the call is over at once. */
export function containNow<T>(what: string, call: () => T | PromiseLike<T>, limit: number, signal?: AbortSignal): Outcome<T> | Promise<Outcome<T>> {
  try {
    const value = call()
    // most calls are over at once: no timer and no listener for them
    return isThenable(value) ? awaitContained(what, value, limit, signal) : { kind: 'done', value }
  } catch (error) {
    return { kind: 'threw', error }
  }
}

function awaitContained<T>(what: string, pending: PromiseLike<T>, limit: number, signal: AbortSignal | undefined): Promise<Outcome<T>> {
  return new Promise((settle) => {
    const finish = (outcome: Outcome<T>): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      settle(outcome)
    }
    // a turn later: a call that obeys the same signal has its say
    const stop = (): void => void setImmediate(() => finish({ kind: 'threw', error: signal?.reason }))
    const late = (): void => finish({ kind: 'hung', error: new ShoalError('ERR_TIMEOUT', `${what} did not finish within ${limit / 1000} s.`) })
    const timer = setTimeout(late, limit)
    signal?.addEventListener('abort', stop, { once: true })
    Promise.resolve(pending).then(
      (value) => finish({ kind: 'done', value }),
      (error: unknown) => finish({ kind: 'threw', error }),
    )
  })
}

/** Reading `then` may throw: to the caller that is the same as a call that throws. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && 'then' in value && typeof value.then === 'function'
}

/** The text of any thrown value, at most 1,000 characters. Survives objects that throw when they are looked at. */
export function describe(error: unknown): string {
  try {
    const text = error instanceof Error ? String(error.message) : String(error)
    return text.length > maxMessage ? `${text.slice(0, maxMessage)}…` : text
  } catch {
    return 'a value that cannot be shown'
  }
}

/** Any thrown value as a ShoalError; also one made by another copy of this package, which `instanceof` does not know. */
export function shoalError(error: unknown, otherwise: 'ERR_PLUGIN_FAILED' | 'ERR_INTERNAL' = 'ERR_PLUGIN_FAILED'): ShoalError {
  if (error instanceof ShoalError) return error
  const foreign = readForeign(error)
  return foreign ?? new ShoalError(otherwise, describe(error), { cause: error })
}

function readForeign(error: unknown): ShoalError | undefined {
  try {
    if (!(error instanceof Error) || error.name !== 'ShoalError' || !('code' in error)) return undefined
    const code = String(error.code)
    if (!isErrorCode(code)) return undefined
    const hint = 'hint' in error && typeof error.hint === 'string' ? { hint: error.hint } : {}
    return new ShoalError(code, describe(error), { cause: error, ...hint })
  } catch {
    return undefined
  }
}

/** Marks a promise that goes to plugin code as looked after: a plugin that ignores its rejection does not end the process. */
export function tended<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
