/** Names of peers in rules. A name means the peer it meant first, whatever that peer is called later: ids win. */

import type { PeerInfo } from '../../plugin.js'
import type { KeyValue } from '../../services.js'
import type { PeerNames } from './subject.js'

/** What is needed of the daemon. */
export interface PeerPinsOptions {
  /** The trusted peer that an id, a prefix of one or a name stands for; may throw while peers are not known yet. */
  readonly find: (ref: string) => PeerInfo | undefined
  readonly store: KeyValue
  /** A name could not be written down: it is looked up again after a restart. */
  readonly failed: (error: unknown) => void
}

const prefix = 'pin/'

/** A name in the rules, and whom it means. */
export interface Pin {
  readonly ref: string
  readonly peer: string
  /** What the peer is called now. */
  readonly name: string
}

/** Looks names up once, and remembers the answer over restarts. */
export class PeerPins implements PeerNames {
  readonly #options: PeerPinsOptions
  readonly #pins = new Map<string, string>()

  constructor(options: PeerPinsOptions) {
    this.#options = options
  }

  /** Reads what earlier runs found out. */
  async load(): Promise<void> {
    for await (const [key, value] of this.#options.store.entries(prefix)) this.#pins.set(key.slice(prefix.length), Buffer.from(value).toString())
  }

  means(ref: string, peer: string): boolean {
    return ref === peer || this.#resolve(ref) === peer
  }

  nameOf(peer: string): string | undefined {
    return this.#find(peer)?.name
  }

  /**
   * Looks up all names of a rule set; call it once peers are known. Names that are in no rule any more are let go, and so
   * are those of peers that were forgotten.
   */
  settle(refs: Iterable<string>): { readonly unknown: readonly string[]; readonly renamed: readonly Pin[] } {
    const wanted = new Set(refs)
    for (const [ref, peer] of [...this.#pins]) if (!wanted.has(ref) || this.nameOf(peer) === undefined) this.#drop(ref)
    const unknown: string[] = []
    const renamed: Pin[] = []
    for (const ref of wanted) {
      const peer = this.#resolve(ref)
      const name = peer === undefined ? undefined : this.nameOf(peer)
      if (peer === undefined || name === undefined) unknown.push(ref)
      else if (!peer.startsWith(ref) && name.toLowerCase() !== ref.toLowerCase()) renamed.push({ ref, peer, name })
    }
    return { unknown, renamed }
  }

  #resolve(ref: string): string | undefined {
    const pinned = this.#pins.get(ref)
    if (pinned !== undefined) return pinned
    const found = this.#find(ref)
    if (!found) return undefined
    if (found.id !== ref) this.#keep(ref, found.id)
    return found.id
  }

  #find(ref: string): PeerInfo | undefined {
    try {
      return this.#options.find(ref)
    } catch {
      // while the daemon starts, peers are not known; an ambiguous prefix means nobody
      return undefined
    }
  }

  #keep(ref: string, peer: string): void {
    this.#pins.set(ref, peer)
    this.#options.store.set(prefix + ref, Buffer.from(peer)).catch(this.#options.failed)
  }

  #drop(ref: string): void {
    this.#pins.delete(ref)
    this.#options.store.delete(prefix + ref).catch(this.#options.failed)
  }
}
