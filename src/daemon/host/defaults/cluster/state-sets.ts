/**
 * The state registries of one node as a state machine: calls in, effects out; no clock, no network. Each node is the only
 * author of the names it owns; the others keep a copy of each author's set. Changes travel as numbered deltas; a gap, a
 * digest that does not fit and a restarted author are answered by a request for the whole set, which replaces the copy.
 */

import { ShoalError } from '../../../../errors.js'
import type { PeerId } from '../../../../plugin.js'
import { defaultQuotas } from '../../../swarm/quotas.js'
import { compareText, subscriptionPrefix } from './cluster-text.js'
import { NameSet } from './name-set.js'
import { Owners } from './owners.js'
import type { Delta, Digest, Full, StateMessage } from './state-messages.js'

/** What has to be done. `to` missing = to all other members. */
export type StateEffect =
  | { readonly type: 'send'; readonly to?: PeerId; readonly message: StateMessage }
  | { readonly type: 'added' | 'removed'; readonly topic: string; readonly name: string }
  /** A member is interested in one topic more than it may be; nothing of that is kept. */
  | { readonly type: 'refused'; readonly peer: PeerId; readonly topic: string }

/** Names and topics of one node. */
export const stateLimits = { names: 10_000, topics: 1000 }

/** Names in one message, and their bytes. */
const chunk = { items: 500, bytes: 8 * 1024 }

/** What this node owns of a topic. */
interface Own {
  readonly names: NameSet
  readonly references: Map<string, number>
  /** Changes that were not sent yet. */
  readonly pending: Map<string, 'added' | 'removed'>
  sequence: number
}

/** A copy of what another member owns of a topic. */
interface Copy {
  names: NameSet
  sequence: number
  /** Parts of a whole set on its way. */
  incoming?: { readonly sequence: number; part: number; readonly names: string[] }
}

interface Author {
  instance: string
  size: number
  /** Names of sets that are not whole yet. */
  waiting: number
  readonly topics: Map<string, Copy>
}

/** Own sets and copies. */
export class StateSets {
  readonly #self: PeerId
  readonly #instance: string
  readonly #own = new Map<string, Own>()
  readonly #authors = new Map<PeerId, Author>()
  readonly #owners = new Map<string, Owners>()
  #size = 0

  /** `instance`: this run of the node; another one each time. */
  constructor(self: PeerId, instance: string) {
    this.#self = self
    this.#instance = instance
  }

  /** Has this node ever owned anything? */
  get used(): boolean {
    return this.#own.size > 0
  }

  /** What other members make this node keep: topics with names, and names of sets that are not whole yet. */
  get kept(): { readonly topics: number; readonly waiting: number } {
    return { topics: this.#owners.size, waiting: [...this.#authors.values()].reduce((sum, { waiting }) => sum + waiting, 0) }
  }

  /** Are there changes to {@link flush}? */
  get changed(): boolean {
    return [...this.#own.values()].some(({ pending }) => pending.size > 0)
  }

  /** Throws `ERR_LIMIT`. */
  add(topic: string, name: string): StateEffect[] {
    const own = this.#ownTopic(topic)
    const references = own.references.get(name) ?? 0
    if (references === 0 && this.#size >= stateLimits.names) throw new ShoalError('ERR_LIMIT', `This node owns ${this.#size} names already.`)
    own.references.set(name, references + 1)
    if (references > 0) return []
    this.#size++
    own.names.add(name)
    note(own.pending, name, 'added')
    return this.#added(topic, name, this.#self)
  }

  remove(topic: string, name: string): StateEffect[] {
    const own = this.#own.get(topic)
    const references = own?.references.get(name) ?? 0
    if (!own || references === 0) return []
    if (references > 1) {
      own.references.set(name, references - 1)
      return []
    }
    own.references.delete(name)
    this.#size--
    own.names.delete(name)
    note(own.pending, name, 'removed')
    return this.#removed(topic, name, this.#self)
  }

  /** The changes since the last call, as deltas to all. */
  flush(): StateEffect[] {
    return [...this.#own].flatMap(([topic, own]) => this.#flush(topic, own))
  }

  /** A member came, perhaps for the second time: it gets everything. */
  joined(peer: PeerId): StateEffect[] {
    return [...this.flush(), ...[...this.#own.keys()].flatMap((topic) => this.#full(peer, topic))]
  }

  /** Members of which there are copies. */
  get authors(): readonly PeerId[] {
    return [...this.#authors.keys()]
  }

  /** A member is gone: it owns nothing any more. */
  left(peer: PeerId): StateEffect[] {
    const author = this.#authors.get(peer)
    this.#authors.delete(peer)
    return author ? this.#purge(peer, author) : []
  }

  /** A message of a member. */
  receive(peer: PeerId, message: StateMessage): StateEffect[] {
    if (message.type === 'request') return [...this.flush(), ...[...new Set(message.topics)].flatMap((topic) => this.#full(peer, topic))]
    const { author, effects } = this.#author(peer, message.instance)
    if (message.type === 'delta') return [...effects, ...this.#delta(peer, author, message)]
    if (message.type === 'full') return [...effects, ...this.#receiveFull(peer, author, message)]
    return [...effects, ...this.#compare(peer, author, message)]
  }

  /** Where this node's sets stand, to all: whoever missed something asks for it. */
  digest(): StateEffect[] {
    const effects = this.flush()
    const topics = [...this.#own].map(([topic, { sequence, names }]) => ({ topic, sequence, size: names.size, checksum: names.checksum }))
    for (let at = 0; at < topics.length; at += 100)
      effects.push({ type: 'send', message: { type: 'digest', instance: this.#instance, topics: topics.slice(at, at + 100) } })
    return effects
  }

  has(topic: string, name: string): boolean {
    return this.#owners.get(topic)?.has(name) ?? false
  }

  /** In order. */
  names(topic: string, peer?: PeerId): readonly string[] {
    if (peer === undefined) return this.#owners.get(topic)?.names() ?? []
    const names = peer === this.#self ? this.#own.get(topic)?.names : this.#authors.get(peer)?.topics.get(topic)?.names
    return [...(names ?? [])].sort(compareText)
  }

  ownersOf(topic: string, name: string): readonly PeerId[] {
    return this.#owners.get(topic)?.of(name) ?? []
  }

  #ownTopic(topic: string): Own {
    const present = this.#own.get(topic)
    if (present) return present
    if (this.#own.size >= stateLimits.topics) throw new ShoalError('ERR_LIMIT', `This node has ${this.#own.size} topics already.`)
    const own: Own = { names: new NameSet(), references: new Map(), pending: new Map(), sequence: 0 }
    this.#own.set(topic, own)
    return own
  }

  #flush(topic: string, own: Own): StateEffect[] {
    const changes = [...own.pending]
    own.pending.clear()
    return chunks(changes, ([name]) => name).map((part) => {
      const pick = (type: 'added' | 'removed'): string[] => part.filter(([, change]) => change === type).map(([name]) => name)
      const delta = { instance: this.#instance, topic, sequence: ++own.sequence, added: pick('added'), removed: pick('removed') }
      return { type: 'send', message: { type: 'delta', ...delta } }
    })
  }

  #full(to: PeerId, topic: string): StateEffect[] {
    const own = this.#own.get(topic)
    if (!own) return []
    const parts = chunks([...own.names], (name) => name)
    if (parts.length === 0) parts.push([])
    return parts.map((names, part) => {
      const full = { instance: this.#instance, topic, sequence: own.sequence, part, last: part === parts.length - 1, names }
      return { type: 'send', to, message: { type: 'full', ...full } }
    })
  }

  /** The author in this run of it. What it owned in an earlier one is gone. */
  #author(peer: PeerId, instance: string): { author: Author; effects: StateEffect[] } {
    const present = this.#authors.get(peer)
    if (present?.instance === instance) return { author: present, effects: [] }
    const author: Author = { instance, size: 0, waiting: 0, topics: new Map() }
    this.#authors.set(peer, author)
    return { author, effects: present ? this.#purge(peer, present) : [] }
  }

  #delta(peer: PeerId, author: Author, { topic, sequence, added, removed }: Delta): StateEffect[] {
    const copy = this.#copy(author, topic)
    if (!copy) return [{ type: 'refused', peer, topic }]
    if (sequence <= copy.sequence) return []
    if (sequence > copy.sequence + 1 || author.size + added.length > stateLimits.names) return [ask(peer, [topic])]
    copy.sequence = sequence
    const gone = removed.flatMap((name) => this.#forget(peer, author, copy, topic, name))
    return [...gone, ...added.flatMap((name) => this.#learn(peer, author, copy, topic, name))]
  }

  #receiveFull(peer: PeerId, author: Author, { topic, sequence, part, last, names }: Full): StateEffect[] {
    const copy = this.#copy(author, topic)
    if (!copy) return [{ type: 'refused', peer, topic }]
    if (sequence < copy.sequence) return []
    if (part === 0) {
      drop(author, copy)
      copy.incoming = { sequence, part: 0, names: [] }
    }
    const { incoming } = copy
    if (incoming?.sequence !== sequence || incoming.part !== part || author.waiting + names.length > stateLimits.names) {
      drop(author, copy)
      return []
    }
    incoming.part++
    incoming.names.push(...names)
    author.waiting += names.length
    if (!last) return []
    drop(author, copy)
    return this.#replace(peer, author, copy, topic, incoming)
  }

  /** What the whole set does not have goes, what it has comes. */
  #replace(peer: PeerId, author: Author, copy: Copy, topic: string, whole: { readonly sequence: number; readonly names: readonly string[] }): StateEffect[] {
    const wanted = new Set(whole.names)
    const gone = [...copy.names].filter((name) => !wanted.has(name)).flatMap((name) => this.#forget(peer, author, copy, topic, name))
    if (author.size - copy.names.size + wanted.size > stateLimits.names) return gone
    copy.sequence = whole.sequence
    return [...gone, ...[...wanted].flatMap((name) => this.#learn(peer, author, copy, topic, name))]
  }

  #compare(peer: PeerId, author: Author, { topics }: Digest): StateEffect[] {
    const wrong = topics.filter(({ topic, sequence, size, checksum }) => {
      const copy = this.#copy(author, topic)
      return copy && sequence >= copy.sequence && !(copy.sequence === sequence && copy.names.size === size && copy.names.checksum === checksum)
    })
    return wrong.length === 0
      ? []
      : [
          ask(
            peer,
            wrong.map(({ topic }) => topic),
          ),
        ]
  }

  #copy(author: Author, topic: string): Copy | undefined {
    const present = author.topics.get(topic)
    if (present || author.topics.size >= stateLimits.topics || isBeyondQuota(author, topic)) return present
    const copy: Copy = { names: new NameSet(), sequence: 0 }
    author.topics.set(topic, copy)
    return copy
  }

  #learn(peer: PeerId, author: Author, copy: Copy, topic: string, name: string): StateEffect[] {
    if (!copy.names.add(name)) return []
    author.size++
    return this.#added(topic, name, peer)
  }

  #forget(peer: PeerId, author: Author, copy: Copy, topic: string, name: string): StateEffect[] {
    if (!copy.names.delete(name)) return []
    author.size--
    return this.#removed(topic, name, peer)
  }

  #purge(peer: PeerId, author: Author): StateEffect[] {
    return [...author.topics].flatMap(([topic, { names }]) => [...names].flatMap((name) => this.#removed(topic, name, peer)))
  }

  #added(topic: string, name: string, owner: PeerId): StateEffect[] {
    const owners = this.#owners.get(topic) ?? new Owners()
    this.#owners.set(topic, owners)
    return owners.add(name, owner) ? [{ type: 'added', topic, name }] : []
  }

  #removed(topic: string, name: string, owner: PeerId): StateEffect[] {
    const owners = this.#owners.get(topic)
    if (!owners?.delete(name, owner)) return []
    if (owners.size === 0) this.#owners.delete(topic)
    return [{ type: 'removed', topic, name }]
  }
}

/** Is it the subscriptions of one topic more than a peer may be interested in? */
function isBeyondQuota({ topics }: Author, topic: string): boolean {
  const isSubscription = (one: string): boolean => one.startsWith(subscriptionPrefix)
  return isSubscription(topic) && [...topics.keys()].filter(isSubscription).length >= defaultQuotas.subscriptions
}

/** Lets go of a set that is not whole. */
function drop(author: Author, copy: Copy): void {
  author.waiting -= copy.incoming?.names.length ?? 0
  delete copy.incoming
}

function ask(to: PeerId, topics: string[]): StateEffect {
  return { type: 'send', to, message: { type: 'request', topics } }
}

/** A change that undoes a waiting one cancels it. */
function note(pending: Map<string, 'added' | 'removed'>, name: string, change: 'added' | 'removed'): void {
  const waiting = pending.get(name)
  if (waiting !== undefined && waiting !== change) pending.delete(name)
  else pending.set(name, change)
}

function chunks<T>(items: readonly T[], text: (item: T) => string): T[][] {
  const parts: T[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const item of items) {
    const size = Buffer.byteLength(text(item)) + 4
    const part = parts.at(-1)
    if (!part || part.length >= chunk.items || bytes + size > chunk.bytes) {
      parts.push([item])
      bytes = size
    } else {
      part.push(item)
      bytes += size
    }
  }
  return parts
}
