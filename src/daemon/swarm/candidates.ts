/** Nodes heard of on the LAN. Anybody can forge them, so they only propose: few are kept, and their addresses are judged. */

import type { PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'
import { isLoopback, readAddresses, type Subnets } from './addresses.js'
import type { Announcement } from './announcement.js'

/** A node that was heard of. */
export interface Candidate {
  readonly peer: PeerId
  /** Multiaddrs without the peer id, the latest first. */
  readonly addresses: readonly string[]
  /** As it calls itself; for people only. */
  readonly name?: string
  /** When it was last heard, wall clock ms. */
  readonly seen: number
  /** The IP address that told of it last. */
  readonly source: string
  /** It says that it takes requests to pair. */
  readonly open?: true
  /** It says that it has a cluster secret. */
  readonly tagged?: true
}

/** Limits of {@link Candidates}. */
export interface CandidateLimits {
  /** Unknown candidates in all; the one not heard for longest goes. */
  readonly max: number
  /** Unknown candidates from one source. */
  readonly perSource: number
  /** Sources remembered for one trusted peer. */
  readonly sourcesPerKnown: number
  /** ms of silence after which one is dropped. */
  readonly expiry: number
  /** ms of silence after which hearing of one again is news. */
  readonly quiet: number
}

/** The limits unless told otherwise. */
export const candidateLimits: CandidateLimits = { max: 256, perSource: 16, sourcesPerKnown: 4, expiry: 120_000, quiet: 15_000 }

/** Where the table gets its facts. */
export interface CandidateOptions {
  /** Trusted peers are never pushed out by others. */
  isKnown(peer: PeerId): boolean
  /** The networks this host is in now. */
  subnets(): Subnets
  readonly limits?: Partial<CandidateLimits>
  /** Monotonic ms. */
  readonly now?: () => number
}

interface Entry {
  readonly peer: PeerId
  readonly source: string
  readonly addresses: readonly string[]
  readonly name: string | undefined
  readonly open: boolean
  readonly tagged: boolean
  readonly heard: number
  readonly seen: number
}

/** The table: one entry for each peer and source, so that a forged source cannot replace what an honest one says. */
export class Candidates {
  readonly #options: CandidateOptions
  readonly #limits: CandidateLimits
  readonly #now: () => number
  /** The least recently heard first. */
  readonly #entries = new Map<string, Entry>()

  constructor(options: CandidateOptions) {
    this.#options = options
    this.#limits = { ...candidateLimits, ...options.limits }
    this.#now = options.now ?? monotonic
  }

  /** Peers in the table. */
  get size(): number {
    return new Set([...this.#entries.values()].map(({ peer }) => peer)).size
  }

  /** Takes in an announcement from an IP address; says whether it is news. */
  take(announcement: Announcement, source: string): 'seen' | 'updated' | undefined {
    const { peer, name } = announcement
    const key = `${peer} ${source}`
    const before = this.#entries.get(key)
    if (announcement.gone) {
      this.#entries.delete(key)
      return undefined
    }
    const addresses = judgeAddresses(announcement.addresses, source, this.#options.subnets())
    if (addresses.length === 0) return undefined
    this.expire()
    const others = before ? [] : this.#of(peer)
    this.#entries.delete(key)
    const flags = { open: announcement.open === true, tagged: announcement.tag !== undefined }
    this.#entries.set(key, { peer, source, addresses, name, ...flags, heard: this.#now(), seen: Date.now() })
    this.#evict(peer, source)
    if (!before && others.length === 0) return 'seen'
    const changed = !before || before.addresses.join() !== addresses.join() || before.name !== name
    return changed || this.#now() - before.heard > this.#limits.quiet ? 'updated' : undefined
  }

  /** All candidates, the latest first. */
  list(): Candidate[] {
    this.expire()
    const peers = new Map<PeerId, Entry[]>()
    for (const entry of [...this.#entries.values()].reverse()) {
      const entries = peers.get(entry.peer)
      if (entries) entries.push(entry)
      else peers.set(entry.peer, [entry])
    }
    return [...peers.values()].flatMap((entries) => candidateOf(entries) ?? [])
  }

  /** One candidate. */
  get(peer: PeerId): Candidate | undefined {
    return candidateOf(this.#of(peer))
  }

  /** What is said of a peer's addresses, the latest first. */
  addressesOf(peer: PeerId): readonly string[] {
    return this.get(peer)?.addresses ?? []
  }

  /** Drops those that have been silent for too long. */
  expire(): void {
    for (const [key, { heard }] of this.#entries) {
      if (this.#now() - heard <= this.#limits.expiry) return
      this.#entries.delete(key)
    }
  }

  #of(peer: PeerId): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.peer === peer).reverse()
  }

  #evict(peer: PeerId, source: string): void {
    if (this.#options.isKnown(peer)) {
      this.#trim((entry) => entry.peer === peer, this.#limits.sourcesPerKnown)
      return
    }
    this.#trim((entry) => entry.source === source && !this.#options.isKnown(entry.peer), this.#limits.perSource)
    if (this.#entries.size > this.#limits.max) this.#trim((entry) => !this.#options.isKnown(entry.peer), this.#limits.max)
  }

  #trim(matches: (entry: Entry) => boolean, limit: number): void {
    const found = [...this.#entries].filter(([, entry]) => matches(entry))
    for (const [key] of found.slice(0, Math.max(0, found.length - limit))) this.#entries.delete(key)
  }
}

/** What the entries of one peer, the latest first, say together. */
function candidateOf(entries: readonly Entry[]): Candidate | undefined {
  const [latest] = entries
  if (!latest) return undefined
  const { peer, seen, source, name, open, tagged } = latest
  const addresses = [...new Set(entries.flatMap((entry) => entry.addresses))]
  return { peer, seen, source, addresses, ...(name !== undefined && { name }), ...(open && { open }), ...(tagged && { tagged }) }
}

/**
 * The addresses of an announcement that make sense: IP addresses in a network this host is in, or the sender's own; loopback
 * only from this host itself. So nobody can send us dialling elsewhere.
 */
export function judgeAddresses(addresses: readonly string[], source: string, subnets: Subnets): string[] {
  const local = isLoopback(source) || subnets.isOwn(source)
  const good = readAddresses(addresses).filter(({ host, family, peer }) => {
    if (family === 0 || peer !== undefined) return false
    if (isLoopback(host)) return local
    return host === source || subnets.contains(host)
  })
  return [...new Set(good.map(({ text }) => text))]
}
