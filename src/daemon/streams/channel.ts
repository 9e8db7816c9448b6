/** One path: its ring, its readers, its publisher of the moment, and those who wait for one. */

import type { Frame } from '../../stream.js'
import { monotonic } from '../util/wait.js'
import type { OriginPlace } from './group.js'
import { Lane } from './lane.js'
import type { HubPublication, PublicationHome } from './publication.js'
import type { Ring } from './ring.js'
import type { Reader, ReaderHome } from './subscription.js'
import { type KindBit, TrackSet } from './tracks.js'

/** What a channel tells its hub. */
export interface ChannelHome {
  /** Something was written that a reader waits for: call `flush` in this turn of the event loop. */
  dirty(channel: Channel): void
  ended(channel: Channel, publication: HubPublication, reason: unknown): void
  left(channel: Channel, reader: Reader, reason: unknown): void
  skipped(channel: Channel, frames: number): void
  /** Somebody came or went: readers, or those who wait. */
  demandChanged(channel: Channel): void
}

/** Outlives its publications as long as somebody reads or waits. */
export class Channel implements PublicationHome, ReaderHome {
  readonly path: string
  readonly ring: Ring
  readonly readers = new Set<Reader>()
  publication: HubPublication | undefined
  /** Frames that late readers missed. */
  framesDropped = 0
  isDirty = false
  /** What demand listeners were told last. */
  isWanted = false
  /** Those who wait for a publisher: called once it has tracks. */
  readonly #waiters = new Set<() => void>()
  readonly #home: ChannelHome
  #tracks = new TrackSet([], 0)
  /** Readers that wait for frames, by what they let frames wait. */
  readonly #lanes = new Map<number | undefined, Lane>()
  #unreadSince: number | undefined = monotonic()

  constructor(path: string, ring: Ring, home: ChannelHome) {
    this.path = path
    this.ring = ring
    this.#home = home
  }

  get subscribers(): number {
    return this.readers.size
  }

  /** Readers and those who wait to become one. */
  get demand(): number {
    return this.readers.size + this.#waiters.size
  }

  get unreadSince(): number | undefined {
    return this.#unreadSince
  }

  get tracks(): TrackSet {
    return this.#tracks
  }

  get originEpoch(): number | undefined {
    return this.publication?.originEpoch
  }

  /** Can be read: there is a publisher that has told its tracks. */
  get isReady(): boolean {
    return this.publication !== undefined && this.publication.tracks.length > 0
  }

  get isUnused(): boolean {
    return this.publication === undefined && this.demand === 0
  }

  /** A publisher begins; the readers of the former one stay. */
  begin(publication: HubPublication): void {
    this.publication = publication
    this.ring.turn(monotonic())
    for (const reader of [...this.readers]) reader.publisherReturned()
    this.updated(publication)
  }

  updated(publication: HubPublication): void {
    if (this.publication !== publication) return
    this.#tracks = publication.trackSet
    if (!this.isReady) return
    for (const waiter of [...this.#waiters]) waiter()
  }

  ended(publication: HubPublication, reason: unknown): void {
    if (this.publication !== publication) return
    this.publication = undefined
    this.ring.turn(monotonic())
    this.#home.ended(this, publication, reason)
    for (const reader of [...this.readers]) reader.publisherEnded(reason)
    this.tidy()
  }

  append(frame: Frame, kind: KindBit, tracks: TrackSet, now: number, place?: OriginPlace): void {
    if (!this.ring.append(frame, kind, tracks, now, place)) return
    const pictures = tracks.primary !== undefined
    let due = false
    for (const lane of this.#lanes.values()) due = lane.came(kind, pictures, now) || due
    if (due && !this.isDirty) this.#home.dirty(this)
  }

  enlist(reader: Reader): void {
    let lane = this.#lanes.get(reader.batch)
    if (!lane) {
      lane = new Lane(reader.batch, () => this.flush())
      this.#lanes.set(reader.batch, lane)
    }
    lane.add(reader)
  }

  /** Serves the readers to whom something is due. */
  flush(): void {
    this.isDirty = false
    for (const lane of this.#lanes.values()) if (lane.isDue) lane.flush()
  }

  add(reader: Reader): void {
    this.readers.add(reader)
    this.#unreadSince = undefined
    this.#home.demandChanged(this)
  }

  left(reader: Reader, reason: unknown): void {
    if (!this.readers.delete(reader)) return
    this.#leaveLane(reader)
    if (this.readers.size === 0) this.#unreadSince = monotonic()
    this.#home.left(this, reader, reason)
    this.#home.demandChanged(this)
  }

  #leaveLane(reader: Reader): void {
    const lane = this.#lanes.get(reader.batch)
    lane?.delete(reader)
    if (lane?.isEmpty) this.#lanes.delete(reader.batch)
  }

  /** Calls `ready` once there is a publisher with tracks. Returns the undo. */
  wait(ready: () => void): () => void {
    const waiter = (): void => {
      ready()
      cancel()
    }
    const cancel = (): void => {
      if (this.#waiters.delete(waiter)) this.#home.demandChanged(this)
    }
    this.#waiters.add(waiter)
    this.#home.demandChanged(this)
    return cancel
  }

  wantKey(): void {
    this.publication?.wantKey()
  }

  skipped(frames: number): void {
    this.framesDropped += frames
    this.#home.skipped(this, frames)
  }

  /** Lets go of what a former publication left, once every reader has it. */
  tidy(): void {
    if (!this.publication && ![...this.readers].some((reader) => reader.hasUnread)) this.ring.clear()
  }
}
