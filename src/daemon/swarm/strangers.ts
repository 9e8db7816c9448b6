/** Peers that are not trusted and yet connected, to pair: few, for a short time, each with one connection. */

import type { PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'

/** Limits on strangers. */
export interface StrangerLimits {
  /** Strangers at a time. */
  readonly max: number
  /** ms after which one is cut. */
  readonly time: number
  /** ms within which it must begin to pair: a peer that was forgotten and does not know it dials again and again. */
  readonly idle: number
  /** From one host, so that one host cannot take all places. Default: no limit but `max`. */
  readonly perHost?: number
}

/** What is cut. */
interface Cuttable {
  abort(reason: string): void
}

interface Guest {
  until: number
  readonly host: string
  /** It waits for a person, and its place is counted elsewhere. */
  waiting: boolean
  timer: NodeJS.Timeout
  wire: Cuttable | undefined
}

/** The strangers of one node: those let in while an invite is out, and those this node dials to join. */
export class Strangers {
  readonly #limits: StrangerLimits
  readonly #guests = new Map<PeerId, Guest>()
  readonly #joining = new Map<PeerId, number>()

  constructor(limits: StrangerLimits) {
    this.#limits = limits
  }

  /** Connections now, and admissions whose connection is not there yet. */
  get size(): number {
    return this.#guests.size
  }

  /** Reserves a place; false when there is none. A peer has one place. `host`: where it comes from. */
  admit(peer: PeerId, host = ''): boolean {
    const quick = [...this.#guests.values()].filter(({ waiting }) => !waiting)
    const same = host === '' ? 0 : quick.filter((guest) => guest.host === host).length
    if (this.#guests.has(peer) || quick.length >= this.#limits.max || same >= (this.#limits.perHost ?? this.#limits.max)) return false
    const { time, idle } = this.#limits
    this.#guests.set(peer, { until: monotonic() + time, host, waiting: false, timer: this.#expireIn(peer, idle), wire: undefined })
    return true
  }

  /** The stranger waits for a person: it may stay for `ms` from now, and takes no other's place. Who calls this bounds how many do. */
  stay(peer: PeerId, ms: number): void {
    const guest = this.#guests.get(peer)
    if (!guest) return
    guest.until = monotonic() + ms
    guest.waiting = true
    this.busy(peer)
  }

  /** The stranger pairs: it may stay for its full time. */
  busy(peer: PeerId): void {
    const guest = this.#guests.get(peer)
    if (!guest) return
    clearTimeout(guest.timer)
    guest.timer = this.#expireIn(peer, guest.until - monotonic())
  }

  /** The connection of an admitted stranger is there; false when it has no place. */
  seat(peer: PeerId, wire: Cuttable): boolean {
    const guest = this.#guests.get(peer)
    if (!guest || guest.wire) return false
    guest.wire = wire
    return true
  }

  /** The stranger left, or is trusted now. Only the connection that has the place can give it up. */
  leave(peer: PeerId, wire?: Cuttable): void {
    const guest = this.#guests.get(peer)
    if (!guest || (wire && guest.wire !== wire)) return
    clearTimeout(guest.timer)
    this.#guests.delete(peer)
  }

  /** This node wants to pair with the peer and may dial it; call the result when that is over. */
  join(peer: PeerId): () => void {
    this.#joining.set(peer, (this.#joining.get(peer) ?? 0) + 1)
    let over = false
    return () => {
      if (over) return
      over = true
      const count = (this.#joining.get(peer) ?? 1) - 1
      if (count > 0) this.#joining.set(peer, count)
      else this.#joining.delete(peer)
    }
  }

  /** Is this node pairing with the peer by dialling it? */
  joining(peer: PeerId): boolean {
    return this.#joining.has(peer)
  }

  /** Forgets all, cuts nothing: the connections are being closed by the caller. */
  clear(): void {
    for (const { timer } of this.#guests.values()) clearTimeout(timer)
    this.#guests.clear()
    this.#joining.clear()
  }

  #expireIn(peer: PeerId, ms: number): NodeJS.Timeout {
    const timer = setTimeout(() => this.#expire(peer), ms)
    return timer.unref()
  }

  #expire(peer: PeerId): void {
    const guest = this.#guests.get(peer)
    this.#guests.delete(peer)
    guest?.wire?.abort('a stranger has only a few seconds')
  }
}
