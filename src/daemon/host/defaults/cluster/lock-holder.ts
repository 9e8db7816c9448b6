/**
 * The side of the locks that wants and holds them, as a state machine without clock or network. Whatever is lost on the way is
 * said again: requests until they are answered, reports of what is held until the leader has them, and then now and then.
 */

import type { PeerId } from '../../../../plugin.js'
import type { LockEffect } from './lock-effect.js'
import type { HeldLock, LockMessage, LockReport, Term } from './lock-messages.js'

/** ms. */
export interface HolderTiming {
  /** Until a request or a report without an answer is repeated. */
  readonly retry: number
  /** Between reports while something is held. */
  readonly report: number
}

/** Requests and held locks of one node. */
export class LockHolder {
  readonly #timing: HolderTiming
  readonly #waiting = new Map<string, { readonly name: string; sentAt: number }>()
  readonly #held = new Map<string, HeldLock>()
  /** The leader may believe something of this node that is not so. */
  #dirty = true
  #round = 0
  #reportedAt = 0
  #leader: PeerId

  constructor(self: PeerId, timing: HolderTiming) {
    this.#leader = self
    this.#timing = timing
  }

  /** Locks held and asked for. */
  get load(): number {
    return this.#waiting.size + this.#held.size
  }

  /** Is there something to say again? */
  get busy(): boolean {
    return this.#dirty || this.load > 0
  }

  held(): readonly HeldLock[] {
    return [...this.#held.values()]
  }

  acquire(request: string, name: string, now: number): LockEffect[] {
    this.#waiting.set(request, { name, sentAt: now })
    return [this.#tell({ type: 'acquire', name, request })]
  }

  /** Nobody waits for the request any more, or the lock is given back. */
  drop(request: string): LockEffect[] {
    const name = this.#waiting.get(request)?.name ?? this.#held.get(request)?.name
    if (name === undefined) return []
    this.#waiting.delete(request)
    this.#held.delete(request)
    this.#soil()
    return [this.#tell({ type: 'release', name, request })]
  }

  /** Another leader: it learns what is held, and is asked what the former one did not answer. */
  follow(leader: PeerId, term: Term, now: number): LockEffect[] {
    this.#leader = leader
    for (const waiting of this.#waiting.values()) waiting.sentAt = now
    const asked = [...this.#waiting].map(([request, { name }]) => this.#tell({ type: 'acquire', name, request }))
    return [this.report(term, now), ...asked]
  }

  report(term: Term, now: number): LockEffect {
    this.#dirty = true
    this.#reportedAt = now
    const report: LockReport = { type: 'report', round: ++this.#round, term, held: this.held().slice(), waiting: [...this.#waiting.keys()] }
    return this.#tell(report)
  }

  tick(term: Term, now: number): LockEffect[] {
    const due = this.#reportedAt + (this.#dirty ? this.#timing.retry : this.#timing.report)
    const effects = (this.#dirty || this.#held.size > 0) && now >= due ? [this.report(term, now)] : []
    for (const [request, waiting] of this.#waiting) {
      if (now < waiting.sentAt + this.#timing.retry) continue
      waiting.sentAt = now
      effects.push(this.#tell({ type: 'acquire', name: waiting.name, request }))
    }
    return effects
  }

  /** An answer. One of a former leader counts for nothing. */
  receive(from: PeerId, message: LockMessage): LockEffect[] {
    if (message.type === 'granted') return this.#granted(from, message)
    if (from !== this.#leader) return []
    if (message.type === 'denied') return this.#denied(message.request)
    if (message.type === 'lost') return this.#lost(message)
    if (message.type === 'reported' && message.round === this.#round) this.#dirty = false
    return []
  }

  #granted(from: PeerId, { name, request, token }: HeldLock): LockEffect[] {
    if (this.#held.get(request)?.token === token) return []
    if (from !== this.#leader || this.#waiting.get(request)?.name !== name) {
      this.#soil()
      return [{ type: 'send', to: from, message: { type: 'release', name, request } }]
    }
    this.#waiting.delete(request)
    this.#held.set(request, { name, request, token })
    return [{ type: 'granted', request, name, token }]
  }

  #denied(request: string): LockEffect[] {
    if (!this.#waiting.delete(request)) return []
    // a repeated request may still be granted
    this.#soil()
    return [{ type: 'denied', request }]
  }

  #lost({ name, token }: { readonly name: string; readonly token: string }): LockEffect[] {
    const lost = this.held().find((held) => held.name === name && held.token === token)
    if (!lost) return []
    this.#held.delete(lost.request)
    this.#soil()
    return [{ type: 'lost', request: lost.request }]
  }

  /** Something has ended, and what tells the leader so may be lost: the next report tells it too. The answer to an earlier one does not count. */
  #soil(): void {
    this.#dirty = true
    this.#round++
  }

  #tell(message: LockMessage): Extract<LockEffect, { type: 'send' }> {
    return { type: 'send', to: this.#leader, message }
  }
}
