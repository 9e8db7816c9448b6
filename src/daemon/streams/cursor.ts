/** Where a reader stands in a ring, and what is due to it. Numbers only: a cursor keeps no frame alive. */

import type { Frame, SubscribeOptions } from '../../stream.js'
import type { Slot } from './group.js'
import type { Batch, Place, Ring } from './ring.js'
import type { TrackSet } from './tracks.js'

/** Bytes after which a batch ends; more is due at once only after a join. It bounds what a stuck reader holds beside the ring. */
export const maxBatchBytes = 256 * 1024

/** A frame of one publication, by its place at the origin, to go on after. */
export interface Position {
  /** Of the publication at the origin. */
  readonly epoch: number
  readonly group: number
  readonly index: number
}

/** How a cursor reads. */
export interface CursorOptions {
  /** Kinds wanted, as bits. */
  readonly mask: number
  /** ms the oldest unread frame may be old; frames that were there when the reader joined count from then. */
  readonly maxLatency: number
  readonly start: SubscribeOptions['start']
  /** Goes on after this frame if it is kept; otherwise at the next group at the origin that is, or as `start` says. */
  readonly resume?: { readonly group: number; readonly index: number } | undefined
}

/**
 * A reader's place: `position` counts the wanted frames of the path that are behind it, handed out or skipped, so that
 * losses are told by subtraction however many groups the ring has dropped meanwhile.
 */
export class Cursor {
  /** Wanted frames skipped because the reader was late. */
  dropped = 0
  /** Does it go on right after the frame that was asked for? */
  readonly resumed: boolean
  /** Was there no place to begin, so that it waits for the next key frame? */
  readonly waits: boolean
  readonly #ring: Ring
  readonly #mask: number
  readonly #maxLatency: number
  #group = 0
  #index = 0
  #position = 0
  /** `seq` of the frame where it last joined: what needs older frames is not handed out. */
  #from = 0
  #joined = 0
  /** Waits for a place to begin: `first`: the first one from group `#seekFrom`; `later`: the same, after a loss; `newest`: the newest one, after a loss. */
  #seek: 'first' | 'later' | 'newest' | undefined
  #seekFrom = 0
  /** `position` at which the stream ends for this reader. */
  #limit = Number.POSITIVE_INFINITY

  constructor(ring: Ring, options: CursorOptions, now: number) {
    this.#ring = ring
    this.#mask = options.mask
    this.#maxLatency = options.maxLatency
    const { resume } = options
    const resumed = resume && ring.after(resume.group, resume.index)
    this.resumed = resumed !== undefined
    const place = resumed ?? (resume && ring.joinLater(options.mask, resume.group)) ?? this.#startPlace(options.start)
    this.waits = place === undefined
    if (place) this.#move(place, now)
    else this.#awaitGroup(now)
    if (resumed) this.#from = 0
  }

  #startPlace(start: SubscribeOptions['start']): Place | undefined {
    if (start === 'next-key') return this.#ring.live(this.#mask)
    if (typeof start === 'object') return this.#ring.joinBack(this.#mask, start.buffered)
    return this.#ring.join(this.#mask, true)
  }

  /** Begins at the next group. What comes before it in a group that is still written to is not known yet. */
  #awaitGroup(now: number): void {
    if (this.#ring.isOpen) this.#seek = 'first'
    this.#seekFrom = this.#ring.next
    this.#group = this.#ring.next
    this.#from = this.#ring.seq
    this.#position = this.#ring.written.of(this.#mask)
    this.#joined = now
  }

  #move(place: Place, now: number): void {
    const { group, index } = place
    this.#seek = undefined
    this.#group = group.number
    this.#index = index
    this.#from = group.get(index)?.seq ?? this.#ring.seq
    this.#position = group.before(index, this.#mask)
    this.#joined = now
  }

  /** Moves ahead and counts what lies between. */
  #skip(place: Place, now: number): void {
    const before = this.#position
    this.#move(place, now)
    this.dropped += Math.max(0, this.#position - before)
  }

  /** Ends the stream, for this reader, with what is written now. */
  end(now: number): void {
    this.#find(now)
    this.#limit = Math.min(this.#limit, this.#ring.written.of(this.#mask))
  }

  /** Is anything due? */
  get pending(): boolean {
    const due = Math.min(this.#ring.written.of(this.#mask), this.#limit) > this.#position
    if (!this.#seek) return due
    return this.#limit === Number.POSITIVE_INFINITY && this.#seekPlace() !== undefined
  }

  /** Age in ms of the oldest frame that is due; 0 when none is. */
  behind(now: number): number {
    return this.pending ? now - (this.#peek()?.arrived ?? now) : 0
  }

  /** The tracks of the next frame, where it is known. */
  get tracks(): TrackSet | undefined {
    return this.#seek ? undefined : this.#peek()?.tracks
  }

  /** Everything that is due, up to {@link maxBatchBytes} and to the next change of tracks; undefined when nothing is. */
  take(now: number): Batch | undefined {
    const run = this.#takeRun(now - this.#maxLatency)
    if (run) return run
    if (!this.#settle(now) || !this.#peek()) return undefined
    return this.#takeRun(Number.NEGATIVE_INFINITY) ?? this.#takeNew()
  }

  /** Finds the place to read from; false when there is nothing to read. */
  #settle(now: number): boolean {
    if (!this.pending) return false
    if (!this.#seek && this.#position < this.#ring.lost(this.#mask)) this.#seek = 'newest'
    if (!this.#find(now)) return false
    const slot = this.#peek()
    if (slot && now - Math.max(slot.arrived, this.#joined) > this.#maxLatency) this.#catchUp(now)
    return true
  }

  /** Ends the search for a place, if there is one to begin. */
  #find(now: number): boolean {
    if (!this.#seek) return true
    const place = this.#limit === Number.POSITIVE_INFINITY ? this.#seekPlace() : undefined
    if (!place) return false
    // a reader that waited for the group is late from its beginning on
    if (this.#seek === 'first') this.#move(place, Math.min(now, place.group.opened))
    else this.#skip(place, now)
    return true
  }

  #seekPlace(): Place | undefined {
    // after a loss, all that is kept lies ahead
    return this.#seek === 'newest' ? this.#ring.join(this.#mask, false) : this.#ring.joinAfter(this.#mask, this.#seekFrom)
  }

  /** Skips to a group that is at most `age` ms old, or to the next one, where the oldest frame that is due is older than that. */
  freshen(age: number, now: number): void {
    if (this.#seek || this.#limit !== Number.POSITIVE_INFINITY || this.behind(now) <= age) return
    const newest = this.#ahead(this.#ring.join(this.#mask, false))
    const isFresh = newest !== undefined && now - newest.group.opened <= age
    this.#seek = 'later'
    this.#seekFrom = isFresh ? newest.group.number : this.#ring.next
  }

  /** To the newest join point, if that is ahead. */
  #catchUp(now: number): void {
    const place = this.#limit === Number.POSITIVE_INFINITY ? this.#ahead(this.#ring.join(this.#mask, false)) : undefined
    if (place) this.#skip(place, now)
  }

  #ahead(place: Place | undefined): Place | undefined {
    if (!place) return undefined
    const { number } = place.group
    return number > this.#group || (number === this.#group && place.index > this.#index) ? place : undefined
  }

  /** The next wanted frame. Moves over unwanted ones. */
  #peek(): Slot | undefined {
    const ring = this.#ring
    if (this.#group < ring.first) {
      this.#group = ring.first
      this.#index = 0
    }
    for (let group = ring.group(this.#group); group; group = ring.group(++this.#group)) {
      this.#index = Math.max(this.#index, group.base)
      for (let slot = group.get(this.#index); slot; slot = group.get(++this.#index)) if (slot.kind & this.#mask) return slot
      if (this.#group + 1 >= ring.next) return undefined
      this.#index = 0
    }
    return undefined
  }

  /** The run that another reader has taken from this very place, if it begins with a frame of `oldest` or later: readers that are up to date stand together. */
  #takeRun(oldest: number): Batch | undefined {
    if (this.#seek || this.#limit !== Number.POSITIVE_INFINITY) return undefined
    const run = this.#ring.runFrom(this.#group, this.#index, this.#mask)
    if (!run || run.needs < this.#from || run.arrived < oldest) return undefined
    this.#group = run.endGroup
    this.#index = run.endIndex
    this.#position += run.batch.slots.length
    return run.batch
  }

  #takeNew(): Batch | undefined {
    const slots: Slot[] = []
    let bytes = 0
    let needs = Number.POSITIVE_INFINITY
    let withheld = 0
    const first = this.#peek()
    const start = { group: this.#group, index: this.#index }
    for (let slot = first; slot && this.#position < this.#limit; slot = this.#peek()) {
      if (slot.needs >= this.#from) {
        const size = slot.frame.data.byteLength
        if (slots.length > 0 && (slot.tracks !== slots[0]?.tracks || bytes + size > maxBatchBytes)) break
        slots.push(slot)
        bytes += size
        needs = Math.min(needs, slot.needs)
      } else withheld++
      this.#position++
      this.#index++
    }
    const oldest = slots[0]
    if (!oldest) return undefined
    const { arrived, tracks } = oldest
    const batch: Batch = { slots, frames: slots.map(frameOf), tracks, bytes }
    const run = { ...start, mask: this.#mask, seq: this.#ring.seq, needs, arrived, endGroup: this.#group, endIndex: this.#index, batch }
    if (withheld === 0) this.#ring.share(run)
    return batch
  }
}

function frameOf(slot: Slot): Frame {
  return slot.frame
}
