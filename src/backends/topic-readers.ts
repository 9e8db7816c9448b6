/** The readers of a cluster node's topics: each has a bounded queue of its own and is told what it missed. */

import { BoundedQueue } from '../daemon/util/queue.js'
import { ShoalError } from '../errors.js'
import type { ClusterMessage } from '../services.js'

/** What may wait for one slow reader. */
const readerLimits = { limit: 4096, maxWeight: 16 * 1024 * 1024 }

interface Reader {
  readonly queue: BoundedQueue<ClusterMessage>
  missed: number
}

/** See the file. */
export class TopicReaders {
  readonly #topics = new Map<string, Set<Reader>>()

  /** Listens from now on, until `signal` aborts or the iteration is left. Throws `ERR_USAGE`. */
  subscribe(topic: string, signal?: AbortSignal): AsyncIterable<ClusterMessage> {
    checkTopic(topic)
    const reader: Reader = { queue: new BoundedQueue({ ...readerLimits, weigh }), missed: 0 }
    const stop = (): void => {
      signal?.removeEventListener('abort', stop)
      reader.queue.close()
      this.#remove(topic, reader)
    }
    if (signal?.aborted) reader.queue.close()
    else {
      this.#topics.set(topic, (this.#topics.get(topic) ?? new Set()).add(reader))
      signal?.addEventListener('abort', stop, { once: true })
    }
    return iterate(reader, stop)
  }

  /** Hands a message to those who listen now; never waits. */
  deliver(topic: string, peer: string, body: Uint8Array): void {
    for (const reader of this.#topics.get(topic) ?? []) if (!reader.queue.push({ type: 'message', peer, body })) reader.missed++
  }

  #remove(topic: string, reader: Reader): void {
    const readers = this.#topics.get(topic)
    readers?.delete(reader)
    if (readers?.size === 0) this.#topics.delete(topic)
  }
}

/** Throws `ERR_USAGE` unless a topic has 1–255 bytes. */
export function checkTopic(topic: string): void {
  const right = typeof topic === 'string' && topic.length > 0 && Buffer.byteLength(topic) <= 255 && !/\p{Surrogate}/u.test(topic)
  if (!right) throw new ShoalError('ERR_USAGE', 'A topic is a text of 1 to 255 bytes.')
}

async function* iterate(reader: Reader, stop: () => void): AsyncGenerator<ClusterMessage, void, undefined> {
  try {
    for (;;) {
      const message = reader.queue.shift()
      const { missed } = reader
      if (message) yield message
      else if (missed > 0) {
        reader.missed = 0
        yield { type: 'lagged', missed }
      } else if (reader.queue.closed) return
      else await reader.queue.ready()
    }
  } finally {
    stop()
  }
}

function weigh(message: ClusterMessage): number {
  return message.type === 'message' ? message.body.byteLength : 0
}
