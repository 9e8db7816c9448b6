/**
 * A signal that aborts with the first of several. `AbortSignal.any` is not used where one of them lives as long as the
 * daemon: on Node 20 each result that aborted stays in memory, about 2.5 KB, until the long-lived one aborts (measured).
 */

import { setMaxListeners } from 'node:events'

/** A joined signal; call `done` when it is no longer needed. Idempotent. */
export interface Link {
  readonly signal: AbortSignal
  done(): void
}

/** Joins signals; absent ones are left out. */
export function linkSignals(...signals: (AbortSignal | undefined)[]): Link {
  const parents = signals.filter((signal) => signal !== undefined)
  const controller = new AbortController()
  // a scope has as many listeners as tasks; Node's warning of a leak is for event emitters that grow by mistake
  setMaxListeners(0, controller.signal)
  const stops = parents.map((parent) => {
    const follow = (): void => controller.abort(parent.reason)
    if (parent.aborted) follow()
    else parent.addEventListener('abort', follow, { once: true })
    return () => parent.removeEventListener('abort', follow)
  })
  const done = (): void => {
    for (const stop of stops.splice(0)) stop()
  }
  controller.signal.addEventListener('abort', done, { once: true })
  if (controller.signal.aborted) done()
  return { signal: controller.signal, done }
}
