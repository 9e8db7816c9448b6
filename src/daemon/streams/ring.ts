/** The ring of groups of one stream. */

import type { Frame } from '../../stream.js'
import type { Budget } from './budget.js'
import { Deque } from './deque.js'
import { Counts, Group, type OriginPlace, overhead, type Slot, weightOf } from './group.js'
import type { KindBit, TrackSet } from './tracks.js'

/** What a ring keeps at most. */
export interface RingLimits {
  /** ms. A group goes when its newest frame is older. The newest group stays. */
  readonly time: number
  /** Bytes, always kept to. */
  readonly bytes: number
}

/** ms (by arrival and by timestamp) after which a group without video is followed by the next. */
const rollAfter = 1000

/** ms without a frame of the primary video track after which the others start groups by time, so that they can be joined near live. */
const videoSilence = 5000

/** ms of frames that a reader who may join anywhere gets at once. */
const recent = 1000

/** Runs kept at a time: readers that are served together stand at very few places. */
const maxRuns = 8

/** A place in the ring. */
export interface Place {
  readonly group: Group
  readonly index: number
}

/** A run of frames that starts at (group, index): shared by all readers that stand there. */
export interface Run {
  readonly group: number
  readonly index: number
  readonly mask: number
  /** Frames of the path when it was made. */
  readonly seq: number
  /** The smallest `needs` in it. */
  readonly needs: number
  /** When its oldest frame was written, monotonic ms. */
  readonly arrived: number
  readonly endGroup: number
  readonly endIndex: number
  readonly batch: Batch
}

/** Frames handed out together; all of one track set. */
export interface Batch {
  readonly slots: readonly Slot[]
  readonly frames: readonly Frame[]
  readonly tracks: TrackSet
  /** Of frame data. */
  readonly bytes: number
}

/**
 * Groups, oldest first, within two bounds. Knows no reader: a cursor finds its place by numbers, so that nobody keeps
 * alive what the ring has dropped.
 */
export class Ring {
  /** Frames kept so far by kind, also those dropped since. */
  readonly written = new Counts()
  /** Number of the next group. */
  next = 0
  /** Number of the next frame. */
  seq = 0
  bytes = 0
  /** The runs that end with the newest frame. */
  #runs: Run[] = []
  readonly #limits: RingLimits
  readonly #budget: Budget
  readonly #groups = new Deque<Group>()
  /** The group that frames are added to. */
  #open: Group | undefined
  /** First group of the present publication. */
  #epochStart = 0
  #newestTimestamp = 0
  #videoAt = 0
  /** Track → `seq` of its last key frame. */
  readonly #keys = new Map<number, number>()

  constructor(limits: RingLimits, budget: Budget) {
    this.#limits = limits
    this.#budget = budget
  }

  /** Number of the oldest group kept; `next` when there is none. */
  get first(): number {
    return this.next - this.#groups.length
  }

  /** Is there a group that frames are added to? */
  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Frames of `mask` that came before the oldest one kept. */
  lost(mask: number): number {
    return (this.#groups.at(0)?.floor ?? this.written).of(mask)
  }

  /** The run from a place for readers of `mask`, if one was made since the newest frame came. */
  runFrom(group: number, index: number, mask: number): Run | undefined {
    // no closure: this is asked for each reader and batch
    for (const run of this.#runs) if (run.index === index && run.group === group && run.mask === mask && run.seq === this.seq) return run
    return undefined
  }

  /** Keeps a run for those who come to the same place. */
  share(run: Run): void {
    if (this.#runs[0]?.seq !== run.seq) this.#runs = []
    if (this.#runs.length < maxRuns) this.#runs.push(run)
  }

  group(number: number): Group | undefined {
    return this.#groups.at(number - this.first)
  }

  /** A publication begins or ends: what comes next is a new group, and earlier groups are not joined any more. */
  turn(now: number): void {
    this.#open = undefined
    this.#epochStart = this.next
    this.#videoAt = now
    this.#keys.clear()
  }

  /**
   * Keeps a frame. Frames that nobody could decode (before the first key frame) are dropped. False: dropped. The groups of a copy
   * are those of its origin, at `place`.
   */
  append(frame: Frame, kind: KindBit, tracks: TrackSet, now: number, place?: OriginPlace): boolean {
    const opens = place ? this.#followsGroup(frame, kind, place) : this.#opensGroup(frame, kind, tracks, now)
    if (opens) this.#openGroup(kind, now)
    const group = this.#open
    if (!group) return false
    if (kind === 1 && frame.key) this.#keys.set(frame.track, this.seq)
    const needs = kind === 1 ? this.#keys.get(frame.track) : this.seq
    if (needs === undefined) return false
    const { number, end: index } = group
    const { group: originGroup, index: originIndex, seal } = place ?? { group: number, index, seal: undefined }
    const slot: Slot = { frame, group: number, index, originGroup, originIndex, arrived: now, kind, tracks, seq: this.seq++, needs, seal }
    group.push(slot)
    this.written.add(kind)
    this.#newestTimestamp = frame.timestamp
    this.#weigh(weightOf(slot))
    this.#bound(now)
    return true
  }

  #opensGroup(frame: Frame, kind: KindBit, tracks: TrackSet, now: number): boolean {
    const silent = tracks.primary === undefined || now - this.#videoAt > videoSilence
    if (kind === 1) {
      const primary = frame.track === tracks.primary
      if (primary) this.#videoAt = now
      return frame.key && (primary || silent)
    }
    const open = this.#open
    if (!open || open.lead === 1) return silent
    return now - open.opened >= rollAfter || frame.timestamp - (open.first?.frame.timestamp ?? frame.timestamp) >= rollAfter * 1000
  }

  /** Does a copied frame begin another group than the one before it? Not one that nobody could decode. */
  #followsGroup(frame: Frame, kind: KindBit, place: OriginPlace): boolean {
    if (kind === 1 && !frame.key && !this.#keys.has(frame.track)) return false
    return this.#open?.last?.originGroup !== place.group
  }

  #openGroup(lead: KindBit, now: number): void {
    this.#open = new Group({ number: this.next++, lead, opened: now, before: this.written })
    this.#groups.push(this.#open)
    this.#budget.opened(this.#open, this)
    this.#weigh(overhead)
  }

  #weigh(bytes: number): void {
    this.bytes += bytes
    this.#budget.add(bytes)
  }

  #bound(now: number): void {
    while (this.#groups.length > 1 && (this.#groups.at(0)?.last?.arrived ?? 0) < now - this.#limits.time) this.#evict()
    while (this.bytes > this.#limits.bytes && this.shed()) {}
    if (this.#budget.total > this.#budget.limit) this.#budget.enforce()
  }

  /**
   * Drops the oldest group. The two newest lose their oldest frames one by one instead: readers near live stand in them, and
   * would miss frames at each key frame of a stream whose groups are as large as the bound.
   */
  shed(): boolean {
    const oldest = this.#groups.at(0)
    if (!oldest) return false
    if (this.#groups.length <= 2) {
      const slot = oldest.shift()
      if (slot) {
        this.#runs = []
        this.#weigh(-weightOf(slot))
        return true
      }
      if (this.#groups.length === 1) return false
    }
    this.#evict()
    return true
  }

  #evict(): void {
    const group = this.#groups.shift()
    if (!group) return
    this.#runs = []
    this.#budget.dropped(group)
    this.#weigh(-group.bytes)
  }

  /** Drops everything. */
  clear(): void {
    this.#open = undefined
    while (this.#groups.length > 0) this.#evict()
  }

  /** The newest place where a reader of `mask` may begin; `fresh`: of the present publication only. */
  join(mask: number, fresh: boolean): Place | undefined {
    const group = this.#groups.last
    if (!group || (fresh && group.number < this.#epochStart)) return undefined
    const index = group.join(mask, recent)
    return index === undefined ? undefined : { group, index }
  }

  /** The first place to begin in group `from` or later. */
  joinAfter(mask: number, from: number): Place | undefined {
    for (let number = Math.max(from, this.first); number < this.next; number++) {
      const group = this.group(number)
      const index = group?.join(mask, Number.POSITIVE_INFINITY)
      if (group && index !== undefined) return { group, index }
    }
    return undefined
  }

  /** The newest group start of the present publication that is at least `span` µs of media back, or the oldest one. */
  joinBack(mask: number, span: number): Place | undefined {
    let found: Place | undefined
    for (let number = this.next - 1; number >= Math.max(this.first, this.#epochStart); number--) {
      const group = this.group(number)
      const index = group?.join(mask, Number.POSITIVE_INFINITY)
      if (!group || index === undefined) continue
      found = { group, index }
      if (this.#newestTimestamp - (group.get(index)?.frame.timestamp ?? 0) >= span) return found
    }
    return found
  }

  /** The place after a frame of the present publication, by its place at the origin, if nothing after it was dropped. */
  after(group: number, index: number): Place | undefined {
    for (let number = this.next - 1; number >= Math.max(this.first, this.#epochStart); number--) {
      const found = this.group(number)
      const first = found?.first
      if (!found || !first || first.originGroup > group) continue
      const at = first.originGroup === group ? found.after(index) : undefined
      return at === undefined ? undefined : { group: found, index: at }
    }
    return undefined
  }

  /** The oldest place to begin in a group that comes later at the origin. */
  joinLater(mask: number, group: number): Place | undefined {
    for (let number = Math.max(this.first, this.#epochStart); number < this.next; number++) {
      const found = this.group(number)
      const index = (found?.first?.originGroup ?? -1) > group ? found?.join(mask, Number.POSITIVE_INFINITY) : undefined
      if (found && index !== undefined) return { group: found, index }
    }
    return undefined
  }

  /** The place of the next frame, when a reader of `mask` may begin at any. */
  live(mask: number): Place | undefined {
    const group = this.#open
    return group && (group.lead !== 1 || (mask & 1) === 0) ? { group, index: group.end } : undefined
  }
}
