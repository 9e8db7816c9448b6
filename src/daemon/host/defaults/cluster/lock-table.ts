/**
 * The leader's side of the locks, as a state machine without clock or network.
 *
 * Whoever becomes leader first collects what the members hold, for at most the grace time, then opens a term later than all it
 * has heard of, and tells it to the members, for at most the grace time again; only then it grants. So the tokens of a new
 * leader are greater than those of any before it, also those of grants that only the dead knew.
 */

import type { PeerId } from '../../../../plugin.js'
import type { LockEffect } from './lock-effect.js'
import { type HeldLock, type LockMessage, type LockReport, laterTerm, makeToken, type Term } from './lock-messages.js'

/** ms. */
export interface TableTiming {
  /** For the members' answers to a new leader. */
  readonly grace: number
  /** From a holder's going until its locks are free; it may come back within. */
  readonly absence: number
}

/** Names whose last token is remembered. */
const maxRemembered = 10_000
/** Requests that may wait for the table to open. */
const maxQueued = 5000
/** Locks of one member, and of its requests that wait: as many as it can tell of in a report. */
export const perMember = 1000

interface Grant extends HeldLock {
  readonly peer: PeerId
}

/** Grants of one leader. */
export class LockTable {
  readonly #self: PeerId
  readonly #timing: TableTiming
  readonly #grants = new Map<string, Grant>()
  readonly #last = new Map<string, string>()
  readonly #absent = new Map<PeerId, number>()
  readonly #queue = new Map<string, { readonly peer: PeerId; readonly name: string; readonly request: string }>()
  #state: 'closed' | 'collecting' | 'announcing' | 'open' = 'closed'
  #members: readonly PeerId[]
  /** Members whose answer is missing. */
  #awaited = new Set<PeerId>()
  #until = 0
  #sequence = 0
  /** No token below it was forgotten. */
  #floor = ''
  /** The latest term this node has heard of. */
  #term: Term

  constructor(self: PeerId, term: Term, timing: TableTiming) {
    this.#self = self
    this.#members = []
    this.#term = term
    this.#timing = timing
  }

  get term(): Term {
    return this.#term
  }

  /** Does it wait for a time? */
  get busy(): boolean {
    return this.#state === 'collecting' || this.#state === 'announcing' || this.#absent.size > 0
  }

  /** Name, holder and token of each grant. */
  grants(): readonly Grant[] {
    return [...this.#grants.values()]
  }

  /** The members now, this node among them. `leads`: this node is their leader. */
  change(members: readonly PeerId[], leads: boolean, now: number): LockEffect[] {
    const before = this.#members
    this.#members = members
    if (!leads) return this.#close()
    if (this.#state === 'closed') return this.#collect(now)
    const joined = members.filter((peer) => !before.includes(peer))
    for (const peer of before) if (!members.includes(peer)) this.#left(peer, now)
    for (const peer of joined) {
      this.#absent.delete(peer)
      if (this.#state === 'collecting') this.#awaited.add(peer)
    }
    return [...joined.flatMap((peer) => this.#ask(peer)), ...this.#proceed(now)]
  }

  tick(now: number): LockEffect[] {
    for (const [peer, since] of this.#absent) {
      if (now < since + this.#timing.absence) continue
      this.#absent.delete(peer)
      this.#free((grant) => grant.peer === peer)
    }
    if ((this.#state !== 'collecting' && this.#state !== 'announcing') || now < this.#until) return []
    // own disk: without its word no term is opened
    const self = this.#state === 'announcing' && this.#awaited.has(this.#self)
    this.#awaited = new Set(self ? [this.#self] : [])
    return this.#proceed(now)
  }

  /** This node has made a term durable. */
  saved(term: Term, now: number): LockEffect[] {
    return this.#termSaved(this.#self, term, now)
  }

  receive(from: PeerId, message: LockMessage, now: number): LockEffect[] {
    if (this.#state === 'closed' || !this.#members.includes(from)) return []
    if (message.type === 'acquire') return this.#acquire(from, message.name, message.request)
    if (message.type === 'release') return this.#release(from, message.name, message.request)
    if (message.type === 'report') return this.#report(from, message, now)
    if (message.type === 'termSaved') return this.#termSaved(from, message.term, now)
    return []
  }

  /** A term that somebody knows of. Where this node grants in an earlier one, or beside it, it opens a later one, so that no token falls behind. */
  hear(term: Term, now: number): LockEffect[] {
    const granting = this.#state === 'announcing' || this.#state === 'open'
    // a later one of its own is of an earlier run, which ended before its disk had it
    const beside = term.number > this.#term.number || (term.number === this.#term.number && term.leader !== this.#self)
    if (laterTerm(term, this.#term)) this.#term = term
    return granting && beside ? this.#announce(now) : []
  }

  #close(): LockEffect[] {
    this.#state = 'closed'
    this.#grants.clear()
    this.#absent.clear()
    this.#queue.clear()
    return []
  }

  #collect(now: number): LockEffect[] {
    this.#state = 'collecting'
    this.#until = now + this.#timing.grace
    this.#awaited = new Set(this.#members)
    return this.#members.map((to) => ({ type: 'send', to, message: { type: 'query' } }))
  }

  /** Opens the next term. */
  #announce(now: number): LockEffect[] {
    this.#state = 'announcing'
    this.#until = now + this.#timing.grace
    this.#term = { number: this.#term.number + 1, leader: this.#self }
    this.#sequence = 0
    this.#awaited = new Set(this.#members)
    const others = this.#members.filter((peer) => peer !== this.#self)
    return [{ type: 'save', term: this.#term }, ...others.map((to) => this.#tellTerm(to))]
  }

  /** The next step, once nobody's answer is missing. */
  #proceed(now: number): LockEffect[] {
    if (this.#awaited.size > 0) return []
    if (this.#state === 'collecting') return this.#announce(now)
    if (this.#state !== 'announcing') return []
    this.#state = 'open'
    const queued = [...this.#queue.values()]
    this.#queue.clear()
    return queued.flatMap(({ peer, name, request }) => this.#acquire(peer, name, request))
  }

  #ask(to: PeerId): LockEffect[] {
    const query: LockEffect = { type: 'send', to, message: { type: 'query' } }
    return this.#state === 'collecting' ? [query] : [query, this.#tellTerm(to)]
  }

  #tellTerm(to: PeerId): LockEffect {
    return { type: 'send', to, message: { type: 'term', term: this.#term } }
  }

  #left(peer: PeerId, now: number): void {
    this.#awaited.delete(peer)
    this.#dequeue((queued) => queued.peer === peer)
    if (this.grants().some((grant) => grant.peer === peer)) this.#absent.set(peer, now)
  }

  #termSaved(from: PeerId, { number, leader }: Term, now: number): LockEffect[] {
    if (this.#state !== 'announcing' || number !== this.#term.number || leader !== this.#term.leader) return []
    this.#awaited.delete(from)
    return this.#proceed(now)
  }

  #acquire(peer: PeerId, name: string, request: string): LockEffect[] {
    const key = `${peer} ${request}`
    if (this.#state !== 'open') {
      const own = countOf(this.#queue.values(), peer)
      if (this.#queue.size < maxQueued && own < perMember) this.#queue.set(key, { peer, name, request })
      return []
    }
    const present = this.#grants.get(name)
    const isTaken = present ? !(present.peer === peer && present.request === request) : countOf(this.#grants.values(), peer) >= perMember
    if (isTaken) return [{ type: 'send', to: peer, message: { type: 'denied', name, request } }]
    const grant = present ?? { peer, name, request, token: makeToken(this.#term, ++this.#sequence) }
    this.#keep(grant)
    return [{ type: 'send', to: peer, message: { type: 'granted', name, request, token: grant.token } }]
  }

  #release(peer: PeerId, name: string, request: string): LockEffect[] {
    this.#dequeue((queued) => queued.peer === peer && queued.request === request)
    this.#free((grant) => grant.name === name && grant.peer === peer && grant.request === request)
    return []
  }

  #report(from: PeerId, { round, term, held, waiting }: LockReport, now: number): LockEffect[] {
    const known = new Set([...waiting, ...held.map(({ request }) => request)])
    this.#free((grant) => grant.peer === from && !known.has(grant.request))
    this.#dequeue((queued) => queued.peer === from && !known.has(queued.request))
    const effects = held.flatMap((lock) => this.#adopt({ ...lock, peer: from }))
    effects.push({ type: 'send', to: from, message: { type: 'reported', round } })
    effects.push(...this.hear(term, now))
    if (this.#state !== 'collecting') return effects
    this.#awaited.delete(from)
    return [...effects, ...this.#proceed(now)]
  }

  /** A member says that it holds a lock: of two the greater token has it. */
  #adopt(claim: Grant): LockEffect[] {
    const present = this.#grants.get(claim.name)
    const last = this.#last.get(claim.name) ?? this.#floor
    if (present?.token === claim.token) return []
    if (claim.token < last) return [lost(claim)]
    this.#keep(claim)
    return present ? [lost(present)] : []
  }

  #keep(grant: Grant): void {
    this.#grants.set(grant.name, grant)
    this.#last.delete(grant.name)
    this.#last.set(grant.name, grant.token)
    if (this.#last.size <= maxRemembered) return
    for (const [name, token] of this.#last) {
      this.#last.delete(name)
      if (token > this.#floor) this.#floor = token
      return
    }
  }

  #free(which: (grant: Grant) => boolean): void {
    for (const grant of this.grants()) if (which(grant)) this.#grants.delete(grant.name)
  }

  #dequeue(which: (queued: { readonly peer: PeerId; readonly request: string }) => boolean): void {
    for (const [key, queued] of this.#queue) if (which(queued)) this.#queue.delete(key)
  }
}

function countOf(all: Iterable<{ readonly peer: PeerId }>, peer: PeerId): number {
  let count = 0
  for (const one of all) if (one.peer === peer) count++
  return count
}

function lost({ peer, name, token }: Grant): LockEffect {
  return { type: 'send', to: peer, message: { type: 'lost', name, token } }
}
