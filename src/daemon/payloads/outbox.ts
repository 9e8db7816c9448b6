/** Payloads that leave: `ctx.payloads`. */

import { type ErrorCode, isErrorCode, isShoalError, ShoalError } from '../../errors.js'
import type { BroadcastResult, Logger, PayloadOptions, Payloads, PeerId } from '../../plugin.js'
import type { Control } from '../swarm/control.js'
import { defaultMaxPayload, type Hello, isPayloadKind, type PayloadMessage, type ReceiptMessage } from '../swarm/control-messages.js'
import { Throttle } from '../util/rate.js'
import { TimerWheel } from '../util/timer-wheel.js'
import type { Outcome } from './ledger.js'
import { type LaneLimits, type LaneLink, OutboxLane, tooLarge } from './outbox-lane.js'
import { owned } from './owned.js'
import { type Carrier, Parcel } from './parcel.js'
import type { Router } from './router.js'

/** What is needed of the control channel. */
export type PayloadChannel = Pick<Control, 'instance' | 'hello' | 'opening' | 'peers' | 'send' | 'drained' | 'on' | 'watch'>

/** How an {@link Outbox} is made. */
export interface OutboxOptions {
  /** This node. Payloads to it go through its own router. */
  readonly self: PeerId
  readonly control: PayloadChannel
  readonly router: Pick<Router, 'receive' | 'kinds' | 'maxPayload'>
  /** Is the peer one of the keystore's trusted ones? */
  readonly trusted: (peer: PeerId) => boolean
  readonly log: Logger
  readonly limits?: Partial<LaneLimits>
  /** ms a lost link may take to return before payloads in flight fail. Default 5,000. */
  readonly grace?: number
  /** Bytes. Default 1 MiB. */
  readonly maxPayload?: number
  /** ms for a receipt where the call names none. Default 10,000. */
  readonly timeout?: number
  /** Told what came of each payload: `outcome` is `ok` or a code. Must not throw. */
  readonly observed?: (kind: string, outcome: string, bytes: number) => void
}

/** Payloads since the start, by what came of them. */
export interface OutboxCounters {
  sent: number
  handled: number
  failed: number
  overloaded: number
  /** Receipts for payloads nobody waits for any more. */
  late: number
}

const defaultTimeout = 10_000

/** ms by which a time-out may be late. */
const slotWidth = 16

const defaultLane: LaneLimits = { items: 256, bytes: 16 * 1024 * 1024, reserve: 16 }

/** Errors a receipt may carry as they are; every other becomes `ERR_PAYLOAD_REJECTED`. */
const remoteCodes: ReadonlySet<ErrorCode> = new Set([
  'ERR_KIND_UNCLAIMED',
  'ERR_KIND_INVALID',
  'ERR_PAYLOAD_TOO_LARGE',
  'ERR_PAYLOAD_REJECTED',
  'ERR_OVERLOADED',
  'ERR_TIMEOUT',
  'ERR_STOPPING',
])

/**
 * Sends payloads and waits for their receipts. Payloads to one peer leave in the order in which `send` was called. The body is
 * copied at once, so the caller may use its buffer again.
 */
export class Outbox implements Payloads {
  readonly counters: OutboxCounters = { sent: 0, handled: 0, failed: 0, overloaded: 0, late: 0 }
  #nextId = 1
  #closed = false
  readonly #options: OutboxOptions
  readonly #maxPayload: number
  readonly #lanes = new Map<PeerId, OutboxLane>()
  readonly #desk: Pick<Carrier, 'wheel' | 'settled'> = { wheel: new TimerWheel(slotWidth), settled: (parcel, outcome) => this.#settled(parcel, outcome) }
  readonly #undo: readonly (() => void)[]
  readonly #throttle = new Throttle(10_000)

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#maxPayload = options.maxPayload ?? defaultMaxPayload
    this.#undo = [
      options.control.on('receipt', (peer, receipt) => this.#receive(peer, receipt)),
      options.control.watch((event) => {
        if (event.type === 'ready') this.#lanes.get(event.peer)?.ready()
        if (event.type === 'gone') this.#lanes.get(event.peer)?.gone()
      }),
    ]
  }

  send(peer: PeerId, kind: string, body: Uint8Array, options: PayloadOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => this.#post(peer, kind, body.slice(), false, options, () => resolve(), reject))
  }

  request(peer: PeerId, kind: string, body: Uint8Array, options: PayloadOptions = {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => this.#post(peer, kind, body.slice(), true, options, resolve, reject))
  }

  /** This node is not one of its own peers. Rejects with `ERR_KIND_INVALID` or `ERR_PAYLOAD_TOO_LARGE` where no peer could take it. */
  async broadcast(kind: string, body: Uint8Array, options: PayloadOptions = {}): Promise<readonly BroadcastResult[]> {
    this.#check(kind, body)
    const own = body.slice()
    const peers = this.#options.control.peers().filter(({ ready, hello }) => ready && hello?.kinds.includes(kind))
    return await Promise.all(peers.map(({ peer }) => this.#result(peer, own, kind, options)))
  }

  /** Payloads without a receipt, and their bytes. */
  load(peer: PeerId): { readonly items: number; readonly bytes: number } {
    return this.#lanes.get(peer)?.load ?? { items: 0, bytes: 0 }
  }

  /** Gives up what is on its way to a peer that was forgotten. */
  forget(peer: PeerId): void {
    this.#lanes.get(peer)?.failAll(new ShoalError('ERR_PEER_UNKNOWN', 'The peer was forgotten.'))
    this.#lanes.delete(peer)
  }

  /** Takes no more payloads and gives up those in flight with `ERR_STOPPING`. */
  close(): void {
    this.#closed = true
    for (const undo of this.#undo) undo()
    for (const lane of this.#lanes.values()) lane.failAll(new ShoalError('ERR_STOPPING'))
    this.#lanes.clear()
    this.#desk.wheel.clear()
  }

  #settled({ payload: { kind, body } }: Parcel, outcome: string): void {
    if (outcome === 'ok') this.counters.handled++
    else this.counters.failed++
    this.#options.observed?.(kind, outcome, body.byteLength)
  }

  async #result(peer: PeerId, own: Uint8Array, kind: string, options: PayloadOptions): Promise<BroadcastResult> {
    try {
      await new Promise((resolve, reject) => this.#post(peer, kind, own, false, options, resolve, reject))
      return { peer }
    } catch (error) {
      const { code, message } = ShoalError.from(error)
      return { peer, error: { code, message } }
    }
  }

  /** Checks and queues, in the turn of the call: that keeps the order. The body must be our own. */
  #post(
    peer: PeerId,
    kind: string,
    body: Uint8Array,
    wantsReply: boolean,
    options: PayloadOptions,
    resolve: (reply: Uint8Array) => void,
    reject: (error: unknown) => void,
  ): void {
    try {
      options.signal?.throwIfAborted()
      this.#check(kind, body)
      this.#checkPeer(peer, kind, body)
      const lane = this.#lane(peer)
      const { timeout = this.#options.timeout ?? defaultTimeout, signal } = options
      this.#add(lane, new Parcel({ id: this.#nextId++, kind, body, wantsReply }, lane, timeout, signal, resolve, reject), peer)
    } catch (error) {
      this.#options.observed?.(kind, isShoalError(error) ? error.code : 'ERR_ABORTED', body.byteLength)
      reject(error)
    }
  }

  #add(lane: OutboxLane, parcel: Parcel, peer: PeerId): void {
    try {
      lane.add(parcel)
      this.counters.sent++
    } catch (error) {
      this.counters.overloaded++
      this.#throttle.run((heldBack) => this.#options.log.warn('payloads are refused: too many are on their way', { peer, ...lane.load, heldBack }))
      parcel.reject(ShoalError.from(error))
    }
  }

  #check(kind: string, body: Uint8Array): void {
    if (this.#closed) throw new ShoalError('ERR_STOPPING')
    if (!isPayloadKind(kind)) throw new ShoalError('ERR_KIND_INVALID', `Not a payload kind: ${JSON.stringify(kind.slice(0, 300))}`)
    if (body.byteLength > this.#maxPayload) throw tooLarge(body.byteLength, this.#maxPayload)
  }

  /** Fails early where the answer is known. */
  #checkPeer(peer: PeerId, kind: string, body: Uint8Array): void {
    const { self, control, trusted } = this.#options
    if (peer === self) return
    if (!trusted(peer)) throw new ShoalError('ERR_PEER_UNKNOWN', `${peer} is not a trusted peer.`)
    const hello = control.hello(peer)
    if (!hello && !control.opening(peer)) throw new ShoalError('ERR_PEER_UNREACHABLE', `There is no link to ${peer}.`)
    if (!hello) return
    if (!hello.kinds.includes(kind)) throw new ShoalError('ERR_KIND_UNCLAIMED', `No plugin on ${hello.name} handles ${kind}.`)
    if (body.byteLength > hello.maxPayload) throw tooLarge(body.byteLength, hello.maxPayload)
  }

  #lane(peer: PeerId): OutboxLane {
    const present = this.#lanes.get(peer)
    if (present) return present
    const { self, grace = 5000, limits } = this.#options
    const link = peer === self ? this.#localLink() : this.#remoteLink(peer)
    const lane = new OutboxLane(peer, link, { ...defaultLane, ...limits }, grace, this.#desk)
    this.#lanes.set(peer, lane)
    return lane
  }

  #remoteLink(peer: PeerId): LaneLink {
    const { control } = this.#options
    return {
      hello: () => control.hello(peer),
      send: (value) => control.send(peer, { type: 'payload', value }),
      drained: () => control.drained(peer),
    }
  }

  /** This node to itself: through the router, with its limits, but over no wire. */
  #localLink(): LaneLink {
    const { self, control, router } = this.#options
    const { instance } = control
    const hello = (): Hello => ({
      version: 1,
      minVersion: 1,
      name: 'this node',
      agent: '',
      kinds: router.kinds(),
      maxPayload: router.maxPayload,
      features: [],
      instance,
    })
    const send = (payload: PayloadMessage): boolean => {
      // not in the turn of `send`: a handler must not run inside its caller
      setImmediate(() => router.receive(self, instance, payload, (outcome) => this.#settle(self, payload.id, outcome)))
      return true
    }
    return { hello, send, drained: () => Promise.resolve() }
  }

  #receive(peer: PeerId, receipt: ReceiptMessage): void {
    if (receipt.instance === this.#options.control.instance) this.#settle(peer, receipt.id, receipt)
    else this.counters.late++
  }

  #settle(peer: PeerId, id: number, outcome: Outcome): void {
    const parcel = this.#lanes.get(peer)?.remove(id)
    if (!parcel) this.counters.late++
    // a handler of this node may keep what it answered; what came over the wire is nobody else's
    else if (outcome.code === '') parcel.resolve(peer === this.#options.self ? outcome.reply.slice() : owned(outcome.reply))
    else parcel.reject(this.#remoteError(peer, outcome))
  }

  /** What the far side said went wrong. Its text is a stranger's: it is quoted, and stands apart in `data.remote`. */
  #remoteError(peer: PeerId, { code, message }: Outcome): ShoalError {
    const name = peer === this.#options.self ? 'this node' : (this.#options.control.hello(peer)?.name ?? peer)
    const known = isErrorCode(code) && remoteCodes.has(code) ? code : 'ERR_PAYLOAD_REJECTED'
    return new ShoalError(known, `${name} answered ${code}: “${message}”`, { data: { peer, remote: message } })
  }
}
