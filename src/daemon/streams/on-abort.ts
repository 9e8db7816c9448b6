/** Listening to signals that many listen to. */

import { setMaxListeners } from 'node:events'

/** Calls `body` when `signal` aborts; not for one that has aborted. Returns the undo. */
export function onAbort(signal: AbortSignal | undefined, body: () => void): () => void {
  if (!signal) return () => {}
  // a plugin gives its one signal to each of a thousand readers: Node would print a warning from the eleventh on
  setMaxListeners(0, signal)
  signal.addEventListener('abort', body, { once: true })
  return () => signal.removeEventListener('abort', body)
}
