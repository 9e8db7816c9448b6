/**
 * The tickets this node has out. They live in memory only: a secret on the disk would outlast its ten minutes in backups, and whoever restarts the
 * daemon can make a new ticket. A restart therefore voids them all.
 *
 * "One use" means one peer. The peer that used a ticket may do so again until it expires, because its side may have lost the last message of the
 * pairing and must not be left half paired.
 */

import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'
import { type PairKeys, pairKeys } from './pair-proof.js'
import { encodeTicket } from './ticket.js'

/** A ticket that is out, without its secret. */
export interface Invite {
  /** Names it here and, as bytes, on the wire: 16 hexadecimal digits. */
  readonly id: string
  /** Wall clock, ms since 1970. */
  readonly expires: number
  /** Wrong proofs left until it closes. */
  readonly triesLeft: number
  readonly usedBy?: PeerId
  /** Six digits that both screens show, once it was used. */
  readonly code?: string
}

/** What {@link Invites} needs. */
export interface InvitesOptions {
  readonly inviter: PeerId
  /** Wall clock, ms since 1970: for what the ticket says. */
  readonly now?: () => number
  /** Monotonic clock, ms: for when it really ends. */
  readonly clock?: () => number
}

/** Tickets that may be out, unused, at a time. */
export const maxInvites = 16

/** Wrong proofs that close a ticket, whoever made them. */
export const maxTries = 5

/** Tickets kept, used ones included. */
const maxKept = 256

const defaultTtl = 600_000
const maxTtl = 7 * 24 * 3_600_000

interface Entry {
  readonly keys: PairKeys
  readonly expires: number
  readonly deadline: number
  tries: number
  usedBy?: PeerId
  code?: string
}

/** Issues tickets and redeems them. Pure but for its two clocks: no timers, no sockets. */
export class Invites {
  /** How a pairing with a ticket counts. */
  readonly by = 'ticket'
  readonly #entries = new Map<string, Entry>()
  readonly #inviter: PeerId
  readonly #now: () => number
  readonly #clock: () => number

  constructor(options: InvitesOptions) {
    this.#inviter = options.inviter
    this.#now = options.now ?? Date.now
    this.#clock = options.clock ?? monotonic
  }

  /** Makes a ticket. `ttl`: ms until it ends, 1 s to 7 days, default 10 min. Throws `ERR_LIMIT` (16 are out), `ERR_REQUEST_INVALID`. */
  issue(options: { readonly addresses: readonly string[]; readonly ttl?: number }): Invite & { readonly ticket: string } {
    const ttl = options.ttl ?? defaultTtl
    if (!(ttl >= 1000 && ttl <= maxTtl)) throw new ShoalError('ERR_REQUEST_INVALID', `A ticket lasts 1 second to 7 days, not ${ttl} ms.`)
    if (this.open >= maxInvites) {
      throw new ShoalError('ERR_LIMIT', `${maxInvites} tickets are out already.`, { hint: 'Use one, revoke one, or wait until one expires.' })
    }
    this.#makeRoom()
    const secret = new Uint8Array(randomBytes(16))
    const keys = pairKeys(secret)
    const expires = Math.ceil((this.#now() + ttl) / 1000)
    const ticket = encodeTicket({ inviter: this.#inviter, addresses: options.addresses, secret, expires })
    const id = nameOf(keys.lookup)
    const entry = { keys, expires: expires * 1000, deadline: this.#clock() + ttl, tries: 0 }
    this.#entries.set(id, entry)
    return { ...view(id, entry), ticket }
  }

  /** Tickets that are out and unused: while there are none, strangers are served nothing. */
  get open(): number {
    return this.list().filter(({ usedBy }) => usedBy === undefined).length
  }

  /** The tickets that are out, and the used ones that have not expired. */
  list(): readonly Invite[] {
    const now = this.#clock()
    for (const [id, entry] of this.#entries) if (now >= entry.deadline) this.#entries.delete(id)
    return [...this.#entries].map(([id, entry]) => view(id, entry))
  }

  /** Voids a ticket; false when there is no such one. */
  revoke(id: string): boolean {
    return this.#entries.delete(id)
  }

  /** Voids all. */
  clear(): void {
    this.#entries.clear()
  }

  /** Keys of the ticket a joiner names; undefined when it is unknown, expired, closed, or used by another. For a pairing only. */
  keysFor(lookup: Uint8Array, joiner: PeerId): PairKeys | undefined {
    const entry = this.#live(lookup)
    return entry && (entry.usedBy === undefined || entry.usedBy === joiner) ? entry.keys : undefined
  }

  /** Takes the ticket for a joiner who proved the secret, and keeps the code of that pairing; false when another was faster, or it ended meanwhile. */
  redeem(lookup: Uint8Array, joiner: PeerId, code: string): boolean {
    const entry = this.#live(lookup)
    if (!entry || (entry.usedBy !== undefined && entry.usedBy !== joiner)) return false
    entry.usedBy = joiner
    entry.code = code
    return true
  }

  /** Counts a wrong proof; the fifth closes the ticket. */
  miss(lookup: Uint8Array): void {
    const entry = this.#live(lookup)
    if (!entry) return
    entry.tries++
    if (entry.tries >= maxTries) this.#entries.delete(nameOf(lookup))
  }

  /** The oldest used tickets give way. */
  #makeRoom(): void {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size < maxKept) return
      if (entry.usedBy !== undefined) this.#entries.delete(id)
    }
  }

  #live(lookup: Uint8Array): Entry | undefined {
    const entry = this.#entries.get(nameOf(lookup))
    return entry && this.#clock() < entry.deadline ? entry : undefined
  }
}

function nameOf(lookup: Uint8Array): string {
  return Buffer.from(lookup).toString('hex')
}

function view(id: string, { expires, tries, usedBy, code }: Entry): Invite {
  return { id, expires, triesLeft: maxTries - tries, ...(usedBy !== undefined && { usedBy }), ...(code !== undefined && { code }) }
}
