/** Which copies of a stream a pull may try, in which order. */

import type { PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'
import type { ShoalTarget } from './shoal-url.js'
import type { Copy, PublicationId } from './stream-messages.js'

/** A copy as the directory knows it. */
export interface LocatedCopy {
  readonly peer: PeerId
  /** Where the stream comes from; absent = not known. */
  readonly origin?: PeerId
}

/** Where copies are looked up. */
export interface CopyPorts {
  readonly linked: (peer: PeerId) => boolean
  /** A trusted peer by id, unique prefix or unique name. May throw `ERR_PEER_AMBIGUOUS`. */
  readonly findPeer: (ref: string) => PeerId | undefined
  /** Peers that announce a path, nearest copy first. */
  readonly locate: (path: string) => readonly LocatedCopy[]
  readonly blame: Blame
}

/** ms for which a relay that passed on false frames of a stream is not asked for it. */
const blameTime = 300_000

/** Entries kept; the oldest goes first. */
const maxBlames = 1024

/** Copies named by refusals that are remembered. */
const maxHints = 32

/** Relays that passed on false frames, for each stream. */
export class Blame {
  readonly #until = new Map<string, number>()

  add({ peer, path }: Copy): void {
    const key = `${peer} ${path}`
    this.#until.delete(key)
    this.#until.set(key, monotonic() + blameTime)
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= maxBlames) break
      this.#until.delete(oldest)
    }
  }

  has({ peer, path }: Copy): boolean {
    return monotonic() < (this.#until.get(`${peer} ${path}`) ?? 0)
  }
}

/** The copies of one pull. The directory is asked anew each time: it is at hand, and what it says is fresh. */
export class Copies {
  readonly #target: ShoalTarget
  readonly #ports: CopyPorts
  /** From refusals, the newest first. */
  #hints: Copy[] = []

  constructor(target: ShoalTarget, ports: CopyPorts) {
    this.#target = target
    this.#ports = ports
  }

  /** The peer that the URL names. */
  get named(): PeerId | undefined {
    const { peer } = this.#target
    return peer === undefined ? undefined : this.#ports.findPeer(peer)
  }

  /** A peer that may not serve one more named others. */
  hint(copies: readonly Copy[]): void {
    const peers = new Set(copies.map(({ peer }) => peer))
    this.#hints = [...copies, ...this.#hints.filter(({ peer }) => !peers.has(peer))].slice(0, maxHints)
  }

  /**
   * The next copy to try, of linked peers that were not tried yet: the named peer, or the nearest copies; those that a refusal
   * named; copies of what is known to be the same publication.
   */
  next(tried: ReadonlySet<PeerId>, known: PublicationId | undefined): Copy | undefined {
    const { linked, blame } = this.#ports
    return this.#list(tried, known).find((copy) => !tried.has(copy.peer) && linked(copy.peer) && !blame.has(copy))
  }

  #list(tried: ReadonlySet<PeerId>, known: PublicationId | undefined): Copy[] {
    const { path } = this.#target
    const { named } = this
    const here = named === undefined ? this.#nearest(path, known) : this.#located(path, known?.origin ?? named)
    const elsewhere = known && known.path !== path ? this.#located(known.path, known.origin) : []
    const first = named === undefined ? [] : [{ peer: named, path }]
    // a refusal was the last word of the nearest copy: those it named come before the rest
    const refused = tried.size > 0
    return refused ? [...first, ...this.#hints, ...here, ...elsewhere] : [...first, ...here, ...this.#hints, ...elsewhere]
  }

  /** Copies of a path; those that are likely to go on where the last one ended come first. */
  #nearest(path: string, known: PublicationId | undefined): Copy[] {
    const all = this.#located(path, undefined)
    if (!known) return all
    const same = new Set(this.#located(path, known.origin).map(({ peer }) => peer))
    return [...all.filter(({ peer }) => same.has(peer)), ...all.filter(({ peer }) => !same.has(peer))]
  }

  /** Copies of a path; where `origin` is given, those that are known to come from it. */
  #located(path: string, origin: PeerId | undefined): Copy[] {
    const copies = this.#ports.locate(path).filter((copy) => origin === undefined || copy.origin === origin)
    return copies.map(({ peer }) => ({ peer, path }))
  }
}
