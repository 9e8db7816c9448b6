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
    const abort = (): void => controller.abort(parent.reason)
    if (!parent.aborted) return follow(parent, abort)
    abort()
    return () => {}
  })
  const done = (): void => {
    for (const stop of stops.splice(0)) stop()
  }
  controller.signal.addEventListener('abort', done, { once: true })
  if (controller.signal.aborted) done()
  return { signal: controller.signal, done }
}

/** What follows a signal. It has one listener for all of them: Node looks at every listener of a signal when one is added or removed. */
interface Followers {
  readonly bodies: Set<() => void>
  readonly listener: () => void
}

const followersOf = new WeakMap<AbortSignal, Followers>()

/**
 * Calls `body` when `signal` aborts, and not when it has aborted already. `body` must not throw. Returns the undo. All that follow
 * one signal share a listener; who calls this often for one signal keeps a follower of its own there, so that it stays.
 */
export function follow(signal: AbortSignal, body: () => void): () => void {
  const { bodies, listener } = followersOf.get(signal) ?? listen(signal)
  bodies.add(body)
  return () => {
    if (!bodies.delete(body) || bodies.size > 0) return
    followersOf.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

function listen(signal: AbortSignal): Followers {
  const bodies = new Set<() => void>()
  const listener = (): void => {
    for (const body of bodies) body()
  }
  const followers = { bodies, listener }
  followersOf.set(signal, followers)
  signal.addEventListener('abort', listener, { once: true })
  return followers
}
