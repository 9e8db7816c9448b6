/** The default of the slot `stateRegistry`: {@link StateSets} over the slots `clusterNode` and `clusterRegistry`. */

import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../../../errors.js'
import type { StateEvent, StateRegistries, StateRegistry } from '../../../../services.js'
import { Broadcast } from '../../../util/queue.js'
import { Throttle } from '../../../util/rate.js'
import { monotonic } from '../../../util/wait.js'
import { type ClusterParts, followMembers, followTopic } from './cluster-parts.js'
import { checkText, subscriptionPrefix } from './cluster-text.js'
import { readState, writeJson } from './state-messages.js'
import { type StateEffect, StateSets, stateLimits } from './state-sets.js'

const wireTopic = 'shoal/state'

/** When members compare what they have. */
export interface StateTiming {
  /** ms between digests while nothing changes. Default 10,000. */
  readonly digest: number
  /** ms from a change to the digest that proves it arrived. Default 1,000. */
  readonly settle: number
}

/** Cluster-wide sets. */
export class SharedStates implements StateRegistries {
  readonly #parts: ClusterParts
  readonly #timing: StateTiming
  readonly #sets: StateSets
  readonly #views = new Map<string, View>()
  readonly #ending = new AbortController()
  readonly #throttle = new Throttle(60_000)
  #tasks: readonly Promise<void>[] = []
  #flushing = false
  #timer: NodeJS.Timeout | undefined
  #due = Number.POSITIVE_INFINITY

  constructor(parts: ClusterParts, timing: Partial<StateTiming> = {}) {
    this.#parts = parts
    this.#timing = { digest: 10_000, settle: 1000, ...timing }
    this.#sets = new StateSets(parts.self, randomBytes(8).toString('hex'))
  }

  /** Begins to speak with the other members. */
  start(): void {
    const { signal } = this.#ending
    this.#tasks = [
      followMembers(this.#parts, signal, ({ type, ...event }) => this.#membersChanged(type === 'joined' && 'peer' in event ? event.peer : undefined)),
      followTopic(this.#parts, wireTopic, signal, (peer, body) => this.#apply(this.#sets.receive(peer, readState(body)))),
    ]
    for (const peer of this.#parts.registry().members()) if (peer !== this.#parts.self) this.#membersChanged(peer)
  }

  getRegistry(topic: string): StateRegistry {
    checkText(topic, 'A topic', 255)
    const present = this.#views.get(topic)
    if (present) return present
    if (this.#views.size >= stateLimits.topics) throw new ShoalError('ERR_LIMIT', `This node has ${this.#views.size} state registries already.`)
    const view = new View(topic, this.#sets, (effects) => this.#change(effects))
    this.#views.set(topic, view)
    return view
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    for (const view of this.#views.values()) view.broadcast.close()
    await Promise.all(this.#tasks)
  }

  #membersChanged(joined: string | undefined): void {
    // what is so now counts, not what the event says: it may be an old one
    const members = this.#parts.registry().members()
    for (const peer of this.#sets.authors) if (!members.includes(peer)) this.#apply(this.#sets.left(peer))
    if (joined === undefined || !this.#sets.used || !members.includes(joined)) return
    this.#apply(this.#sets.joined(joined))
    this.#schedule(this.#timing.settle)
  }

  /** Own changes: those of one turn travel together. */
  #change(effects: readonly StateEffect[]): void {
    this.#apply(effects)
    if (this.#flushing || this.#ending.signal.aborted || !this.#sets.changed) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      if (this.#ending.signal.aborted) return
      this.#apply(this.#sets.flush())
      this.#schedule(this.#timing.settle)
    })
  }

  #schedule(wait: number): void {
    const due = monotonic() + wait
    // a node alone has nobody to agree with
    if (this.#ending.signal.aborted || due >= this.#due || this.#parts.registry().members().length < 2) return
    clearTimeout(this.#timer)
    this.#due = due
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY
      this.#apply(this.#sets.digest())
      this.#schedule(this.#timing.digest)
    }, wait).unref()
  }

  #apply(effects: readonly StateEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.#send(effect)
      else if (effect.type === 'refused') this.#refused(effect)
      else this.#views.get(effect.topic)?.broadcast.emit({ type: effect.type, name: effect.name })
    }
  }

  #refused({ peer, topic }: Extract<StateEffect, { type: 'refused' }>): void {
    const code = topic.startsWith(subscriptionPrefix) ? 'ERR_QUOTA_SUBSCRIPTIONS' : 'ERR_LIMIT'
    this.#throttle.run((heldBack) => this.#parts.log.warn('a member has more topics than are kept of it', { peer, topic, code, heldBack }))
  }

  #send({ to, message }: Extract<StateEffect, { type: 'send' }>): void {
    const body = writeJson(message)
    const sent = to === undefined ? this.#parts.node().send(wireTopic, body) : this.#parts.node().sendDirect(to, wireTopic, body)
    // a digest makes up for what is lost
    sent.catch((err: unknown) => this.#parts.log.debug('a state message was not sent', { err, to: to ?? 'all' }))
  }
}

/** One topic, as callers see it. */
class View implements StateRegistry {
  readonly topic: string
  readonly broadcast = new Broadcast<StateEvent>((missed) => ({ type: 'lagged', missed }))
  readonly #sets: StateSets
  readonly #change: (effects: readonly StateEffect[]) => void

  constructor(topic: string, sets: StateSets, change: (effects: readonly StateEffect[]) => void) {
    this.topic = topic
    this.#sets = sets
    this.#change = change
  }

  add(name: string): void {
    checkText(name, 'A name', 512)
    this.#change(this.#sets.add(this.topic, name))
  }

  remove(name: string): void {
    this.#change(this.#sets.remove(this.topic, name))
  }

  has(name: string): boolean {
    return this.#sets.has(this.topic, name)
  }

  getAll(peer?: string): readonly string[] {
    return this.#sets.names(this.topic, peer)
  }

  ownersOf(name: string): readonly string[] {
    return this.#sets.ownersOf(this.topic, name)
  }

  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<StateEvent> {
    return this.broadcast.listen(options.signal)
  }
}
