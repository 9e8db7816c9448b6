/** A subscription over an SRT connection. */

import type { Subscription } from '../../stream.js'
import type { LiveFormat } from '../../viewing/format.js'
import { LiveFeed } from '../../viewing/live-feed.js'
import type { SrtSocket } from './srt-socket.js'

/** Bytes that may wait for the network; above it frames stay in the stream, which skips whole groups for a late reader. */
const bufferSize = 512 * 1024

/** ms in which a reader may take nothing. */
const stallTimeout = 10_000

/** Sends until the stream ends or the connection is over; both are a return. Rejects with `ERR_SLOW_CONSUMER`, `ERR_CODEC_UNSUPPORTED`, or what ended the stream. */
export async function send(subscription: Subscription, socket: SrtSocket, format: LiveFormat): Promise<void> {
  const feed = new LiveFeed(subscription, format)
  // the connection may end while the stream is silent
  const gone = socket.closed.then(() => subscription.close())
  try {
    for await (const frames of subscription) {
      const parts = feed.write(frames)
      if (!parts || !socket.isOpen) break
      socket.write(parts)
      if (socket.waiting > bufferSize) await socket.drained(stallTimeout)
    }
    await socket.drained(stallTimeout)
  } finally {
    socket.close()
    await gone
  }
}
