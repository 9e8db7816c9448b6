/**
 * The default of the slot `subscriptionRegistry`. Who wants a name is a state registry, so that a publisher knows the
 * interested nodes without asking, and sends to nobody else.
 */

import { ShoalError } from '../../../../errors.js'
import type {
  StateEvent,
  StateRegistries,
  StateRegistry,
  Subscriber,
  SubscriptionEvent,
  SubscriptionRegistries,
  SubscriptionRegistry,
} from '../../../../services.js'
import { defaultQuotas } from '../../../swarm/quotas.js'
import { Throttle } from '../../../util/rate.js'
import { maxClusterBody } from './cluster-node.js'
import { type ClusterParts, followTopic } from './cluster-parts.js'
import { checkText, ownPrefix, subscriptionPrefix } from './cluster-text.js'
import { decodePublished, encodePublished, type PublishedMessage } from './published-message.js'

const wireTopic = `${ownPrefix}publish`

/** Bytes of a body: room for topic and name is left in a message. */
const maxBody = maxClusterBody - 6 * 1024

/** What it is made of. */
export interface SubscriptionParts extends ClusterParts {
  readonly states: () => StateRegistries
}

/** Publish and subscribe over all members. */
export class RoutedSubscriptions implements SubscriptionRegistries {
  readonly #parts: SubscriptionParts
  readonly #topics = new Map<string, RoutedTopic>()
  readonly #ending = new AbortController()
  #receiving: Promise<void> | undefined

  constructor(parts: SubscriptionParts) {
    this.#parts = parts
  }

  /** Begins to receive. */
  start(): void {
    this.#receiving = followTopic(this.#parts, wireTopic, this.#ending.signal, (peer, body) => this.#receive(peer, decodePublished(body)))
  }

  getRegistry(topic: string): SubscriptionRegistry {
    checkText(topic, 'A topic', 200)
    const present = this.#topics.get(topic)
    if (present) return present
    if (this.#topics.size >= defaultQuotas.subscriptions)
      throw new ShoalError('ERR_QUOTA_SUBSCRIPTIONS', `This node has subscriptions of ${this.#topics.size} topics; members keep no more of a peer.`)
    const registry = new RoutedTopic(topic, this.#parts)
    this.#topics.set(topic, registry)
    return registry
  }

  async close(): Promise<void> {
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    await this.#receiving
  }

  #receive(peer: string, { topic, name, body }: PublishedMessage): void {
    this.#topics.get(topic)?.deliver(peer, name, body)
  }
}

/** The subscribers of one topic on this node. */
class RoutedTopic implements SubscriptionRegistry {
  readonly topic: string
  readonly #parts: SubscriptionParts
  readonly #subscribers = new Map<string, Set<Subscriber>>()
  readonly #throttle = new Throttle(10_000)

  constructor(topic: string, parts: SubscriptionParts) {
    this.topic = topic
    this.#parts = parts
  }

  subscribe(name: string, subscriber: Subscriber, options: { readonly signal?: AbortSignal } = {}): () => void {
    checkText(name, 'A name', 512)
    const { signal } = options
    const present = this.#subscribers.get(name)
    if (present?.has(subscriber)) throw new ShoalError('ERR_USAGE', `This subscriber has ${JSON.stringify(name)} already.`)
    if (signal?.aborted) return () => {}
    if (!present) this.#interests.add(name)
    this.#subscribers.set(name, (present ?? new Set()).add(subscriber))
    let stopped = false
    const stop = (): void => {
      signal?.removeEventListener('abort', stop)
      // it may have subscribed anew since
      if (!stopped) this.#remove(name, subscriber)
      stopped = true
    }
    signal?.addEventListener('abort', stop, { once: true })
    return stop
  }

  async publish(name: string, body: Uint8Array, options: { readonly except?: Subscriber } = {}): Promise<void> {
    checkText(name, 'A name', 512)
    if (!(body instanceof Uint8Array)) throw new ShoalError('ERR_USAGE', 'A body is bytes.')
    if (body.byteLength > maxBody)
      throw new ShoalError('ERR_PAYLOAD_TOO_LARGE', `The message has ${body.byteLength} bytes; ${maxBody} are allowed. It was not sent.`)
    const { self } = this.#parts.registry()
    const remote = this.interested(name).filter((peer) => peer !== self)
    this.deliver(self, name, new Uint8Array(body), options.except)
    if (remote.length === 0) return
    const message = encodePublished({ topic: this.topic, name, body })
    await Promise.all(remote.map((peer) => this.#send(peer, message)))
  }

  subscribers(name: string): number {
    return this.#subscribers.get(name)?.size ?? 0
  }

  interested(name: string): readonly string[] {
    return this.#interests.ownersOf(name)
  }

  names(): readonly string[] {
    return this.#interests.getAll()
  }

  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<SubscriptionEvent> {
    return renamed(this.#interests.events(options))
  }

  /** Hands a message to the subscribers of this node. */
  deliver(peer: string, name: string, body: Uint8Array, except?: Subscriber): void {
    // a subscriber may end a subscription meanwhile
    for (const subscriber of [...(this.#subscribers.get(name) ?? [])]) {
      if (subscriber === except) continue
      try {
        subscriber({ name, peer, body })
      } catch (err) {
        this.#throttle.run((heldBack) => this.#parts.log.warn('a subscriber failed', { topic: this.topic, name, err, heldBack }))
      }
    }
  }

  get #interests(): StateRegistry {
    return this.#parts.states().getRegistry(subscriptionPrefix + this.topic)
  }

  async #send(peer: string, message: Uint8Array): Promise<void> {
    try {
      await this.#parts.node().sendDirect(peer, wireTopic, message)
    } catch (err) {
      this.#throttle.run((heldBack) => this.#parts.log.debug('a published message did not reach a node', { peer, err, heldBack }))
    }
  }

  #remove(name: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(name)
    if (!subscribers?.delete(subscriber) || subscribers.size > 0) return
    this.#subscribers.delete(name)
    this.#interests.remove(name)
  }
}

async function* renamed(events: AsyncIterable<StateEvent>): AsyncGenerator<SubscriptionEvent, void, undefined> {
  for await (const event of events) yield event.type === 'lagged' ? event : { type: event.type === 'added' ? 'first' : 'last', name: event.name }
}
