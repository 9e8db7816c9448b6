/**
 * Keeps the records of all members alike on all of them: signs what this node says, checks what others say, tells direct peers
 * what is new, and compares with them from time to time.
 */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import type { KeyValue } from '../../services.js'
import type { Control } from '../swarm/control.js'
import type { ControlMessage, Digest } from '../swarm/control-messages.js'
import { Broadcast } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { abortable, delay, monotonic } from '../util/wait.js'
import { encodeMember, type MemberBody } from './member-body.js'
import { deriveMembership, type Membership, nextHop } from './membership.js'
import { memberSlot, recordLimits, type SignedRecord, signedBytes, slotKind, type UnsignedRecord } from './record.js'
import { RecordInbox, type VerifyRecord } from './record-inbox.js'
import { judgeRecord, startRecords, stepRecords } from './record-set.js'
import type { RecordChange, RecordEffect, RecordEvent, RecordState } from './record-state.js'
import { RecordStore } from './record-store.js'

/** What is needed of the control channel. */
export type RecordChannel = Pick<Control, 'instance' | 'peers' | 'send' | 'drained' | 'on' | 'watch'>

/** Times, in ms, and rates. */
export interface GossipTiming {
  /** Changes are gathered for so long. Default 20. */
  readonly gather: number
  /** Between two rounds of digests. Default 30,000. */
  readonly digest: number
  /** Between two looks at links and addresses. Default 1,000. */
  readonly look: number
  /** Signatures of one peer that are checked: a second, and at once. Default 2,000 and 4,000. */
  readonly rate: { readonly rate: number; readonly burst: number }
}

/** How a {@link Gossip} is made. */
export interface GossipOptions {
  readonly self: PeerId
  readonly control: RecordChannel
  readonly log: Logger
  /** Ed25519 of this node. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
  readonly verify: VerifyRecord
  /** A name space of its own. */
  readonly store: KeyValue
  /** Peers trusted now; afterwards call {@link Gossip.trust} and {@link Gossip.distrust}. */
  trusted(): Iterable<PeerId>
  /** What this node says of itself, as it is now. */
  describe(): Pick<MemberBody, 'name' | 'agent' | 'addresses' | 'features'>
  /** Is the link to the peer a direct one, not through others? */
  isDirect(peer: PeerId): boolean
  /** The peer broke the protocol. */
  violated(peer: PeerId, error: ShoalError): void
  readonly timing?: Partial<GossipTiming>
}

/** A record came, was replaced, or went. */
export type RecordNews =
  | { readonly type: 'record'; readonly author: PeerId; readonly slot: string; readonly body?: Uint8Array }
  /** The listener was too slow; look at {@link Gossip.records}. */
  | { readonly type: 'lagged'; readonly missed: number }

/** What happened to the membership. */
export type MemberEvent =
  | { readonly type: 'reachable' | 'unreachable'; readonly peer: PeerId }
  /** Ways to members changed, not who can be reached. */
  | { readonly type: 'rerouted' }
  /** Another host has this identity. `newest`: this node began later than the other. */
  | { readonly type: 'copied'; readonly instance: string; readonly newest: boolean }
  | { readonly type: 'lagged'; readonly missed: number }

/** Called in the turn of the change: a changed record, or a member that came or went. */
export interface GossipWatcher {
  changed?(change: RecordChange): void
  moved?(came: readonly PeerId[], went: readonly PeerId[]): void
}

const defaultTiming: GossipTiming = { gather: 20, digest: 30_000, look: 1000, rate: { rate: 2000, burst: 4000 } }

/** ms before records that were too many are asked for again. */
const retryDelay = 1000

/** ms for which the last word may take to leave. */
const farewell = 500

/** The records of the cluster, on one node. */
export class Gossip {
  #state: RecordState
  #membership: Membership
  #membershipStale = true
  #said = ''
  #leaving = false
  #flushing: NodeJS.Timeout | undefined
  #settling: NodeJS.Immediate | undefined
  #publishing: Promise<unknown> = Promise.resolve()
  readonly #options: GossipOptions
  readonly #timing: GossipTiming
  readonly #store: RecordStore
  readonly #inbox: RecordInbox
  readonly #controller = new AbortController()
  readonly #undo: (() => void)[] = []
  readonly #signing = new Set<Promise<void>>()
  /** Peers that missed something, and what it waits for. */
  readonly #behind = new Map<PeerId, Promise<void>>()
  /** Peers that sent more than was taken. */
  readonly #late = new Map<PeerId, Promise<void>>()
  readonly #watchers = new Set<GossipWatcher>()
  readonly #news = new Broadcast<RecordNews>((missed) => ({ type: 'lagged', missed }))
  readonly #events = new Broadcast<MemberEvent>((missed) => ({ type: 'lagged', missed }))
  readonly #throttle = new Throttle(60_000)

  private constructor(options: GossipOptions, store: RecordStore, state: RecordState) {
    this.#options = options
    this.#timing = { ...defaultTiming, ...options.timing }
    this.#store = store
    this.#state = state
    this.#membership = deriveMembership(state)
    this.#inbox = new RecordInbox({
      judge: (record) => judgeRecord(this.#state, record),
      verify: options.verify,
      accept: (peer, records) => this.#step({ type: 'records', peer, records }),
      violated: (peer, error) => options.violated(peer, error),
      delayed: (peer, records) => this.#delayed(peer, records),
      failed: (peer, err) => options.log.error('records of a peer could not be taken', { peer, err }),
      rate: this.#timing.rate,
    })
  }

  /** Loads what was kept and counts a start. Rejects with the codes of the store. */
  static async open(options: GossipOptions): Promise<Gossip> {
    const store = new RecordStore(options.store, options.log)
    const epoch = await store.nextEpoch()
    const kept = await store.load()
    const state = startRecords({ self: options.self, epoch, instance: options.control.instance, since: Date.now(), trusted: options.trusted(), kept })
    for (const { author, slot } of kept) if (!state.authors.get(author)?.records.has(slot)) void store.drop(author, slot)
    return new Gossip(options, store, state)
  }

  /** Begins to tell and to listen. */
  start(): void {
    const { control } = this.#options
    this.#undo.push(
      control.on('records', (peer, records) => this.#inbox.take(peer, records)),
      control.on('digest', (peer, digest) => this.#answer(peer, digest)),
      control.watch(() => this.refresh()),
      every(this.#timing.look, () => this.refresh()),
      every(this.#timing.digest * (0.9 + Math.random() / 5), () => this.#step({ type: 'compare' })),
    )
    this.refresh()
  }

  /** Everything known; never changed in place. */
  get state(): RecordState {
    return this.#state
  }

  /** Who can be reached now. */
  get membership(): Membership {
    this.#settle()
    return this.#membership
  }

  /** Is another host alive with this identity, and did this one begin later? */
  get copied(): RecordState['copied'] {
    return this.#state.copied
  }

  /** The direct peer through which the shortest way to a member leads that touches none of `except`. */
  nextHop(destination: PeerId, except?: ReadonlySet<PeerId>): PeerId | undefined {
    return nextHop(this.membership, destination, except)
  }

  /**
   * Says something under a name of `trust/…`; it is kept and outlives the run. Resolves when it is signed, known here and written.
   * Rejects with `ERR_LIMIT` when the body or the number of names is too large.
   */
  publish(slot: string, body: Uint8Array): Promise<void> {
    const saying = this.#publishing.then(async () => {
      if (slotKind(slot) !== 'trust') throw new ShoalError('ERR_INTERNAL', `${slot} is not a slot that is kept.`)
      if (body.byteLength > recordLimits.body) throw new ShoalError('ERR_LIMIT', `A record has at most ${recordLimits.body} bytes, not ${body.byteLength}.`)
      this.#step({ type: 'own', slot, body: new Uint8Array(body) })
      await Promise.all(this.#signing)
      const known = this.#state.authors.get(this.#options.self)?.records.get(slot)
      if (!known || Buffer.compare(known.body, body) !== 0) throw new ShoalError('ERR_LIMIT', `${slot} could not be said: there are too many records.`)
      await this.#store.settled()
    })
    this.#publishing = saying.catch(() => {})
    return saying
  }

  /** Says something under a name of this run: `streams/N`. */
  say(slot: string, body: Uint8Array): void {
    this.#step({ type: 'own', slot, body })
  }

  /** Records whose slot begins with `prefix`, of all authors, this node among them. */
  records(prefix: string): readonly SignedRecord[] {
    const found: SignedRecord[] = []
    for (const [, { records }] of this.#state.authors) for (const [slot, record] of records) if (slot.startsWith(prefix)) found.push(record)
    return found
  }

  /** Records under `prefix` that come, are replaced or go. */
  async *changes(prefix: string, signal?: AbortSignal): AsyncGenerator<RecordNews, void, undefined> {
    for await (const news of this.#news.listen(signal)) if (news.type === 'lagged' || news.slot.startsWith(prefix)) yield news
  }

  /** Members that come into reach and go out of it, and a copied identity. */
  events(signal?: AbortSignal): AsyncIterableIterator<MemberEvent> {
    return this.#events.listen(signal)
  }

  /** Calls `watcher` in the turn of each change. Returns the undo. */
  watch(watcher: GossipWatcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** A peer is trusted from now on: its records are wanted. */
  trust(peer: PeerId): void {
    this.#step({ type: 'trusted', author: peer })
  }

  /** A peer was forgotten: its records go. */
  distrust(peer: PeerId): void {
    this.#inbox.forget(peer)
    this.#step({ type: 'untrusted', author: peer })
  }

  /** Looks at links and at what this node says of itself; called by itself once a second and when a channel changes. */
  refresh(): void {
    const { control, isDirect } = this.#options
    const ready = new Set(control.peers().flatMap((one) => (one.ready && isDirect(one.peer) ? [one.peer] : [])))
    for (const peer of this.#state.peers.keys()) if (!ready.has(peer)) this.#step({ type: 'unlinked', peer })
    for (const peer of ready) if (!this.#state.peers.has(peer)) this.#step({ type: 'linked', peer })
    this.#introduce(false)
  }

  /** Says that this node leaves, and waits a moment until peers were told. */
  async leave(): Promise<void> {
    if (this.#leaving) return
    this.#introduce(true)
    this.#leaving = true
    await Promise.all(this.#signing)
    this.#flush()
    const deadline = monotonic() + farewell
    const waiting = (): boolean => this.#options.control.peers().some(({ ready, queued }) => ready && queued.items > 0)
    while (waiting() && monotonic() < deadline) await delay(5)
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0)) undo()
    this.#controller.abort()
    clearTimeout(this.#flushing)
    clearImmediate(this.#settling)
    await Promise.all([this.#inbox.settled(), this.#publishing, ...this.#behind.values(), ...this.#late.values()])
    await Promise.all(this.#signing)
    await this.#store.settled()
    this.#news.close()
    this.#events.close()
  }

  /** Says who this node is, where that changed. */
  #introduce(left: boolean): void {
    if (this.#leaving || this.#controller.signal.aborted) return
    const { describe, control } = this.#options
    const body = { ...describe(), links: [...this.#state.peers.keys()].sort(), instance: control.instance, since: this.#state.since, left }
    const text = JSON.stringify(body)
    if (text === this.#said) return
    this.#said = text
    this.#step({ type: 'own', slot: memberSlot, body: encodeMember(body) })
  }

  #step(event: RecordEvent): void {
    const { state, effects } = stepRecords(this.#state, event)
    if (state.peers !== this.#state.peers) this.#stale()
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
    if (this.#state.outbox.size > 0) this.#flushing ??= setTimeout(() => this.#flush(), this.#timing.gather)
  }

  /** A peer that does not take what it is sent asks in vain: both compare when there is room again. */
  #answer(peer: PeerId, digest: Digest): void {
    if (!this.#behind.has(peer)) this.#step({ type: 'digest', peer, digest })
  }

  #flush(): void {
    clearTimeout(this.#flushing)
    this.#flushing = undefined
    this.#step({ type: 'flush' })
  }

  #carryOut(effect: RecordEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.peer, effect.message)
        break
      case 'sign':
        this.#sign(effect.record)
        break
      case 'changed':
        this.#changed(effect.change)
        break
      case 'save':
        void this.#store.save(effect.record)
        break
      case 'drop':
        void this.#store.drop(effect.author, effect.slot)
        break
      case 'raised':
        this.#raised(effect.epoch)
        break
      case 'copied':
        this.#copied(effect.instance, effect.newest)
        break
      case 'refused':
        this.#refused(effect.author, effect.slot)
        break
    }
  }

  #refused(peer: PeerId, slot: string): void {
    this.#throttle.run((heldBack) => this.#options.log.warn('a node says more than is kept', { peer, slot, heldBack }))
  }

  #changed(change: RecordChange): void {
    if (change.slot === memberSlot) this.#stale()
    for (const watcher of this.#watchers) watcher.changed?.(change)
    const { author, slot, record } = change
    this.#news.emit({ type: 'record', author, slot, ...(record && { body: record.body }) })
  }

  #raised(epoch: number): void {
    this.#options.log.warn('records of another run with this identity are about: everything is said anew', { epoch })
    void this.#store.saveEpoch(epoch)
  }

  #copied(instance: string, newest: boolean): void {
    this.#options.log.error('another host has the identity of this node', { instance, newest })
    this.#events.emit({ type: 'copied', instance, newest })
  }

  #sign(record: UnsignedRecord): void {
    const signing = this.#options
      .sign(signedBytes(record))
      .then((signature) => this.#step({ type: 'signed', record: { ...record, signature } }))
      .catch((err: unknown) => this.#options.log.error('a record cannot be signed', { slot: record.slot, err }))
      .finally(() => this.#signing.delete(signing))
    this.#signing.add(signing)
  }

  #send(peer: PeerId, message: ControlMessage): void {
    // it will compare as soon as there is room
    if (this.#behind.has(peer)) return
    try {
      this.#options.control.send(peer, message)
    } catch (error) {
      if (isShoalError(error, 'ERR_OVERLOADED')) this.#catchUp(this.#behind, peer, () => this.#options.control.drained(peer))
    }
  }

  #delayed(peer: PeerId, records: number): void {
    this.#throttle.run((heldBack) => this.#options.log.warn('a peer sends more records than are taken at once', { peer, records, heldBack }))
    this.#catchUp(this.#late, peer, () => delay(retryDelay, this.#controller.signal))
  }

  /** Compares with a peer after `ready`. One whose channel broke is compared with when it returns. */
  #catchUp(list: Map<PeerId, Promise<void>>, peer: PeerId, ready: () => Promise<void>): void {
    if (list.has(peer)) return
    const catching = abortable(ready(), this.#controller.signal).then(
      () => {
        list.delete(peer)
        this.#step({ type: 'compare', peer })
      },
      () => void list.delete(peer),
    )
    list.set(peer, catching)
  }

  /** The membership follows within this turn, once for all changes of it. */
  #stale(): void {
    this.#membershipStale = true
    this.#settling ??= setImmediate(() => this.#settle())
  }

  #settle(): void {
    clearImmediate(this.#settling)
    this.#settling = undefined
    if (!this.#membershipStale) return
    this.#membershipStale = false
    const before = this.#membership.members
    this.#membership = deriveMembership(this.#state)
    const { members } = this.#membership
    const came = [...members.keys()].filter((peer) => !before.has(peer))
    const went = [...before.keys()].filter((peer) => !members.has(peer))
    const rerouted = [...members].some(([peer, { via }]) => via !== before.get(peer)?.via)
    if (came.length === 0 && went.length === 0) {
      if (rerouted) this.#events.emit({ type: 'rerouted' })
      return
    }
    for (const watcher of this.#watchers) watcher.moved?.(came, went)
    for (const peer of came) this.#events.emit({ type: 'reachable', peer })
    for (const peer of went) this.#events.emit({ type: 'unreachable', peer })
  }
}

function every(ms: number, action: () => void): () => void {
  const timer = setInterval(action, ms)
  timer.unref()
  return () => clearInterval(timer)
}
