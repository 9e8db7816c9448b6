/** Where the daemon tells the `monitoring` slot of its log and its streams. */

import type { LogSink, Monitoring } from '../../services.js'
import type { StreamEvent } from '../../stream.js'

const weighty: ReadonlySet<string> = new Set(['warn', 'error', 'fatal'])
const counted: ReadonlySet<string> = new Set(['published', 'unpublished', 'subscribed', 'unsubscribed'])

/** A sink that passes on lines of level `warn` and more. */
export function errorSink(monitoring: Monitoring): LogSink {
  return { write: (line) => void (weighty.has(line.level) && monitoring.onError?.(line)) }
}

/** Counts until the events end. */
export async function countStreams(events: AsyncIterable<StreamEvent>, monitoring: Monitoring): Promise<void> {
  for await (const event of events) if (isCounted(event)) monitoring.onStream?.({ type: event.type, count: 1 })
}

function isCounted(event: StreamEvent): event is StreamEvent & { readonly type: 'published' | 'unpublished' | 'subscribed' | 'unsubscribed' } {
  return counted.has(event.type)
}
