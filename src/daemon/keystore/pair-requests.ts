/** Pairings by short code that wait for persons: each shows a code and takes one decision. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { nameKey } from './peer-name.js'

/** A pairing that waits for the person of this side, of the other side, or of both. */
export interface PairRequest {
  readonly peer: PeerId
  /** As it calls itself. */
  readonly name: string
  /** Where it is: a multiaddr. */
  readonly address: string
  readonly code: string
  /** Did this node ask? */
  readonly asked: boolean
  /** Wall clock, ms since 1970: when it ends by itself. */
  readonly expires: number
  readonly acceptedHere: boolean
  readonly acceptedThere: boolean
}

/** What came of one. */
export type PairOutcome = { readonly type: 'paired' } | { readonly type: 'failed'; readonly error: ShoalError }

/** The end of the attempt that waits. */
export interface Comparison {
  /** Resolves with what the person of this side says; never rejects. */
  readonly decision: Promise<boolean>
  /** The person of the far end accepted. */
  acceptedThere(): void
  /** The attempt is over. */
  end(outcome: PairOutcome): void
}

/** ms for the persons to compare and to accept. */
export const compareTime = 120_000

/** Others that may wait at a time: in all, and from one host. */
const maxWaiting = 4
const maxPerHost = 2

/** This node's own that may wait at a time. */
const maxOwn = 4

interface Entry {
  request: PairRequest
  readonly decide: (accepted: boolean) => void
  readonly settled: Promise<PairOutcome>
}

/** The requests of one node. */
export class PairRequests {
  readonly #entries = new Map<PeerId, Entry>()

  /**
   * Takes one in. Throws `ERR_LIMIT` when too many wait, in all or from that host, or when that peer waits already.
   */
  add(fields: Pick<PairRequest, 'peer' | 'name' | 'address' | 'code' | 'asked'>): Comparison {
    const { peer, asked, address } = fields
    const waiting = [...this.#entries.values()].filter(({ request }) => request.asked === asked)
    const sameHost = waiting.filter(({ request }) => hostOf(request.address) === hostOf(address)).length
    const full = waiting.length >= (asked ? maxOwn : maxWaiting) || (!asked && sameHost >= maxPerHost)
    if (full || this.#entries.has(peer)) {
      throw new ShoalError('ERR_LIMIT', 'Too many pairings wait for a person.', { hint: 'Accept or reject one: shoal peers requests.' })
    }
    const decision = Promise.withResolvers<boolean>()
    const outcome = Promise.withResolvers<PairOutcome>()
    const request = { ...fields, expires: Date.now() + compareTime, acceptedHere: false, acceptedThere: false }
    const entry: Entry = { request, decide: decision.resolve, settled: outcome.promise }
    this.#entries.set(peer, entry)
    return {
      decision: decision.promise,
      acceptedThere: () => {
        entry.request = { ...entry.request, acceptedThere: true }
      },
      end: (result) => {
        if (this.#entries.get(peer) === entry) this.#entries.delete(peer)
        outcome.resolve(result)
      },
    }
  }

  /** Those that wait, the oldest first. */
  list(): readonly PairRequest[] {
    return [...this.#entries.values()].map(({ request }) => request)
  }

  /**
   * The person of this side saw the same code on both screens. `code`: what the other screen shows, where it was given; it must be the same.
   * Resolves with what comes of it. Throws `ERR_NOT_FOUND`, `ERR_PEER_AMBIGUOUS`, `ERR_PAIRING_REJECTED` (another code: the pairing is ended).
   */
  accept(peer: string, code?: string): { readonly peer: PeerId; readonly settled: Promise<PairOutcome> } {
    const entry = this.#find(peer)
    if (code !== undefined && code.replace(/\D/g, '') !== entry.request.code) {
      entry.decide(false)
      throw new ShoalError('ERR_PAIRING_REJECTED', `This node shows another code for ${entry.request.name}: the pairing was ended.`, {
        hint: 'Somebody may stand between the two nodes. Use a ticket: shoal invite.',
      })
    }
    entry.request = { ...entry.request, acceptedHere: true }
    entry.decide(true)
    return { peer: entry.request.peer, settled: entry.settled }
  }

  /** The codes differ, or nobody wants this. Throws `ERR_NOT_FOUND`, `ERR_PEER_AMBIGUOUS`. */
  reject(peer: string): PairRequest {
    const entry = this.#find(peer)
    entry.decide(false)
    return entry.request
  }

  /** By id, its beginning of at least 8 characters, or name. */
  #find(text: string): Entry {
    const wanted = text.normalize('NFC').trim()
    const exact = this.#entries.get(wanted)
    if (exact) return exact
    const found = [...this.#entries.values()].filter(
      ({ request }) => nameKey(request.name) === nameKey(wanted) || (wanted.length >= 8 && request.peer.startsWith(wanted)),
    )
    const [entry] = found
    if (!entry) throw new ShoalError('ERR_NOT_FOUND', `No pairing with ${JSON.stringify(wanted.slice(0, 100))} waits.`, { hint: 'See shoal peers requests.' })
    if (found.length > 1) throw new ShoalError('ERR_PEER_AMBIGUOUS', `${found.length} nodes that call themselves so want to pair.`)
    return entry
  }
}

function hostOf(address: string): string {
  return address.split('/')[2] ?? ''
}
