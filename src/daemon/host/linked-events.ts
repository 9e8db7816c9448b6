/** Events for a plugin: they end when the plugin stops or its own signal aborts. */

import { linkSignals } from '../util/linked-signal.js'

/** Listens at once; `source` has to end its iteration when the signal it gets aborts. */
export function linkedEvents<T>(source: (signal: AbortSignal) => AsyncIterable<T>, owner: AbortSignal, own: AbortSignal | undefined): AsyncIterable<T> {
  if (own === undefined || own === owner) return source(owner)
  const link = linkSignals(owner, own)
  const events = source(link.signal)
  return iterate(events, link.done)
}

async function* iterate<T>(events: AsyncIterable<T>, done: () => void): AsyncGenerator<T, void, undefined> {
  try {
    yield* events
  } finally {
    done()
  }
}
