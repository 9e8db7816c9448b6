/** Trust that members pass on: drives the ledger from the peer book and from the members' records, and carries out what it says. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { Blocked, BlockList } from '../keystore/block-list.js'
import type { ForgetPath, ForgetReport } from '../keystore/forget.js'
import type { PeerBook } from '../keystore/peer-book.js'
import { isPeerId } from '../keystore/peer-id.js'
import { nameKey } from '../keystore/peer-name.js'
import type { Tombstone } from '../keystore/tombstone.js'
import { claimRank, decodeClaim, encodeClaim, type TrustClaim, type TrustRecord } from '../keystore/trust-claim.js'
import { emptyLedger, type LedgerEffect, type LedgerEvent, type LedgerLimits, type LedgerState, stepLedger, toldBy } from '../keystore/trust-ledger.js'
import { Throttle } from '../util/rate.js'
import { delay } from '../util/wait.js'

/** A signed record `trust/SUBJECT` as it came. */
export interface RawTrustRecord {
  readonly author: PeerId
  readonly subject: PeerId
  readonly body: Uint8Array
}

/** The members' records about trust. Signatures were checked, and each author has one record about each subject, its newest. */
export interface TrustRecords {
  /** Signs and keeps this node's own record, and sends it to all members, also to those that return later. */
  publish(subject: PeerId, body: Uint8Array): void
  /** All that are held, this node's own too. */
  list(): Iterable<RawTrustRecord>
  /** Records as they come; undefined = some were missed: see {@link list}. */
  changes(signal: AbortSignal): AsyncIterable<RawTrustRecord | undefined>
}

/** Whose records count here: see `trust.introducers` of the configuration. */
export type Introducers = 'all' | 'none' | readonly string[]

/** What it works with. */
export interface TrustOptions {
  readonly self: PeerId
  readonly book: PeerBook
  readonly blocks: BlockList
  readonly forgetting: Pick<ForgetPath, 'forget'>
  readonly introducers: Introducers
  /** Who may be linked has changed. */
  changed(): void
  /** Cuts off a stranger that was blocked. */
  cut(peer: PeerId): Promise<void>
  readonly log: Logger
  readonly limits?: Partial<LedgerLimits>
}

/** Where a forget counts: in the cluster, or on this node alone. */
export type ForgetScope = 'cluster' | 'here'

/** ms between looks at all records: what failed is tried again then. */
const lookInterval = 60_000

/** ms in which reasons for a look are gathered. */
const gather = 50

/** ms for which closing waits for what is under way. */
const farewell = 2000

/** Claims that do not count here and were logged. */
const maxRefused = 4096

/** Records of this node about trust from which on it repeats no more words of members: of 1,024 the rest is for what it decides itself. */
const maxRepeated = 768

/** A tombstone as people see it. */
export interface ShownTombstone extends Tombstone {
  /** Name of the member on whose word the peer was forgotten. */
  readonly sourceName?: string
  /** How many of the members have published that they forgot it too. */
  readonly applied: number
  readonly members: number
}

/** Trust of one node. */
export class Trust {
  #state: LedgerState
  #records: TrustRecords | undefined
  #following: Promise<void> | undefined
  #soon: NodeJS.Timeout | undefined
  #often: NodeJS.Timeout | undefined
  readonly #options: TrustOptions
  readonly #ending = new AbortController()
  readonly #undo: () => void
  /** Rank of what this node has published about a peer. */
  readonly #published = new Map<PeerId, number>()
  readonly #working = new Set<Promise<unknown>>()
  /** What was read of a record's body; bodies are never changed in place. */
  readonly #read = new WeakMap<Uint8Array, TrustClaim>()
  readonly #refused = new Set<string>()
  readonly #throttle = new Throttle(10_000)

  constructor(options: TrustOptions) {
    const { self, book, blocks, limits } = options
    this.#options = options
    this.#state = emptyLedger(self, limits)
    for (const { id } of blocks.list()) this.#step({ type: 'blocked', peer: id })
    this.#step({ type: 'loaded', standings: book.standings() })
    this.#undo = book.watch((peer, standing) => {
      this.#step({ type: 'standing', peer, ...(standing && { standing }) })
      // what it says counts from now on
      if (standing?.kind === 'trusted') this.#lookSoon()
    })
  }

  /** Begins to listen to members, and publishes what this node owes them. */
  start(records: TrustRecords): void {
    this.#records = records
    for (const { author, subject, claim } of [...records.list()].flatMap((record) => this.#recordOf(record))) {
      if (author === this.#options.self) this.#published.set(subject, claimRank(claim))
    }
    this.#following = this.#follow(records)
    this.#look()
    this.#often = setInterval(() => this.#look(), lookInterval).unref()
  }

  /** Ends it; resolves when nothing is under way, or after two seconds: a plugin may take its time to forget. */
  async close(): Promise<void> {
    this.#undo()
    clearTimeout(this.#soon)
    clearInterval(this.#often)
    this.#ending.abort(new ShoalError('ERR_STOPPING'))
    await this.#following
    const patience = new AbortController()
    await Promise.race([Promise.all(this.#working), delay(farewell, patience.signal).catch(() => {})])
    patience.abort()
  }

  /** Names of the members that say that this node is forgotten. */
  tellers(): readonly string[] {
    return toldBy(this.#state).map((peer) => this.#nameOf(peer))
  }

  /** Ids that are refused for ever. */
  blocked(): readonly Blocked[] {
    return this.#options.blocks.list()
  }

  /** Peers that were forgotten, newest first. */
  forgotten(): readonly ShownTombstone[] {
    const { book } = this.#options
    const members = new Set(book.list().map(({ id }) => id))
    const claims = [...(this.#records?.list() ?? [])].flatMap((record) => (members.has(record.author) ? this.#recordOf(record) : []))
    const newest = [...book.tombstones()].sort((a, b) => b.time - a.time)
    return newest.map((tombstone) => {
      const { id, version, source } = tombstone
      const applied = claims.filter(({ subject, claim }) => subject === id && claim.kind === 'forgotten' && claim.version >= version).length
      return { ...tombstone, ...(source !== undefined && { sourceName: this.#nameOf(source) }), applied, members: members.size }
    })
  }

  /** A tombstone by id, prefix, or the name the peer had. */
  findForgotten(peer: string): Tombstone | undefined {
    return this.#options.book.findForgotten(peer)
  }

  /** Where forgetting this peer counts unless somebody says otherwise: a peer that came by introduction would soon be back. Throws as `PeerBook.find`. */
  usualScope(peer: string): ForgetScope {
    return this.#options.book.find(peer).trustedBy === 'introduction' ? 'cluster' : 'here'
  }

  /** Forgets a peer; one that was forgotten here alone is forgotten in the cluster. Rejects as `ForgetPath.forget`. */
  async forget(peer: string, scope: ForgetScope): Promise<ForgetReport> {
    const { book, forgetting } = this.#options
    const report = await forgetting.forget(peer, { here: scope === 'here' })
    // it may have been forgotten here alone, before or in the very run that this call joined
    const tombstone = scope === 'here' ? undefined : book.findForgotten(report.peer)
    if (!tombstone) return report
    if (tombstone.here || !tombstone.vouched) await book.spread(tombstone.id)
    if (report.forgot) return report
    return { forgot: true, peer: tombstone.id, name: tombstone.name, plugins: [], linksCutMs: 0, problems: [] }
  }

  /**
   * Refuses an id for ever; a trusted peer is forgotten first, here alone. Rejects with `ERR_PEER_UNKNOWN`, `ERR_PEER_AMBIGUOUS`, `ERR_REQUEST_INVALID`,
   * `ERR_LIMIT` and the codes of the store.
   */
  async block(peer: string): Promise<{ readonly blocked: Blocked; readonly forgot: boolean }> {
    const { book, blocks, self, forgetting, cut, log } = this.#options
    const id = this.#idOf(peer)
    if (id === self) throw new ShoalError('ERR_REQUEST_INVALID', 'A node cannot block itself.')
    const blocked = await blocks.add(id, book.described(id)?.name ?? '')
    this.#step({ type: 'blocked', peer: id })
    const forgot = book.isTrusted(id)
    if (forgot) await forgetting.forget(id, { here: true })
    else await cut(id)
    log.info('peer blocked', { peer: id, name: blocked.name })
    return { blocked, forgot }
  }

  /** Lifts a block: the id is then forgotten or a stranger. Rejects with `ERR_NOT_FOUND` and the codes of the store. */
  async unblock(peer: string): Promise<Blocked> {
    const text = peer.normalize('NFC').trim()
    const matches = this.blocked().filter(({ id, name }) => id === text || nameKey(name) === nameKey(text) || (text.length >= 8 && id.startsWith(text)))
    const blocked = matches.find(({ id }) => id === text) ?? matches[0]
    if (!blocked) throw new ShoalError('ERR_NOT_FOUND', `${JSON.stringify(text.slice(0, 100))} is not blocked.`, { hint: 'See shoal peers ls --blocked.' })
    if (matches.length > 1 && blocked.id !== text) throw new ShoalError('ERR_PEER_AMBIGUOUS', `${matches.length} blocked ids match ${text}.`)
    await this.#options.blocks.remove(blocked.id)
    this.#step({ type: 'unblocked', peer: blocked.id })
    this.#options.log.info('peer unblocked', { peer: blocked.id, name: blocked.name })
    this.#lookSoon()
    return blocked
  }

  #idOf(peer: string): PeerId {
    const text = peer.normalize('NFC').trim()
    const forgotten = this.#options.book.findForgotten(text)
    if (isPeerId(text)) return text
    try {
      return this.#options.book.find(text).id
    } catch (error) {
      if (forgotten) return forgotten.id
      throw error
    }
  }

  async #follow(records: TrustRecords): Promise<void> {
    for await (const record of records.changes(this.#ending.signal)) {
      if (record) this.#take(record)
      else this.#lookSoon()
    }
  }

  /** Every record once more: an author may be trusted by now, and what failed may succeed. */
  #look(): void {
    this.#step({ type: 'loaded', standings: this.#options.book.standings() })
    const records = [...(this.#records?.list() ?? [])]
    for (const record of records) this.#take(record)
    this.#step({ type: 'tidy', records: records.flatMap((record) => this.#recordOf(record)) })
  }

  #lookSoon(): void {
    if (this.#ending.signal.aborted) return
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      this.#look()
    }, gather)
  }

  #take(raw: RawTrustRecord): void {
    for (const record of this.#recordOf(raw)) this.#step({ type: 'record', allowed: this.#counts(record.author), ...record })
  }

  /** A record that makes sense, or none. */
  #recordOf({ author, subject, body }: RawTrustRecord): readonly TrustRecord[] {
    const known = this.#read.get(body)
    const claim = known ?? (isPeerId(subject) ? decodeClaim(body) : undefined)
    if (!claim) return []
    if (!known) this.#read.set(body, claim)
    return [{ author, subject, claim }]
  }

  #counts(author: PeerId): boolean {
    const { introducers, book } = this.#options
    if (typeof introducers === 'string') return introducers === 'all'
    const name = book.get(author)?.name
    return introducers.some((one) => one === author || (name !== undefined && nameKey(one) === nameKey(name)))
  }

  #step(event: LedgerEvent): void {
    const { state, effects } = stepLedger(this.#state, event)
    this.#state = state
    for (const effect of effects) {
      const work = this.#carryOut(effect)
      if (work) this.#watch(work)
    }
  }

  /** What takes time is returned. */
  #carryOut(effect: LedgerEffect): Promise<unknown> | undefined {
    const { book } = this.#options
    switch (effect.type) {
      case 'publish':
        this.#publish(effect.peer, effect.kind, effect.version)
        break
      case 'seen':
        book.noteVersion(effect.peer, effect.version)
        break
      case 'told':
      case 'refused':
        this.#report(effect)
        break
      case 'vouch':
        return book.confirm(effect.peer, { vouched: true })
      case 'drop':
        return book.erase(effect.peer)
      default:
        return this.#apply(effect, effect.record)
    }
    return undefined
  }

  #apply(effect: LedgerEffect & { readonly type: 'trust' | 'forget' | 'bury' | 'raise' }, record: TrustRecord): Promise<unknown> {
    const { book } = this.#options
    const { author, subject, claim } = record
    const { version } = claim
    if (effect.type === 'trust') return this.#introduce(record, effect.vouched)
    if (effect.type === 'bury') return book.bury(subject, claim.name, { version, source: author })
    if (effect.type === 'raise') return book.confirm(subject, { version, vouched: effect.vouched })
    return this.#forgetFor(record)
  }

  #report(effect: LedgerEffect & { readonly type: 'told' | 'refused' }): void {
    const { log } = this.#options
    const { author, subject, claim } = effect.record
    const member = this.#nameOf(author)
    if (effect.type === 'told') log.warn('a member says that this node is forgotten', { member })
    else if (this.#isNews(`${author} ${subject} ${claimRank(claim)} ${effect.why}`)) {
      const fields = { member, peer: subject, kind: claim.kind, why: effect.why }
      this.#throttle.run((heldBack) => log.info("a member's word about a peer does not count here", { ...fields, heldBack }))
    }
  }

  /** Records are looked at again and again. */
  #isNews(refusal: string): boolean {
    if (this.#refused.has(refusal)) return false
    if (this.#refused.size >= maxRefused) this.#refused.clear()
    this.#refused.add(refusal)
    return true
  }

  async #introduce({ author, subject, claim: { name, addresses, version } }: TrustRecord, vouched: boolean): Promise<void> {
    const { book, changed, log } = this.#options
    const row = await book.introduce({ id: subject, name, addresses, version, introducedBy: author, vouched })
    if (!row) return
    log.info('a member introduced a peer', { peer: subject, name: row.name, member: this.#nameOf(author) })
    changed()
  }

  async #forgetFor({ author, subject, claim: { version } }: TrustRecord): Promise<void> {
    const { forgetting, log } = this.#options
    const member = this.#nameOf(author)
    const { forgot, name, problems } = await forgetting.forget(subject, { here: false, version, source: author })
    if (forgot) log.info('a peer was forgotten on the word of a member', { peer: subject, name, member, problems: [...problems] })
  }

  #publish(peer: PeerId, kind: 'introduced' | 'forgotten', version: number): void {
    const rank = claimRank({ kind, version })
    if (!this.#records || this.#published.get(peer) === rank) return
    const { book } = this.#options
    if (book.standing(peer)?.source !== undefined && !this.#published.has(peer) && this.#published.size >= maxRepeated) return
    const { name = '', addresses = [] } = book.described(peer) ?? {}
    this.#published.set(peer, rank)
    this.#records.publish(peer, encodeClaim({ kind, version, name, addresses: kind === 'introduced' ? addresses : [] }))
  }

  #watch(work: Promise<unknown>): void {
    const done: Promise<unknown> = work
      .catch((err: unknown) => this.#throttle.run((heldBack) => this.#options.log.warn("a member's word could not be carried out yet", { err, heldBack })))
      .finally(() => this.#working.delete(done))
    this.#working.add(done)
  }

  #nameOf(peer: PeerId): string {
    return this.#options.book.described(peer)?.name ?? peer
  }
}
