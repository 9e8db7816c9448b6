/** Payloads that arrive: each goes to the plugin that claims its kind, in order, once. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'
import { defaultMaxPayload, isPayloadKind, type PayloadMessage } from '../swarm/control-messages.js'
import { BoundedQueue } from '../util/queue.js'
import { Throttle } from '../util/rate.js'
import { delay } from '../util/wait.js'
import { type Claim, Claims } from './claims.js'
import { Ledger, type LedgerLimits, type Outcome } from './ledger.js'
import { owned } from './owned.js'

/** Hands a payload to a plugin. The host contains throws and hangs; what it throws or rejects with reaches the sender as `ERR_PAYLOAD_REJECTED`. */
export type Deliver = (plugin: string, src: PeerId, kind: string, body: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>

/** Takes the outcome of a payload back to its sender. A promise holds back the next payload of the same (peer, kind). */
export type Answer = (outcome: Outcome) => void | Promise<void>

/** How much may wait here. */
export interface RouterLimits {
  /** For each (peer, kind). Default 256 payloads, 8 MiB. */
  readonly kindItems: number
  readonly kindBytes: number
  /** For each peer over all kinds. Default 1,024 payloads, 32 MiB. */
  readonly peerItems: number
  readonly peerBytes: number
  /** Bytes of a body. Default 1 MiB. */
  readonly maxPayload: number
  /** What is remembered against duplicates, for each peer. Default 10 min, 4,096 payloads, 8 MiB of replies. */
  readonly ledger: LedgerLimits
}

/** How a {@link Router} is made. */
export interface RouterOptions {
  readonly log: Logger
  readonly deliver: Deliver
  readonly limits?: Partial<RouterLimits>
  /** Called with the claimed kinds whenever they change: peers are told in Hello. */
  readonly claimsChanged?: (kinds: readonly string[]) => void
  /** Told what came of each payload: `outcome` is `ok` or a code. Duplicates do not count. Must not throw. */
  readonly observed?: (kind: string, outcome: string, bytes: number) => void
}

/** Payloads since the start, by what came of them. */
export interface RouterCounters {
  handled: number
  rejected: number
  unclaimed: number
  overloaded: number
  duplicates: number
}

const defaultLimits: RouterLimits = {
  kindItems: 256,
  kindBytes: 8 * 1024 * 1024,
  peerItems: 1024,
  peerBytes: 32 * 1024 * 1024,
  maxPayload: defaultMaxPayload,
  ledger: { age: 600_000, entries: 4096, replyBytes: 8 * 1024 * 1024 },
}

const nothing = new Uint8Array()

interface Job {
  readonly src: PeerId
  readonly instance: string
  readonly payload: PayloadMessage
  readonly answer: Answer
}

/** Payloads of one peer, one queue a kind. */
interface Sender {
  readonly lanes: Map<string, BoundedQueue<Job>>
  items: number
  bytes: number
}

/**
 * Payloads of one (peer, kind) are handled in order and one at a time; different peers and kinds run side by side. Before
 * {@link open} payloads wait, within the limits; after {@link close} they are answered with `ERR_STOPPING`.
 */
export class Router {
  readonly counters: RouterCounters = { handled: 0, rejected: 0, unclaimed: 0, overloaded: 0, duplicates: 0 }
  #state: 'waiting' | 'open' | 'closed' = 'waiting'
  readonly #options: RouterOptions
  readonly #limits: RouterLimits
  readonly #claims = new Claims()
  readonly #ledger: Ledger
  readonly #senders = new Map<PeerId, Sender>()
  readonly #running = new Set<Promise<void>>()
  readonly #throttle = new Throttle(10_000)

  constructor(options: RouterOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#ledger = new Ledger(this.#limits.ledger)
  }

  /** Bytes of a body that are taken. */
  get maxPayload(): number {
    return this.#limits.maxPayload
  }

  /** Claims kinds for a plugin; the first claim of a kind wins. Returns the undo. Throws `ERR_KIND_INVALID`. */
  claim(plugin: string, kinds: readonly string[]): () => void {
    for (const kind of kinds) {
      const first = this.#claims.find(kind)
      if (first !== undefined && this.#claims.isPlugins(kind))
        this.#options.log.warn('payload kind is claimed twice: the first claim wins', { kind, plugin: first, shadowed: plugin })
    }
    const undo = this.#claims.add(plugin, kinds)
    this.#options.claimsChanged?.(this.#claims.kinds())
    return () => {
      undo()
      this.#options.claimsChanged?.(this.#claims.kinds())
    }
  }

  /** Claims a kind for as long as no plugin does. Returns the undo. Throws `ERR_KIND_INVALID`, `ERR_KIND_CLAIMED`. */
  claimSpare(owner: string, kind: string): () => void {
    const undo = this.#claims.addSpare(owner, kind)
    try {
      this.#options.claimsChanged?.(this.#claims.kinds())
    } catch (error) {
      // more kinds than a peer would take
      undo()
      throw error
    }
    return () => {
      undo()
      this.#options.claimsChanged?.(this.#claims.kinds())
    }
  }

  /** Every claimed kind, the plugin that gets it and those that do not. */
  claims(): readonly Claim[] {
    return this.#claims.list()
  }

  /** The kinds that are handled here. */
  kinds(): readonly string[] {
    return this.#claims.kinds()
  }

  /** Every plugin has started: begin to deliver. */
  open(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'open'
    for (const [src, sender] of this.#senders) for (const kind of sender.lanes.keys()) this.#start(src, sender, kind)
  }

  /** Answers what waits with `ERR_STOPPING` and waits for what runs, at most `timeout` ms. */
  async close(timeout = 5000): Promise<void> {
    this.#state = 'closed'
    for (const sender of this.#senders.values()) this.#drain(sender, stopping())
    const timer = new AbortController()
    await Promise.race([Promise.all(this.#running), delay(timeout, timer.signal).catch(() => {})])
    timer.abort()
  }

  /** Drops what is remembered of a peer that was forgotten, and what of it waits: no plugin gets that any more. */
  forget(peer: PeerId): void {
    this.#ledger.forget(peer)
    const sender = this.#senders.get(peer)
    if (sender) this.#drain(sender, { code: 'ERR_PEER_FORGOTTEN', message: 'The peer was forgotten.', reply: nothing })
  }

  /** Answers everything that waits. */
  #drain(sender: Sender, outcome: Outcome): void {
    for (const lane of sender.lanes.values()) for (const job of lane.drain()) void this.#settle(job, outcome)
    sender.items = 0
    sender.bytes = 0
  }

  /**
   * Takes a payload from an authenticated peer. `answer` is called once, unless a copy of the payload already waits. The body
   * may be a view of a receive buffer: the plugin gets a copy unless it is alone in that buffer.
   */
  receive(src: PeerId, instance: string, payload: PayloadMessage, answer: Answer): void {
    const known = this.#ledger.enter(src, instance, payload.id)
    if (known !== 'new') {
      this.counters.duplicates++
      if (known !== 'pending') void this.#answer(src, answer, known)
      return
    }
    const job: Job = { src, instance, payload: { ...payload, body: owned(payload.body) }, answer }
    const refused = this.#refusal(job)
    if (refused) void this.#settle(job, refused)
    else this.#queue(job)
  }

  /** Why a payload is not taken, if it is not. */
  #refusal({ src, payload: { kind, body } }: Job): Outcome | undefined {
    if (this.#state === 'closed') return stopping()
    if (!isPayloadKind(kind)) return { code: 'ERR_KIND_INVALID', message: 'A payload kind is 1 to 255 printable ASCII characters.', reply: nothing }
    if (body.byteLength > this.#limits.maxPayload) {
      return { code: 'ERR_PAYLOAD_TOO_LARGE', message: `${body.byteLength} bytes are more than the ${this.#limits.maxPayload} allowed.`, reply: nothing }
    }
    if (this.#state === 'open' && this.#claims.find(kind) === undefined) return this.#unclaimed(kind)
    return this.#overloaded(src, kind, body.byteLength)
  }

  #unclaimed(kind: string): Outcome {
    this.counters.unclaimed++
    return { code: 'ERR_KIND_UNCLAIMED', message: `No plugin handles ${kind}.`, reply: nothing }
  }

  #overloaded(src: PeerId, kind: string, size: number): Outcome | undefined {
    const { kindItems, kindBytes, peerItems, peerBytes } = this.#limits
    const sender = this.#senders.get(src)
    const lane = sender?.lanes.get(kind)
    if (!sender) return undefined
    const laneFull = lane && (lane.size >= kindItems || (lane.size > 0 && lane.weight + size > kindBytes))
    const senderFull = sender.items >= peerItems || (sender.items > 0 && sender.bytes + size > peerBytes)
    if (!laneFull && !senderFull) return undefined
    this.counters.overloaded++
    this.#throttle.run((heldBack) => this.#options.log.warn('payloads are refused: a queue is full', { peer: src, kind, waiting: sender.items, heldBack }))
    return {
      code: 'ERR_OVERLOADED',
      message: laneFull ? `${lane.size} payloads of this kind wait already.` : `${sender.items} payloads wait already.`,
      reply: nothing,
    }
  }

  #queue(job: Job): void {
    const { src, payload } = job
    const sender = this.#senders.get(src) ?? { lanes: new Map<string, BoundedQueue<Job>>(), items: 0, bytes: 0 }
    this.#senders.set(src, sender)
    const present = sender.lanes.get(payload.kind)
    const lane = present ?? new BoundedQueue<Job>({ limit: Number.POSITIVE_INFINITY, weigh: (waiting) => waiting.payload.body.byteLength })
    sender.lanes.set(payload.kind, lane)
    lane.push(job)
    sender.items++
    sender.bytes += payload.body.byteLength
    if (!present && this.#state === 'open') this.#start(src, sender, payload.kind)
  }

  #start(src: PeerId, sender: Sender, kind: string): void {
    const lane = sender.lanes.get(kind)
    if (lane) this.#work(src, sender, kind, lane)
  }

  /** Handles one queue until it is empty: in this turn, as far as handlers answer at once, for a promise costs more than a small payload. */
  #work(src: PeerId, sender: Sender, kind: string, lane: BoundedQueue<Job>): void {
    for (let job = lane.shift(); job; job = lane.shift()) {
      // it counts as waiting no longer, but the lane stays: the next one must not overtake it
      sender.items--
      sender.bytes -= job.payload.body.byteLength
      const pending = this.#process(job)
      if (!pending) continue
      const running = pending.then(() => this.#work(src, sender, kind, lane)).finally(() => this.#running.delete(running))
      this.#running.add(running)
      return
    }
    sender.lanes.delete(kind)
    if (sender.lanes.size === 0) this.#senders.delete(src)
  }

  /** Handles and answers; a promise where that takes longer. It never rejects. */
  #process(job: Job): Promise<void> | undefined {
    const handled = this.#handle(job)
    return handled instanceof Promise ? handled.then((outcome) => this.#settle(job, outcome)) : this.#settle(job, handled)
  }

  #handle(job: Job): Outcome | Promise<Outcome> {
    const { src, payload } = job
    const plugin = this.#claims.find(payload.kind)
    if (plugin === undefined) return this.#unclaimed(payload.kind)
    try {
      const reply = this.#options.deliver(plugin, src, payload.kind, payload.body)
      if (!(reply instanceof Promise)) return this.#handled(job, reply)
      return reply.then(
        (late) => this.#handled(job, late),
        (error: unknown) => this.#rejected(job, plugin, error),
      )
    } catch (error) {
      return this.#rejected(job, plugin, error)
    }
  }

  #handled({ payload: { wantsReply } }: Job, reply: Uint8Array | undefined): Outcome {
    this.counters.handled++
    return { code: '', message: '', reply: (wantsReply && reply) || nothing }
  }

  #rejected({ src, payload: { kind } }: Job, plugin: string, error: unknown): Outcome {
    this.counters.rejected++
    this.#options.log.debug('a plugin rejected a payload', { plugin, peer: src, kind, err: error })
    const stopped = isShoalError(error, 'ERR_STOPPING')
    return { code: stopped ? 'ERR_STOPPING' : 'ERR_PAYLOAD_REJECTED', message: ShoalError.from(error).message, reply: nothing }
  }

  #settle({ src, instance, payload, answer }: Job, outcome: Outcome): Promise<void> | undefined {
    this.#ledger.settle(src, instance, payload.id, outcome)
    this.#options.observed?.(payload.kind, outcome.code || 'ok', payload.body.byteLength)
    return this.#answer(src, answer, outcome)
  }

  /** A promise, which never rejects, where the receipt has to wait. */
  #answer(src: PeerId, answer: Answer, outcome: Outcome): Promise<void> | undefined {
    const failed = (error: unknown): void => this.#options.log.debug('a receipt could not be sent', { peer: src, err: error })
    try {
      const sent = answer(outcome)
      return sent instanceof Promise ? sent.catch(failed) : undefined
    } catch (error) {
      failed(error)
      return undefined
    }
  }
}

function stopping(): Outcome {
  return { code: 'ERR_STOPPING', message: 'The node is stopping.', reply: nothing }
}
