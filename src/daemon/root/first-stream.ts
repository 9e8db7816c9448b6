/** What is done when there is something to view for the first time. */

import type { StreamEvent } from '../../stream.js'

/** Calls `prepare` at the first publication: what viewers need is loaded then, not while the first of them waits, and not where nobody ever publishes. */
export async function atFirstStream(events: AsyncIterable<StreamEvent>, prepare: () => Promise<void>): Promise<void> {
  for await (const { type } of events) {
    if (type !== 'published') continue
    await prepare()
    return
  }
}
