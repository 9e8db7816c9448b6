/**
 * The trusted peers and the forgotten ones. All of it is in memory; each change is on the disk before its promise resolves. Changes happen one after
 * the other in the order of the calls. One record a peer id: trusting, forgetting and trusting again replace each other in place.
 */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerEvent, PeerId } from '../../plugin.js'
import type { KeyValue } from '../../services.js'
import { Gathering } from '../util/gathering.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { monotonic } from '../util/wait.js'
import {
  type Confirmation,
  checkLiftable,
  decidedStanding,
  type ForgetDecision,
  type IntroducedPeer,
  joinConfirmations,
  type NewPeer,
  rowStanding,
  tombstoneStanding,
} from './decision.js'
import type { Identity } from './identity.js'
import { isPeerId } from './peer-id.js'
import { checkName, closestName, fitName, nameKey, uniqueName } from './peer-name.js'
import { decodePeerRecord, encodePeerRecord, mergeAddresses, type PeerRow } from './peer-row.js'
import { signTombstone, type Tombstone } from './tombstone.js'
import { claimRank, nextVersion } from './trust-claim.js'
import type { Standing } from './trust-ledger.js'

/** What a peer book needs. */
export interface PeerBookOptions {
  /** Signs the tombstones; its own id can never be trusted. */
  readonly identity: Identity
  readonly log: Logger
  /** Is this id refused for ever? Default: none is. */
  readonly isBlocked?: (peer: PeerId) => boolean
  /** Wall clock, ms since 1970. */
  readonly now?: () => number
  /** Monotonic clock, ms. */
  readonly clock?: () => number
}

/** Trusted peers at a time; one more is `ERR_LIMIT`. */
const maxPeers = 1000

/** Peers whose highest version is remembered beside rows and tombstones. */
const maxVersions = 4096

/** ms between writes of when a peer was last seen. */
const touchInterval = 60_000

/** The book. Make one with {@link PeerBook.open}. */
export class PeerBook {
  readonly #rows = new Map<PeerId, PeerRow>()
  readonly #tombstones = new Map<PeerId, Tombstone>()
  /** Name key → peer. */
  readonly #names = new Map<string, PeerId>()
  /** No longer trusted, while the tombstone is on its way to the disk. */
  readonly #leaving = new Map<PeerId, Standing>()
  /** Highest version members have used, where it is above the own one. */
  readonly #versions = new Map<PeerId, number>()
  readonly #watchers = new Set<(peer: PeerId, standing: Standing | undefined) => void>()
  /** In memory newer than on the disk, to be written now. */
  readonly #unsaved = new Set<PeerId>()
  /** Only last seen is newer; it can wait. */
  readonly #stale = new Set<PeerId>()
  readonly #saved = new Map<PeerId, number>()
  readonly #moves = new Gathering<readonly string[]>(this.#inOrder.bind(this), (id, addresses) => this.#move(id, addresses))
  readonly #raises = new Gathering<Confirmation>(this.#inOrder.bind(this), (id, confirmation) => this.#raise(id, confirmation))
  readonly #events = new Broadcast<PeerEvent>((missed) => ({ type: 'lagged', missed, time: this.#now() }))
  readonly #failures = new Throttle(60_000)
  readonly #store: KeyValue
  readonly #options: PeerBookOptions
  readonly #now: () => number
  readonly #clock: () => number
  #sequence = 0
  #last: Promise<unknown> = Promise.resolve()
  #sweeping = false

  private constructor(store: KeyValue, options: PeerBookOptions) {
    this.#store = store
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#clock = options.clock ?? monotonic
  }

  /** Loads the book from its name space of the store. Rejects with `ERR_STORE_DAMAGED` when a record or a signature is wrong. */
  static async open(store: KeyValue, options: PeerBookOptions): Promise<PeerBook> {
    const book = new PeerBook(store, options)
    for await (const [id, bytes] of store.entries()) {
      const record = decodePeerRecord(id, bytes)
      if ('row' in record) book.#keep(record.row)
      else book.#tombstones.set(id, record.tombstone)
      book.#sequence = Math.max(book.#sequence, ('row' in record ? record.row : record.tombstone).sequence)
    }
    return book
  }

  /** The trusted peers, by name. */
  list(): readonly PeerRow[] {
    return [...this.#rows.values()].filter(({ id }) => !this.#leaving.has(id)).sort((a, b) => (nameKey(a.name) < nameKey(b.name) ? -1 : 1))
  }

  /** The forgotten peers. */
  tombstones(): readonly Tombstone[] {
    return [...this.#tombstones.values()]
  }

  /** A trusted peer by its full id. */
  get(id: PeerId): PeerRow | undefined {
    return this.#leaving.has(id) ? undefined : this.#rows.get(id)
  }

  /** The one question the network asks. */
  isTrusted(id: PeerId): boolean {
    return this.get(id) !== undefined
  }

  /** Is the id refused for ever? */
  isBlocked(id: PeerId): boolean {
    return this.#options.isBlocked?.(id) === true
  }

  /** Was it forgotten, and not trusted since? */
  isForgotten(id: PeerId): boolean {
    return this.#leaving.has(id) || this.#tombstones.has(id)
  }

  /** What is decided about a peer; undefined = nothing is known of it. */
  standing(id: PeerId): Standing | undefined {
    const leaving = this.#leaving.get(id)
    if (leaving) return leaving
    const row = this.#rows.get(id)
    const tombstone = this.#tombstones.get(id)
    return row ? rowStanding(row) : tombstone && tombstoneStanding(tombstone)
  }

  /** What is decided about everybody. */
  standings(): readonly (readonly [PeerId, Standing])[] {
    const ids = new Set([...this.#rows.keys(), ...this.#tombstones.keys()])
    return [...ids].flatMap((id) => {
      const standing = this.standing(id)
      return standing ? [[id, standing] as const] : []
    })
  }

  /** Calls `watcher` in the same turn in which a standing changes. It must not throw. Returns the undo. */
  watch(watcher: (peer: PeerId, standing: Standing | undefined) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** A version of decisions about a peer that a member uses: the next one here will be higher. */
  noteVersion(id: PeerId, version: number): void {
    if (version <= this.#highest(id)) return
    this.#versions.delete(id)
    this.#versions.set(id, version)
    const [oldest] = this.#versions.keys()
    if (oldest !== undefined && this.#versions.size > maxVersions) this.#versions.delete(oldest)
  }

  /** Name and addresses of a peer that is trusted, being forgotten or forgotten; a tombstone has no addresses. */
  described(id: PeerId): { readonly name: string; readonly addresses: readonly string[] } | undefined {
    const row = this.#rows.get(id)
    const tombstone = this.#tombstones.get(id)
    return row ?? (tombstone && { name: tombstone.name, addresses: [] })
  }

  /** A tombstone by full id, unique prefix of at least 8 characters, or the display name the peer had; undefined where none or several match. */
  findForgotten(peer: string): Tombstone | undefined {
    const text = peer.normalize('NFC').trim()
    const fits = ({ id, name }: Tombstone): boolean => nameKey(name) === nameKey(text) || (text.length >= 8 && id.startsWith(text))
    const matches = this.tombstones().filter(fits)
    return this.#tombstones.get(text) ?? (matches.length === 1 ? matches[0] : undefined)
  }

  /**
   * A trusted peer by full id, unique prefix of at least 8 characters, or display name.
   * @throws `ERR_PEER_UNKNOWN` (the hint names what may have been meant), `ERR_PEER_AMBIGUOUS`
   */
  find(peer: string): PeerRow {
    const text = peer.normalize('NFC').trim()
    const row = this.get(text) ?? this.get(this.#names.get(nameKey(text)) ?? '')
    if (row) return row
    const matches = text.length < 8 ? [] : this.list().filter(({ id }) => id.startsWith(text))
    const [match] = matches
    if (!match) throw this.#unknown(text)
    if (matches.length === 1) return match
    const names = matches.slice(0, 5).map(({ id, name }) => `${name} (${id.slice(0, 16)}…)`)
    throw new ShoalError('ERR_PEER_AMBIGUOUS', `${matches.length} peers match ${text}: ${names.join(', ')}${matches.length > 5 ? ' …' : ''}.`)
  }

  /** Events `trusted`, `forgotten`, `renamed`, and those given to {@link announce}. */
  events(options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<PeerEvent> {
    return this.#events.listen(options.signal)
  }

  /** Passes on what the network saw of a peer, so that there is one channel for all peer events. A trusted peer goes by its display name. */
  announce(type: 'seen' | 'connected' | 'disconnected' | 'copied' | 'asks', peer: PeerId, name = peer): void {
    this.#emit(type, peer, this.get(peer)?.name ?? name)
  }

  /**
   * Trusts a peer this node has paired with, lifting its tombstone. One that is trusted keeps its name and gains the addresses. Rejects with `ERR_LIMIT`,
   * `ERR_REQUEST_INVALID`, `ERR_PEER_BLOCKED`, `ERR_PEER_FORGOTTEN` (a secret in the configuration lifts no tombstone, and nothing one of the last version)
   * and the codes of the store.
   */
  trust(peer: NewPeer): Promise<PeerRow> {
    return this.#inOrder(async () => {
      this.#checkNew(peer.id)
      const bySecret = peer.trustedBy === 'secret'
      checkLiftable(peer.id, this.standing(peer.id), bySecret)
      const known = this.#rows.get(peer.id)
      // nobody decided anything when a secret was known: it is no answer to a forget that has not come here yet
      const version = bySecret ? Math.max(known?.version ?? 0, 1) : nextVersion(this.#highest(peer.id))
      return await this.#add({ ...peer, version, vouched: true })
    })
  }

  /**
   * Trusts a peer on a member's word. Undefined: it is trusted already, or something of a higher version stands, and nothing was done. Rejects as
   * {@link trust}.
   */
  introduce(peer: IntroducedPeer): Promise<PeerRow | undefined> {
    return this.#inOrder(async () => {
      const standing = this.standing(peer.id)
      if (standing && (standing.kind === 'trusted' || standing.here || claimRank(standing) >= claimRank({ kind: 'introduced', version: peer.version })))
        return undefined
      this.#checkNew(peer.id)
      return await this.#add({ ...peer, trustedBy: 'introduction' })
    })
  }

  /** Gives a trusted peer another display name. Rejects with `ERR_REQUEST_INVALID`, `ERR_NAME_TAKEN`, the codes of {@link find} and of the store. */
  async rename(peer: string, name: string): Promise<PeerRow> {
    const wanted = checkName(name)
    const { id } = this.find(peer)
    return this.#inOrder(async () => {
      const row = this.#trusted(id)
      const holder = this.#names.get(nameKey(wanted))
      if (holder !== undefined && holder !== id) throw new ShoalError('ERR_NAME_TAKEN', `Another peer is called ${wanted}: ${holder}.`)
      if (row.name === wanted) return row
      const renamed = { ...row, name: wanted }
      await this.#write(renamed)
      this.#emit('renamed', id, wanted)
      return renamed
    })
  }

  /** Puts addresses of a peer before those known, up to 16. Nothing is written where nothing changes, nor for a peer that is not trusted. */
  setAddresses(id: PeerId, addresses: readonly string[]): Promise<void> {
    return this.#moves.add(id, (earlier = []) => mergeAddresses(addresses, earlier))
  }

  /** Notes that a peer is there now. Cheap: written at most once a minute for each peer, or with `flush` (at a disconnect) soon. Never throws. */
  touch(id: PeerId, options: { readonly flush?: boolean } = {}): void {
    const row = this.get(id)
    if (!row) return
    this.#keep({ ...row, lastSeen: this.#now() })
    this.#stale.add(id)
    if (!options.flush && this.#clock() - (this.#saved.get(id) ?? Number.NEGATIVE_INFINITY) < touchInterval) return
    this.#unsaved.add(id)
    this.#sweep()
  }

  /**
   * Replaces a row by a signed tombstone. The peer is untrusted from this moment, also when the promise rejects because the disk took no write; the
   * write is then tried again with the next one. A peer that is forgotten already: its tombstone. Rejects with `ERR_PEER_UNKNOWN`, `ERR_ABORTED` (it was
   * paired anew meanwhile) and the codes of the store.
   */
  tombstone(id: PeerId, decision: ForgetDecision = { here: true }): Promise<Tombstone> {
    const row = this.get(id)
    if (row) {
      this.#leaving.set(id, decidedStanding(decision, this.#highest(id)))
      this.#emit('forgotten', id, row.name)
      this.#changed(id)
    }
    return this.#inOrder(async () => {
      const earlier = this.#tombstones.get(id)
      if (!row) {
        if (earlier) return earlier
        throw this.#unknown(id)
      }
      return await this.#replace(id, row.name)
    })
  }

  /** Keeps a tombstone of a peer that a member has forgotten and that was never trusted here. Rejects with the codes of the store. */
  bury(id: PeerId, name: string, decision: { readonly version: number; readonly source: PeerId }): Promise<void> {
    return this.#inOrder(async () => {
      if (this.standing(id) || !isPeerId(id) || id === this.#options.identity.id) return
      await this.#lay(id, fitName(name, id), { kind: 'forgotten', here: false, vouched: false, ...decision })
    })
  }

  /** Raises the version of what stands, or has this node vouch for it. Does nothing where that changes nothing. Rejects with the codes of the store. */
  confirm(id: PeerId, changes: Partial<Confirmation>): Promise<void> {
    return this.#raises.add(id, (earlier) => joinConfirmations(changes, earlier))
  }

  /** Makes a tombstone that was for here alone count in the cluster. Rejects with `ERR_PEER_UNKNOWN` and the codes of the store. */
  spread(id: PeerId): Promise<Tombstone> {
    return this.#inOrder(async () => {
      const tombstone = this.#tombstones.get(id)
      if (!tombstone) throw this.#unknown(id)
      return await this.#lay(id, tombstone.name, { kind: 'forgotten', version: nextVersion(this.#highest(id)), here: false, vouched: true })
    })
  }

  /** Removes every trace of a peer, its tombstone too: to this node it is then a stranger like any other. Forgetting is {@link tombstone}. */
  erase(id: PeerId): Promise<void> {
    return this.#inOrder(async () => {
      await this.#store.delete(id)
      this.#drop(id)
      this.#tombstones.delete(id)
      this.#unsaved.delete(id)
      this.#changed(id)
    })
  }

  /** Writes what is only in memory. Rejects with the codes of the store. */
  flush(): Promise<void> {
    return this.#inOrder(() => this.#saveAll())
  }

  /** Ends the events and writes what is left; a failure of that is logged. */
  async close(): Promise<void> {
    this.#events.close()
    for (const id of this.#stale) this.#unsaved.add(id)
    await this.flush().catch((err: unknown) => this.#options.log.warn('peers could not be saved', { err }))
  }

  #checkNew(id: PeerId): void {
    if (!isPeerId(id) || id === this.#options.identity.id) {
      throw new ShoalError('ERR_REQUEST_INVALID', `${id} cannot be trusted: it is ${isPeerId(id) ? 'this node itself' : 'no peer id'}.`)
    }
    if (this.isBlocked(id)) throw new ShoalError('ERR_PEER_BLOCKED', `${id} is blocked here.`, { hint: `Lift it: shoal peers unblock ${id}` })
    if (!this.#rows.has(id) && this.#rows.size >= maxPeers) throw new ShoalError('ERR_LIMIT', `There are ${maxPeers} trusted peers already.`)
  }

  async #add(peer: Omit<NewPeer, 'trustedBy'> & Pick<PeerRow, 'trustedBy' | 'version' | 'vouched' | 'introducedBy'>): Promise<PeerRow> {
    const known = this.#rows.get(peer.id)
    const now = this.#now()
    const row: PeerRow = {
      id: peer.id,
      name: known?.name ?? uniqueName(fitName(peer.name, peer.id), (key) => this.#names.has(key)),
      addresses: mergeAddresses(peer.addresses, known?.addresses ?? []),
      trustedSince: known?.trustedSince ?? now,
      lastSeen: now,
      trustedBy: peer.trustedBy,
      sequence: ++this.#sequence,
      version: peer.version,
      vouched: peer.vouched,
      ...(peer.introducedBy !== undefined && { introducedBy: peer.introducedBy }),
    }
    await this.#write(row)
    this.#tombstones.delete(row.id)
    if (!known) this.#emit('trusted', row.id, row.name)
    this.#changed(row.id)
    return row
  }

  /** The row gives way to the tombstone that was decided when the peer began to leave. */
  async #replace(id: PeerId, lastName: string): Promise<Tombstone> {
    const row = this.#rows.get(id)
    const standing = this.#leaving.get(id)
    const earlier = this.#tombstones.get(id)
    if (!standing) {
      if (earlier) return earlier
      throw this.#unknown(id)
    }
    const newer = row !== undefined && row.version > standing.version
    if (newer && standing.source !== undefined) {
      this.#leaving.delete(id)
      this.#changed(id)
      throw new ShoalError('ERR_ABORTED', `${row.name} was paired anew while it was being forgotten.`)
    }
    // who forgets a peer here means also the pairing that was under way
    return await this.#lay(id, row?.name ?? lastName, newer ? { ...standing, version: standing.here ? row.version : nextVersion(row.version) } : standing)
  }

  /** A tombstone in the place of whatever stood there. It counts at once; a failed write is tried again with the next one. */
  async #lay(id: PeerId, name: string, { version, here, vouched, source }: Standing): Promise<Tombstone> {
    const fields = { id, name, time: this.#now(), sequence: ++this.#sequence, version, here, vouched, ...(source !== undefined && { source }) }
    const tombstone = await signTombstone(fields, this.#options.identity)
    this.#drop(id)
    this.#tombstones.set(id, tombstone)
    this.#leaving.delete(id)
    this.#unsaved.add(id)
    this.#changed(id)
    await this.#saveAll()
    return tombstone
  }

  /** The highest version of decisions about a peer that is known. */
  #highest(id: PeerId): number {
    return Math.max(this.standing(id)?.version ?? 0, this.#versions.get(id) ?? 0)
  }

  #changed(id: PeerId): void {
    const standing = this.standing(id)
    for (const watcher of this.#watchers) watcher(id, standing)
  }

  #trusted(id: PeerId): PeerRow {
    const row = this.get(id)
    if (!row) throw this.#unknown(id)
    return row
  }

  #unknown(text: string): ShoalError {
    const wasForgotten = [...this.#tombstones.values()].some(({ id, name }) => id === text || nameKey(name) === nameKey(text))
    const close = closestName(
      text,
      [...this.#rows.values()].map(({ name }) => name),
    )
    const hint = wasForgotten ? 'It was forgotten. Pair anew: shoal invite and shoal join.' : close && `Did you mean ${close}? See shoal peers.`
    return new ShoalError('ERR_PEER_UNKNOWN', `No trusted peer is called ${JSON.stringify(text.slice(0, 100))}.`, hint === undefined ? {} : { hint })
  }

  #emit(type: Exclude<PeerEvent['type'], 'lagged'>, peer: PeerId, name: string): void {
    this.#events.emit({ type, peer, name, time: this.#now() })
  }

  async #move(id: PeerId, addresses: readonly string[]): Promise<void> {
    const row = this.get(id)
    if (!row) return
    const merged = mergeAddresses(addresses, row.addresses)
    if (merged.join() !== row.addresses.join()) await this.#write({ ...row, addresses: merged })
  }

  async #raise(id: PeerId, wanted: Confirmation): Promise<void> {
    const standing = this.standing(id)
    if (!standing || this.#leaving.has(id)) return
    const version = Math.max(standing.version, wanted.version)
    const vouched = standing.vouched || wanted.vouched
    if (version === standing.version && vouched === standing.vouched) return
    const row = this.#rows.get(id)
    if (row) await this.#write({ ...row, version, vouched })
    else await this.#lay(id, this.#tombstones.get(id)?.name ?? '', { ...standing, version, vouched })
    this.#changed(id)
  }

  /** Runs after all that was asked before, whether that succeeded or not. */
  #inOrder<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action)
    this.#last = result.catch(() => {})
    return result
  }

  /** Disk first, then memory: nothing is trusted or renamed that a restart would undo. */
  async #write(row: PeerRow): Promise<void> {
    await this.#store.set(row.id, encodePeerRecord({ row }))
    this.#keep(row)
    this.#noteSaved(row.id)
    this.#sweep()
  }

  async #saveAll(): Promise<void> {
    for (const id of [...this.#unsaved]) {
      const row = this.#rows.get(id)
      const tombstone = this.#tombstones.get(id)
      if (row) await this.#store.set(id, encodePeerRecord({ row }))
      else if (tombstone) await this.#store.set(id, encodePeerRecord({ tombstone }))
      this.#noteSaved(id)
    }
  }

  #noteSaved(id: PeerId): void {
    this.#saved.set(id, this.#clock())
    this.#unsaved.delete(id)
    this.#stale.delete(id)
  }

  /** Saves in the background what waits. */
  #sweep(): void {
    if (this.#sweeping || this.#unsaved.size === 0) return
    this.#sweeping = true
    this.flush()
      .catch((err: unknown) => this.#failures.run((heldBack) => this.#options.log.warn('peers could not be saved', { err, heldBack })))
      .finally(() => {
        this.#sweeping = false
      })
  }

  #keep(row: PeerRow): void {
    this.#drop(row.id)
    this.#rows.set(row.id, row)
    this.#names.set(nameKey(row.name), row.id)
  }

  #drop(id: PeerId): void {
    const row = this.#rows.get(id)
    if (row) this.#names.delete(nameKey(row.name))
    this.#rows.delete(id)
  }
}
