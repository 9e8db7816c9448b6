/** One event of each type, for a plugin that listens. */

import type { PeerEvent } from '../../../plugin.js'
import type { StreamEvent } from '../../../stream.js'

/** Topics there are. */
export const topics = ['peers', 'streams'] as const

/** The events of a topic. `peer`: the id of whom they tell. */
export function eventsOf(topic: (typeof topics)[number], peer: string, name: string): { peers: readonly PeerEvent[]; streams: readonly StreamEvent[] } {
  const time = Date.now()
  const about = { path: 'bench/test', time }
  if (topic === 'streams') {
    const streams: StreamEvent[] = [
      { type: 'published', publisher: 'bench', ...about },
      { type: 'subscribed', reader: 'bench', ...about },
      { type: 'unsubscribed', reader: 'bench', ...about },
      { type: 'unpublished', publisher: 'bench', ...about },
    ]
    return { peers: [], streams }
  }
  const types = ['seen', 'trusted', 'connected', 'disconnected', 'forgotten'] as const
  return { peers: types.map((type) => ({ type, peer, name, time })), streams: [] }
}
