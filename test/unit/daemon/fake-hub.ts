/** A hub without media, for tests of what is told of streams. */

import { Broadcast } from '../../../src/daemon/util/queue.js'
import type { StreamEvent, StreamInfo } from '../../../src/stream.js'

/** A hub that only lists. */
export class FakeHub {
  readonly streams = new Map<string, StreamInfo>()
  readonly #events = new Broadcast<StreamEvent>((missed) => ({ type: 'lagged', missed, time: 0 }))

  list(): StreamInfo[] {
    return [...this.streams.values()]
  }

  events({ signal }: { signal: AbortSignal }): AsyncIterable<StreamEvent> {
    return this.#events.listen(signal)
  }

  publish(path: string, origin: string, parts: Partial<StreamInfo> = {}): void {
    const rest = {
      publisher: 'test',
      hops: 0,
      tracks: [{ id: 1, kind: 'audio' as const, codec: 'opus' }],
      subscribers: 0,
      since: 5,
      framesIn: 0,
      bytesIn: 0,
      framesDropped: 0,
      bitrate: 0,
    }
    this.streams.set(path, { path, origin, ...rest, ...parts })
    this.#events.emit({ type: 'published', path, time: 0, publisher: 'test' })
  }

  unpublish(path: string): void {
    this.streams.delete(path)
    this.#events.emit({ type: 'unpublished', path, time: 0, publisher: 'test' })
  }

  lag(): void {
    this.#events.emit({ type: 'lagged', missed: 3, time: 0 })
  }
}
