/** Holder and leader's table of one node, joined: events in, effects out; no clock, no network, no disk. */

import type { PeerId } from '../../../../plugin.js'
import type { LockEffect } from './lock-effect.js'
import { type HolderTiming, LockHolder } from './lock-holder.js'
import { type HeldLock, type LockMessage, laterTerm, type Term } from './lock-messages.js'
import { LockTable, type TableTiming } from './lock-table.js'

/** All times of the locks, ms. */
export type LockTiming = HolderTiming & TableTiming

/** The locks of one node. `now` is monotonic, ms. */
export class LockMachine {
  readonly #self: PeerId
  readonly #holder: LockHolder
  readonly #table: LockTable
  #leader: PeerId | undefined

  /** `term`: the latest one that was saved. */
  constructor(self: PeerId, term: Term, timing: LockTiming) {
    this.#self = self
    this.#holder = new LockHolder(self, timing)
    this.#table = new LockTable(self, term, timing)
  }

  /** Locks held and asked for here. */
  get load(): number {
    return this.#holder.load
  }

  /** Does it need {@link tick}? */
  get busy(): boolean {
    return this.#holder.busy || this.#table.busy
  }

  held(): readonly HeldLock[] {
    return this.#holder.held()
  }

  /** As the leader sees it; empty elsewhere. */
  grants(): ReturnType<LockTable['grants']> {
    return this.#table.grants()
  }

  /** The members now, this node among them, and their leader. */
  view(members: readonly PeerId[], leader: PeerId, now: number): LockEffect[] {
    const effects = this.#table.change(members, leader === this.#self, now)
    if (leader !== this.#leader) effects.push(...this.#holder.follow(leader, this.#table.term, now))
    this.#leader = leader
    return this.#settle(effects, now)
  }

  acquire(request: string, name: string, now: number): LockEffect[] {
    return this.#settle(this.#holder.acquire(request, name, now), now)
  }

  drop(request: string, now: number): LockEffect[] {
    return this.#settle(this.#holder.drop(request), now)
  }

  receive(from: PeerId, message: LockMessage, now: number): LockEffect[] {
    return this.#settle(this.#receive(from, message, now), now)
  }

  saved(term: Term, now: number): LockEffect[] {
    if (term.leader === this.#self) return this.#settle(this.#table.saved(term, now), now)
    return [{ type: 'send', to: term.leader, message: { type: 'termSaved', term } }]
  }

  tick(now: number): LockEffect[] {
    return this.#settle([...this.#table.tick(now), ...this.#holder.tick(this.#table.term, now)], now)
  }

  #receive(from: PeerId, message: LockMessage, now: number): LockEffect[] {
    if (message.type === 'query') return from === this.#leader ? [this.#holder.report(this.#table.term, now)] : []
    if (message.type !== 'term') return [...this.#table.receive(from, message, now), ...this.#holder.receive(from, message)]
    if (from !== message.term.leader) return []
    // the leader does not know of a later one: it has to open one that is later still
    if (laterTerm(this.#table.term, message.term)) return [this.#holder.report(this.#table.term, now)]
    return [...this.#table.hear(message.term, now), { type: 'save', term: message.term }]
  }

  /** What this node says to itself it hears at once. */
  #settle(effects: readonly LockEffect[], now: number): LockEffect[] {
    const outward: LockEffect[] = []
    const open = [...effects]
    for (let effect = open.shift(); effect; effect = open.shift()) {
      if (effect.type === 'send' && effect.to === this.#self) open.push(...this.#receive(this.#self, effect.message, now))
      else outward.push(effect)
    }
    return outward
  }
}
