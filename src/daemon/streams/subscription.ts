/** The reading end of a stream. */

import { ShoalError } from '../../errors.js'
import type { Frame, SubscribeOptions, Subscription, Track } from '../../stream.js'
import { monotonic } from '../util/wait.js'
import { Cursor, type Position } from './cursor.js'
import type { Entry } from './group.js'
import { onAbort } from './on-abort.js'
import type { Batch, Ring } from './ring.js'
import { later } from './timer.js'
import { kindBits, maskOf, type TrackSet } from './tracks.js'

/** How the daemon's own rooms read. */
export interface HubSubscribeOptions extends SubscribeOptions {
  /** Go on after this frame, where the publication is still the same; at the next group kept where it is not; otherwise `start` counts. */
  readonly resume?: Position
}

/** A reader as the daemon's own rooms see it. */
export interface HubSubscription extends Subscription {
  /** The publication that the last batch came from, as {@link Hub.epoch} gives it. */
  readonly epoch: number
  /** Nothing is missing after the frame that was asked for. */
  readonly resumed: boolean
  /** Aborted when the subscription is over: `signal.reason` is the error the reader gets, or `ERR_ABORTED` after a regular end. */
  readonly signal: AbortSignal
  /** The same frames as by iteration, with their places. Use one of both. */
  entries(): AsyncIterable<readonly Entry[]>
}

/** One reader in lists. */
export interface ReaderInfo {
  readonly path: string
  readonly reader: string
  /** ms: age of the oldest frame it has not taken. */
  readonly behind: number
  /** Frames it missed because it was late. */
  readonly dropped: number
  /** Wall clock, ms since 1970. */
  readonly since: number
  /** Bytes of frame data handed out. */
  readonly bytesOut: number
}

/** What a reader needs of its stream. */
export interface ReaderHome {
  readonly path: string
  readonly ring: Ring
  /** Tracks of the present publication, or of the last one. */
  readonly tracks: TrackSet
  /** Epoch at the origin of the present publication. */
  readonly originEpoch: number | undefined
  /** Asks to be offered what comes next, until `offer` says that it no longer waits. */
  enlist(reader: Reader): void
  /** Asks the publisher for a key frame. */
  wantKey(): void
  skipped(frames: number): void
  left(reader: Reader, reason: unknown): void
}

/** Result of an iteration that is over. */
const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** A waiting `next()`, or a `deliver()` that waits for its next batch. */
interface Pending {
  /** True: it waits for another one. */
  give(batch: Batch): boolean
  finish(result: IteratorReturnResult<undefined>): void
  fail(error: unknown): void
}

/**
 * One reader of one stream; stays when the publisher changes.
 *
 * After a takeover, or when a publisher returned, the reader first gets what is left of the old publication, then
 * `generation` rises, and the next frame is a key frame (any frame, in a stream without video). Timestamps may restart.
 */
export class Reader implements HubSubscription {
  readonly path: string
  readonly reader: string
  /** Wall clock, for people. */
  readonly since = Date.now()
  /** As {@link SubscribeOptions.batch}; absent also where sound is wanted alone, which has no picture to wait for. */
  readonly batch: number | undefined
  tracks: readonly Track[]
  /** The set that `tracks` was taken from. */
  #set: TrackSet
  generation = 0
  epoch: number
  bytesOut = 0
  readonly #home: ReaderHome
  readonly #mask: number
  readonly #wait: number
  readonly #cursor: Cursor
  #pending: Pending | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #over = false
  /** Not yet given to the reader. */
  #error: unknown
  #outcome: unknown
  /** Set when the stream has ended for this reader, and it only empties what is left. */
  #ending: { readonly reason: unknown } | undefined
  #cancelWait: (() => void) | undefined
  /** Monotonic ms of the last batch. */
  #taken = monotonic()
  /** Monotonic ms since which data waits and is not taken. Kept while the ring moves on, which makes the oldest unread frame younger. */
  #stalled: number | undefined
  #controller: AbortController | undefined
  readonly #unlisten: () => void

  constructor(home: ReaderHome, options: HubSubscribeOptions & { maxLatency: number }) {
    this.#home = home
    this.path = home.path
    this.reader = options.reader ?? 'reader'
    this.#mask = maskOf(options.tracks)
    this.#wait = options.wait ?? 0
    this.batch = options.batch === 0 && (this.#mask & kindBits.video) === 0 ? undefined : options.batch
    const { maxLatency, start } = options
    const resume = options.resume?.epoch === home.originEpoch ? options.resume : undefined
    this.#cursor = new Cursor(home.ring, { mask: this.#mask, maxLatency, start, resume }, monotonic())
    const set = this.#cursor.tracks ?? home.tracks
    this.#set = set
    this.tracks = set.filter(this.#mask)
    this.epoch = set.epoch
    this.#unlisten = onAbort(options.signal, () => this.close())
  }

  get dropped(): number {
    return this.#cursor.dropped
  }

  /** Does it begin with a picture that is not there yet? */
  get waitsForKey(): boolean {
    return this.#cursor.waits && (this.#mask & kindBits.video) !== 0 && this.#home.tracks.primary !== undefined
  }

  get resumed(): boolean {
    return this.#cursor.resumed
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#over && !this.#controller.signal.aborted) this.#controller.abort(this.#reason())
    return this.#controller.signal
  }

  #reason(): unknown {
    return this.#outcome ?? new ShoalError('ERR_ABORTED', `The subscription of ${this.path} is over.`)
  }

  info(): ReaderInfo {
    const { path, reader, dropped, since, bytesOut } = this
    return { path, reader, behind: Math.round(this.#cursor.behind(monotonic())), dropped, since, bytesOut }
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly Frame[], undefined> {
    return this.#iterate((batch) => batch.frames)
  }

  entries(): AsyncIterable<readonly Entry[]> {
    return { [Symbol.asyncIterator]: () => this.#iterate<readonly Entry[]>((batch) => batch.slots) }
  }

  #iterate<T>(pick: (batch: Batch) => T): AsyncIterator<T, undefined> {
    return {
      next: () => this.#next(pick),
      return: async () => {
        this.close()
        return over
      },
    }
  }

  #next<T>(pick: (batch: Batch) => T): Promise<IteratorResult<T, undefined>> {
    if (this.#pending) {
      const again = (): Promise<IteratorResult<T, undefined>> => this.#next(pick)
      const turn = this.#turn.then(again, again)
      this.#turn = turn
      return turn
    }
    const batch = this.#over ? undefined : this.#take(monotonic())
    if (batch) return Promise.resolve({ done: false, value: pick(batch) })
    this.#settleEnd()
    if (this.#over) return this.#last()
    const next = new Promise<IteratorResult<T, undefined>>((resolve, reject) => {
      const give = (due: Batch): boolean => {
        resolve({ done: false, value: pick(due) })
        return false
      }
      this.#await({ give, finish: resolve, fail: reject })
    })
    this.#turn = next
    return next
  }

  #await(pending: Pending): void {
    this.#pending = pending
    this.#home.enlist(this)
  }

  deliver(take: (frames: readonly Frame[]) => void | Promise<number | void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        this.close()
        reject(error)
      }
      const give = (batch: Batch): boolean => {
        try {
          const wait = take(batch.frames)
          if (!wait) return true
          wait.then(goOn, fail)
        } catch (error) {
          fail(error)
        }
        return false
      }
      const pending: Pending = { give, finish: () => resolve(), fail: reject }
      const goOn = (freshness: number | void): void => {
        if (freshness !== undefined) this.#cursor.freshen(freshness, monotonic())
        if (this.#over) return void this.#last().then(() => resolve(), reject)
        this.#await(pending)
        this.offer()
        this.#settleEnd()
      }
      goOn()
    })
  }

  /** What an iteration gets that comes after the end: the error once, then nothing. */
  #last(): Promise<IteratorReturnResult<undefined>> {
    const error = this.#error
    this.#error = undefined
    return error === undefined ? Promise.resolve(over) : Promise.reject(error)
  }

  #take(now: number): Batch | undefined {
    const before = this.#cursor.dropped
    const batch = this.#cursor.take(now)
    if (this.#cursor.dropped !== before) this.#home.skipped(this.#cursor.dropped - before)
    if (!batch) return undefined
    this.#stalled = undefined
    this.#taken = now
    this.bytesOut += batch.bytes
    this.#follow(batch.tracks)
    return batch
  }

  /** Makes `tracks` those of the batch that is handed out next. */
  #follow(set: TrackSet): void {
    if (set === this.#set) return
    this.#set = set
    const list = set.filter(this.#mask)
    const same =
      set.epoch === this.epoch && (list === this.tracks || (list.length === this.tracks.length && list.every((track, at) => track === this.tracks[at])))
    if (same) return
    this.tracks = list
    this.epoch = set.epoch
    this.generation++
  }

  /** Hands out what is due at `now`, monotonic ms, to whoever waits for it. False: nobody waits any more. */
  offer(now: number = monotonic()): boolean {
    const pending = this.#pending
    if (!pending) return false
    for (let batch = this.#take(now); batch; batch = this.#take(now)) {
      // not waiting while it is served: what it does then may end this, or ask for more
      this.#pending = undefined
      if (!pending.give(batch)) return this.#pending !== undefined
      if (this.#over) return this.#deliverEnd(pending)
      this.#pending = pending
    }
    return true
  }

  /** It ended while a batch was handed over. */
  #deliverEnd(pending: Pending): false {
    this.#last().then(pending.finish, pending.fail)
    return false
  }

  /** The publisher is gone: waits for its return as long as was asked for, otherwise ends with what is left. */
  publisherEnded(reason: unknown): void {
    if (this.#over || this.#ending) return
    if (this.#wait <= 0) this.#end(reason)
    else this.#cancelWait ??= later(this.#wait, () => this.#end(reason))
  }

  publisherReturned(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
  }

  #end(reason: unknown): void {
    this.#ending = { reason }
    this.#cursor.end(monotonic())
    this.offer()
    this.#settleEnd()
  }

  /** Finishes once everything is taken. */
  #settleEnd(): void {
    if (this.#ending && !this.#cursor.pending) this.finish(this.#ending.reason)
  }

  /** Has it left data lying for `limit` ms? Called about once a second. */
  isStalled(now: number, limit: number): boolean {
    if (!this.#cursor.pending) this.#stalled = undefined
    else this.#stalled ??= now - Math.min(this.#cursor.behind(now), now - this.#taken)
    return this.#stalled !== undefined && now - this.#stalled >= limit
  }

  wantKey(): void {
    if (!this.#over) this.#home.wantKey()
  }

  get hasUnread(): boolean {
    return this.#cursor.pending
  }

  close(): void {
    this.finish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** Ends at once, whatever is unread; a reason reaches the reader as an error. Idempotent. */
  finish(reason?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#error = reason
    this.#outcome = reason
    this.publisherReturned()
    this.#unlisten()
    this.#home.left(this, reason)
    this.#controller?.abort(this.#reason())
    const pending = this.#pending
    this.#pending = undefined
    if (!pending) return
    this.#error = undefined
    if (reason === undefined) pending.finish(over)
    else pending.fail(reason)
  }
}
