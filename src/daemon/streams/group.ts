/** Groups: the unit in which a stream is joined, skipped and dropped. */

import type { Frame } from '../../stream.js'
import { Deque } from './deque.js'
import type { KindBit, TrackSet } from './tracks.js'

/** Where a copied frame stands at its origin, and the origin's seal of it. */
export interface OriginPlace {
  readonly group: number
  readonly index: number
  readonly seal?: Uint8Array | undefined
}

/** One frame with its place in the stream. */
export interface Entry {
  readonly frame: Frame
  /** Number of its group: rises by one from group to group of a path, also across publications. */
  readonly group: number
  /** Place in its group, from 0. */
  readonly index: number
  /** Its place at the origin: the same, where this node is the origin. */
  readonly originGroup: number
  readonly originIndex: number
  /** When it was written, monotonic ms. */
  readonly arrived: number
  /** The tracks it was written under. */
  readonly tracks: TrackSet
  /** The origin's seal: as it came, or made when the frame first goes to a peer. */
  seal: Uint8Array | undefined
}

/** An entry as the ring keeps it. */
export interface Slot extends Entry {
  readonly kind: KindBit
  /** Counts the frames of a path. */
  readonly seq: number
  /** `seq` of the oldest frame one must have to decode this one: of the last key frame for a video delta frame, its own otherwise. */
  readonly needs: number
}

/** Bytes counted for a frame beside its data, and for a group: what the objects around them take. */
export const overhead = 256

/** Bytes a frame counts in the ring. */
export function weightOf(slot: Slot): number {
  return slot.frame.data.byteLength + overhead
}

/** Numbers of frames by kind. */
export class Counts {
  #video: number
  #audio: number
  #data: number

  constructor(from?: Counts) {
    this.#video = from?.of(1) ?? 0
    this.#audio = from?.of(2) ?? 0
    this.#data = from?.of(4) ?? 0
  }

  add(kind: KindBit): void {
    if (kind === 1) this.#video++
    else if (kind === 2) this.#audio++
    else this.#data++
  }

  /** Frames of the kinds in `mask`. */
  of(mask: number): number {
    return (mask & 1 ? this.#video : 0) + (mask & 2 ? this.#audio : 0) + (mask & 4 ? this.#data : 0)
  }
}

/** Consecutive frames that begin at a join point. A group that lost its oldest part to the byte bound cannot be joined at video any more. */
export class Group {
  readonly number: number
  /** Kind of the frame that opened it. */
  readonly lead: KindBit
  /** Monotonic ms. */
  readonly opened: number
  /** Frames of the path before the oldest one kept here. */
  readonly floor: Counts
  /** Index of the oldest frame kept. */
  base = 0
  bytes = overhead
  readonly #slots = new Deque<Slot>()

  constructor(init: { number: number; lead: KindBit; opened: number; before: Counts }) {
    this.number = init.number
    this.lead = init.lead
    this.opened = init.opened
    this.floor = new Counts(init.before)
  }

  /** Index of the next frame. */
  get end(): number {
    return this.base + this.#slots.length
  }

  get first(): Slot | undefined {
    return this.#slots.at(0)
  }

  get last(): Slot | undefined {
    return this.#slots.last
  }

  get(index: number): Slot | undefined {
    return this.#slots.at(index - this.base)
  }

  push(slot: Slot): void {
    this.#slots.push(slot)
    this.bytes += weightOf(slot)
  }

  /** Index here of the frame that comes after `index` at the origin; undefined when neither of both is kept. */
  after(index: number): number | undefined {
    for (let at = this.end - 1; at >= this.base; at--) {
      const place = this.get(at)?.originIndex ?? -1
      if (place === index + 1) return at
      if (place <= index) return place === index ? at + 1 : undefined
    }
    return undefined
  }

  /** Drops the oldest frame. */
  shift(): Slot | undefined {
    const slot = this.#slots.shift()
    if (!slot) return undefined
    this.base++
    this.bytes -= weightOf(slot)
    this.floor.add(slot.kind)
    return slot
  }

  /** May a reader of `mask` begin here, and where? One that wants video: at the key frame. Any other: at the frames of the last `recent` ms. */
  join(mask: number, recent: number): number | undefined {
    if (this.lead === 1 && mask & 1) return this.base === 0 ? 0 : undefined
    const { last } = this
    if (!last) return undefined
    let low = this.base
    let high = this.end - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.get(middle)?.arrived ?? 0) >= last.arrived - recent) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Frames of `mask` in the path before `index`. */
  before(index: number, mask: number): number {
    let count = this.floor.of(mask)
    for (let at = this.base; at < index; at++) if ((this.get(at)?.kind ?? 0) & mask) count++
    return count
  }
}
