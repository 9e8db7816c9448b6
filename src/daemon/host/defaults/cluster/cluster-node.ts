/** The default of the slot `clusterNode`: messages over the payloads of the daemon. */

import { ShoalError } from '../../../../errors.js'
import type { Logger, PeerId } from '../../../../plugin.js'
import type { ClusterMessage, ClusterNode } from '../../../../services.js'
import { BoundedQueue } from '../../../util/queue.js'
import { Throttle } from '../../../util/rate.js'
import type { ClusterPort } from './cluster-port.js'
import { checkText } from './cluster-text.js'
import { MemberLane } from './member-lane.js'
import { decodeBatch, type TopicMessage } from './message-batch.js'

/** Bytes of a body. */
export const maxClusterBody = 256 * 1024

/** What may wait for one slow reader. */
const readerLimits = { limit: 4096, maxWeight: 16 * 1024 * 1024 }

interface Reader {
  readonly queue: BoundedQueue<ClusterMessage>
  missed: number
}

/** Messages between members. Before {@link connect} there are no others. */
export class PortNode implements ClusterNode {
  readonly #log: Logger
  readonly #lanes = new Map<PeerId, MemberLane>()
  readonly #topics = new Map<string, Set<Reader>>()
  readonly #throttle = new Throttle(10_000)
  #port: ClusterPort | undefined

  constructor(options: { readonly log: Logger }) {
    this.#log = options.log
  }

  /** Takes up the network. Returns the undo, after which there are no other members. */
  connect(port: ClusterPort): () => void {
    this.#port = port
    const undo = [
      port.onMessage((peer, body) => this.#receive(peer, decodeBatch(body))),
      port.watch(({ type, peer }) => type === 'left' && this.#close(peer, unreachable(peer))),
    ]
    return () => {
      this.#port = undefined
      for (const one of undo) one()
      for (const peer of [...this.#lanes.keys()]) this.#close(peer, new ShoalError('ERR_STOPPING'))
    }
  }

  async send(topic: string, body: Uint8Array): Promise<void> {
    check(topic, body)
    const members = this.#port?.members() ?? []
    await Promise.all(members.map((peer) => this.#post(peer, { topic, body }).catch((error: unknown) => this.#note(peer, error))))
  }

  async sendDirect(peer: string, topic: string, body: Uint8Array): Promise<void> {
    check(topic, body)
    if (!this.#port?.members().includes(peer)) throw unreachable(peer)
    await this.#post(peer, { topic, body })
  }

  subscribe(topic: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<ClusterMessage> {
    checkText(topic, 'A topic', 255)
    const { signal } = options
    const reader: Reader = { queue: new BoundedQueue({ ...readerLimits, weigh }), missed: 0 }
    const readers = this.#topics.get(topic) ?? new Set()
    const stop = (): void => {
      signal?.removeEventListener('abort', stop)
      reader.queue.close()
      readers.delete(reader)
      if (readers.size === 0 && this.#topics.get(topic) === readers) this.#topics.delete(topic)
    }
    if (signal?.aborted) reader.queue.close()
    else {
      this.#topics.set(topic, readers.add(reader))
      signal?.addEventListener('abort', stop, { once: true })
    }
    return iterate(reader, stop)
  }

  /** The body is copied at once: the caller may use its buffer again. */
  #post(peer: PeerId, { topic, body }: TopicMessage): Promise<void> {
    const lane = this.#lanes.get(peer) ?? new MemberLane((batch) => this.#port?.send(peer, batch) ?? Promise.reject(unreachable(peer)))
    this.#lanes.set(peer, lane)
    return lane.send({ topic, body: new Uint8Array(body) })
  }

  #close(peer: PeerId, error: ShoalError): void {
    this.#lanes.get(peer)?.close(error)
    this.#lanes.delete(peer)
  }

  #receive(peer: PeerId, messages: readonly TopicMessage[]): void {
    for (const { topic, body } of messages) {
      for (const reader of this.#topics.get(topic) ?? []) if (!reader.queue.push({ type: 'message', peer, body })) reader.missed++
    }
  }

  #note(peer: PeerId, err: unknown): void {
    this.#throttle.run((heldBack) => this.#log.debug('a cluster message did not reach a member', { peer, err, heldBack }))
  }
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

function check(topic: string, body: Uint8Array): void {
  checkText(topic, 'A topic', 255)
  if (!(body instanceof Uint8Array)) throw new ShoalError('ERR_USAGE', 'A body is bytes.')
  if (body.byteLength > maxClusterBody)
    throw new ShoalError('ERR_PAYLOAD_TOO_LARGE', `The message has ${body.byteLength} bytes; ${maxClusterBody} are allowed. It was not sent.`)
}

function unreachable(peer: PeerId): ShoalError {
  return new ShoalError('ERR_PEER_UNREACHABLE', `${peer} is not another member that can be reached.`)
}
