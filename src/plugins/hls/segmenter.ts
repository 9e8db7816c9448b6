/** Frames to segments and parts, in a window that is kept. */

import type { Frame } from '../../stream.js'
import { decodeTimeOf } from '../../viewing/continuity.js'
import type { Container, TimedFrame } from './container.js'

/** A part of a segment. */
export interface Part {
  /** µs. */
  readonly duration: number
  /** It begins with a key frame. */
  readonly independent: boolean
  readonly bytes: Uint8Array
}

/** A segment, complete or not. */
export interface Segment {
  readonly sequence: number
  /** Decoding begins anew here. */
  readonly discontinuity: boolean
  readonly independent: boolean
  /** Number of its container, for the initialization segment. */
  readonly container: number
  readonly parts: Part[]
}

/** How segments are cut. Durations are µs. */
export interface SegmenterOptions {
  readonly segmentDuration: number
  /** Infinity = one part for each segment. */
  readonly partDuration: number
  /** Segments that a playlist names. */
  readonly window: number
  /** Number of the first segment. */
  readonly sequence: number
}

/** Segments that are kept behind the window, for players that are about to ask for them. */
const kept = 2

/** A segment without a key frame ends after so much, µs and bytes, because a player cannot begin later and memory is finite. */
const longest = 30_000_000
const largest = 64 * 1024 * 1024

/** Bytes of a whole window; old segments leave it earlier when they are larger. */
const windowBytes = 256 * 1024 * 1024

/** µs of a picture that has no distance to one before; a longer distance is a pause. */
const usualStep = 40_000
const longestStep = 1_000_000

/** µs; a longer distance, and any step back, is a clock that was set anew. As a segment's duration it would hold players up. */
const longestPause = 10_000_000

/** µs that a part may be over what it should be, for clocks that count in ms. */
const tolerance = 2000

/** Cuts the frames of one stream. */
export class Segmenter {
  readonly #options: SegmenterOptions
  readonly #containers = new Map<number, Container>()
  readonly #complete: Segment[] = []
  #container: Container | undefined
  #containerNumber = 0
  #open: Segment | undefined
  #sequence: number
  #pending: TimedFrame[] = []
  #pendingBytes = 0
  #segmentStart = 0
  #partStart = 0
  /** Decode time of the newest frame that decides about cuts, and its distance to the one before. */
  #newest = 0
  #step = usualStep
  #breaks = false
  #discontinuities = 0

  constructor(options: SegmenterOptions) {
    this.#options = options
    this.#sequence = options.sequence
  }

  /** Segments that are complete and in the window, the oldest first. */
  get segments(): readonly Segment[] {
    return this.#complete.slice(-this.#options.window)
  }

  /** The segment that grows; undefined before the first key frame and after the end. */
  get open(): Segment | undefined {
    return this.#open
  }

  /** Number of the segment that comes next or grows. */
  get sequence(): number {
    return this.#sequence
  }

  /** Discontinuities before the first segment of the window. */
  get discontinuitySequence(): number {
    return this.#discontinuities + this.#complete.slice(0, -this.#options.window).filter(({ discontinuity }) => discontinuity).length
  }

  get container(): Container | undefined {
    return this.#container
  }

  /** The container of that number, while segments of it are kept. */
  containerOf(number: number): Container | undefined {
    return this.#containers.get(number)
  }

  /** A segment that is kept, also the one that grows. */
  find(sequence: number): Segment | undefined {
    return this.#open?.sequence === sequence ? this.#open : this.#complete.find((segment) => segment.sequence === sequence)
  }

  /** Goes on with another container, from the next key frame on. */
  turn(container: Container): void {
    this.finish()
    const before = this.#container
    this.#container = container
    if (before && container.follows(before)) {
      this.#containers.set(this.#containerNumber, container)
      return
    }
    this.#breaks = before !== undefined
    this.#containerNumber++
    this.#containers.set(this.#containerNumber, container)
  }

  /** Frames are missing before the next one. */
  gap(): void {
    this.finish()
    this.#breaks = true
  }

  /** Completes what is there. */
  finish(): void {
    if (this.#open) this.#closeSegment(this.#newest + this.#step)
  }

  /** Adds a frame; `shift`: µs added to its times. */
  push(frame: Frame, shift: number): void {
    const leader = this.#container?.tracks[0]
    if (!leader || !this.#container?.tracks.some(({ id }) => id === frame.track)) return
    const key = leader.kind === 'audio' || frame.key
    if (frame.track === leader.id) this.#cut(decodeTimeOf(frame) + shift, key)
    if (!this.#open) return
    this.#pending.push({ frame, shift })
    this.#pendingBytes += frame.data.length
  }

  /** A frame that decides about cuts comes. */
  #cut(time: number, key: boolean): void {
    const step = time - this.#newest
    if (this.#open && (step < 0 || step > longestPause)) this.gap()
    if (this.#open && step > 0 && step <= longestStep) this.#step = step
    if (!this.#open) {
      if (key) this.#openSegment(time, key)
    } else if (this.#isFull(time, key)) {
      this.#closeSegment(time)
      this.#openSegment(time, key)
    } else if (time + this.#step - this.#partStart > this.#options.partDuration + tolerance) this.#closePart(time)
    this.#newest = time
  }

  #isFull(time: number, key: boolean): boolean {
    const duration = time - this.#segmentStart
    if (key && duration >= this.#options.segmentDuration - this.#step / 2) return true
    return duration >= Math.max(longest, this.#options.segmentDuration) || bytesOf(this.#open) + this.#pendingBytes > largest
  }

  #openSegment(time: number, key: boolean): void {
    this.#open = { sequence: this.#sequence, discontinuity: this.#breaks, independent: key, container: this.#containerNumber, parts: [] }
    this.#breaks = false
    this.#segmentStart = time
    this.#partStart = time
  }

  #closePart(end: number): void {
    const [first] = this.#pending
    if (!this.#open || !this.#container || !first) return
    const independent = this.#open.parts.length === 0 ? this.#open.independent : first.frame.key && first.frame.track === this.#container.tracks[0]?.id
    const bytes = this.#container.part(this.#pending, this.#open.parts.length === 0, this.#step)
    this.#open.parts.push({ duration: Math.max(1, end - this.#partStart), independent, bytes })
    this.#pending = []
    this.#pendingBytes = 0
    this.#partStart = end
  }

  #closeSegment(end: number): void {
    this.#closePart(end)
    if (this.#open) this.#complete.push(this.#open)
    this.#open = undefined
    this.#sequence++
    this.#trim()
  }

  #trim(): void {
    const { window } = this.#options
    let bytes = this.#complete.reduce((sum, segment) => sum + bytesOf(segment), 0)
    while (this.#complete.length > window + kept || (bytes > windowBytes && this.#complete.length > 1)) {
      const old = this.#complete.shift()
      bytes -= bytesOf(old)
      if (old?.discontinuity) this.#discontinuities++
    }
    const oldest = this.#complete[0]?.container ?? this.#containerNumber
    for (const number of this.#containers.keys()) if (number < oldest) this.#containers.delete(number)
  }
}

/** Bytes of all parts. */
export function bytesOf(segment: Segment | undefined): number {
  return segment?.parts.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0
}

/** µs of all parts. */
export function durationOf(segment: Segment): number {
  return segment.parts.reduce((sum, { duration }) => sum + duration, 0)
}
