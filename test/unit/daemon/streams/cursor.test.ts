import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Budget } from '../../../../src/daemon/streams/budget.js'
import { Cursor, maxBatchBytes } from '../../../../src/daemon/streams/cursor.js'
import type { Slot } from '../../../../src/daemon/streams/group.js'
import { Ring } from '../../../../src/daemon/streams/ring.js'
import { kindBits, TrackSet } from '../../../../src/daemon/streams/tracks.js'
import type { SubscribeOptions, Track } from '../../../../src/stream.js'
import { audio, frame, text, video } from './media.js'

const limits = { time: 10_000, bytes: 20_000 }

/** What was kept, as the test remembers it. */
interface Written {
  readonly seq: number
  readonly track: Track
  readonly key: boolean
  readonly tracks: TrackSet
  readonly turn: number
}

interface ModelReader {
  readonly cursor: Cursor
  readonly mask: number
  readonly got: Slot[]
  /** Losses counted up to the last frame it got. */
  dropped: number
}

/** A ring, a model of it, and readers whose every batch is checked against the model. */
class Model {
  now = 0
  turns = 0
  readonly written: Written[] = []
  readonly readers: ModelReader[] = []
  readonly ring: Ring
  readonly hasVideo: boolean
  tracks: TrackSet

  constructor(budget: Budget, hasVideo: boolean) {
    this.ring = new Ring(limits, budget)
    this.hasVideo = hasVideo
    this.tracks = new TrackSet(hasVideo ? [video, audio, text] : [audio, text], 1)
  }

  write(track: Track, key: boolean, size: number): void {
    if (track.kind === 'video' && !this.hasVideo) return
    const seq = this.ring.seq
    const kept = this.ring.append(frame(track, this.now, key, size), kindBits[track.kind], this.tracks, this.now)
    if (kept) this.written.push({ seq, track, key, tracks: this.tracks, turn: this.turns })
  }

  /** A codec change, of audio. */
  update(): void {
    this.tracks = this.tracks.with({ ...audio, sampleRate: (this.tracks.list.find((one) => one.id === audio.id)?.sampleRate ?? 0) + 1 })
  }

  /** A new publisher. */
  turn(): void {
    this.turns++
    this.tracks = new TrackSet(this.tracks.list, this.turns + 1)
    this.ring.turn(this.now)
  }

  join(mask: number, start: SubscribeOptions['start'], maxLatency: number): void {
    this.readers.push({ mask, got: [], dropped: 0, cursor: new Cursor(this.ring, { mask, start, maxLatency }, this.now) })
  }

  read(index: number): void {
    const reader = this.readers[index % Math.max(1, this.readers.length)]
    const batch = reader?.cursor.take(this.now)
    if (!reader || !batch) return
    expect(batch.slots.length).toBeGreaterThan(0)
    expect(batch.frames).toEqual(batch.slots.map((slot) => slot.frame))
    expect(new Set(batch.slots.map((slot) => slot.tracks)).size).toBe(1)
    for (const slot of batch.slots) this.#check(reader, slot)
  }

  #check(reader: ModelReader, slot: Slot): void {
    const known = this.written[slot.seq]
    expect(known?.tracks).toBe(slot.tracks)
    expect(slot.kind & reader.mask).not.toBe(0)
    const last = reader.got.at(-1)
    if (last) expect(slot.seq).toBeGreaterThan(last.seq)
    const between = this.#wanted(reader, last ? last.seq + 1 : slot.seq, slot.seq)
    const isGap = last === undefined || between > 0 || this.written[last.seq]?.turn !== known?.turn
    // the first frame and the first one after a gap can be decoded by themselves
    if (isGap && reader.mask & 1 && this.hasVideo) expect(slot).toMatchObject({ kind: 1, frame: { key: true } })
    // every loss is counted, and nothing else
    if (last) expect(reader.cursor.dropped - reader.dropped).toBe(between)
    reader.dropped = reader.cursor.dropped
    reader.got.push(slot)
  }

  /** Frames a reader wants, from one number up to another. */
  #wanted(reader: ModelReader, from: number, to: number): number {
    return this.written.slice(from, to).filter((one) => kindBits[one.track.kind] & reader.mask).length
  }

  /** Bytes that can be reached through the ring. */
  kept(): number {
    let bytes = 0
    for (let number = this.ring.first; number < this.ring.next; number++) {
      const group = this.ring.group(number)
      bytes += 256
      for (let index = group?.base ?? 0; index < (group?.end ?? 0); index++) bytes += 256 + (group?.get(index)?.frame.data.byteLength ?? 0)
    }
    return bytes
  }
}

type Command = (model: Model) => void

const size = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 500 }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 25_000 }) })
const write = fc.tuple(fc.constantFrom(video, video, video, audio, text), fc.integer({ min: 0, max: 9 }), size).map(
  ([track, dice, bytes]): Command =>
    (model) =>
      model.write(track, track.kind !== 'video' || dice === 0, bytes),
)
/** Time passes in steps in which video is never silent for long: what happens then has its own test. */
const pass = fc.integer({ min: 0, max: 900 }).map(
  (ms): Command =>
    (model) => {
      model.now += ms
      model.write(video, false, 10)
    },
)
const read = fc.nat({ max: 20 }).map(
  (index): Command =>
    (model) =>
      model.read(index),
)
const start = fc.oneof(
  fc.constantFrom<SubscribeOptions['start']>('latest', 'next-key', undefined),
  fc.integer({ min: 0, max: 2e7 }).map((buffered) => ({ buffered })),
)
const join = fc.tuple(fc.integer({ min: 1, max: 7 }), start, fc.constantFrom(0, 100, 3000, Number.POSITIVE_INFINITY)).map(
  ([mask, at, latency]): Command =>
    (model) =>
      model.join(mask, at, latency),
)
const rare = fc.constantFrom<Command>(
  (model) => model.update(),
  (model) => model.turn(),
)
const commands = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: write },
    { weight: 3, arbitrary: pass },
    { weight: 8, arbitrary: read },
    { weight: 2, arbitrary: join },
    { weight: 1, arbitrary: rare },
  ),
  { minLength: 20, maxLength: 300, size: 'max' },
)

describe('ring and cursors', () => {
  it('hand out frames in order, each at most once, gaps end at key frames, losses are counted, the bounds hold', () => {
    let delivered = 0
    let dropped = 0
    fc.assert(
      fc.property(commands, commands, fc.boolean(), (one, other, hasVideo) => {
        const budget = new Budget(30_000)
        const models = [new Model(budget, hasVideo), new Model(budget, true)] as const
        for (let at = 0; at < Math.max(one.length, other.length); at++) {
          one[at]?.(models[0])
          other[at]?.(models[1])
          for (const { ring } of models) expect(ring.bytes).toBeLessThanOrEqual(limits.bytes)
          expect(budget.total).toBeLessThanOrEqual(budget.limit)
          expect(budget.total).toBe(models[0].ring.bytes + models[1].ring.bytes)
        }
        for (const model of models) {
          expect(model.kept()).toBe(model.ring.bytes)
          for (const { got, cursor } of model.readers) {
            delivered += got.length
            dropped += cursor.dropped
          }
          model.ring.clear()
        }
        expect(budget.total).toBe(0)
      }),
      { numRuns: 150 },
    )
    // the property has seen both
    expect(delivered).toBeGreaterThan(1000)
    expect(dropped).toBeGreaterThan(1000)
  })

  it('drops groups by age, but not the newest', () => {
    const model = new Model(new Budget(1e9), true)
    for (let at = 0; at <= 30_000; at += 1000) {
      model.now = at
      model.write(video, at % 2000 === 0, 10)
    }
    expect(model.ring.first).toBe(10)
    model.now = 100_000
    model.write(video, false, 10)
    expect(model.ring.next - model.ring.first).toBe(1)
    expect(model.ring.join(7, true)?.group.end).toBe(2)
  })

  it('trims one huge group, closes it for joining, and takes readers inside it to the next key frame', () => {
    const model = new Model(new Budget(1e9), true)
    model.write(video, true, 100)
    model.join(7, 'latest', Number.POSITIVE_INFINITY)
    model.join(7, 'latest', Number.POSITIVE_INFINITY)
    model.read(0)
    for (let at = 0; at < 200; at++) model.write(video, false, 1000)
    expect(model.ring.bytes).toBeLessThanOrEqual(limits.bytes)
    expect(model.ring.join(7, true)).toBeUndefined()
    model.read(1)
    expect(model.readers[1]?.got).toHaveLength(0)
    model.write(video, true, 100)
    model.read(1)
    expect(model.readers[1]?.got).toHaveLength(1)
    expect(model.readers[1]?.cursor.dropped).toBe(201)
  })

  it('takes nothing from a reader near live when a key frame follows a group as large as the bound', () => {
    const model = new Model(new Budget(1e9), true)
    model.write(video, true, 100)
    model.join(7, 'latest', 3000)
    for (let at = 0; at < 100; at++) {
      model.write(video, false, 1000)
      if (at < 97) model.read(0)
    }
    model.write(video, true, 5000)
    model.read(0)
    expect(model.readers[0]?.got).toHaveLength(102)
    expect(model.ring.bytes).toBeLessThanOrEqual(limits.bytes)
  })

  it('ends a batch at a quarter of a megabyte', () => {
    const ring = new Ring({ time: 10_000, bytes: 32e6 }, new Budget(1e9))
    const tracks = new TrackSet([video], 1)
    for (let at = 0; at < 8; at++) ring.append(frame(video, at, at === 0, 75_000), 1, tracks, 0)
    const cursor = new Cursor(ring, { mask: 7, start: 'latest', maxLatency: 3000 }, 0)
    const sizes = [0, 1, 2].map(() => cursor.take(0)?.bytes ?? 0)
    expect(sizes).toEqual([225_000, 225_000, 150_000])
    expect(maxBatchBytes).toBe(262_144)
    expect(cursor.take(0)).toBeUndefined()
  })

  it('gives readers at the same place the same batch', () => {
    const model = new Model(new Budget(1e9), true)
    model.write(video, true, 10)
    model.write(audio, true, 10)
    const make = (mask: number): Cursor => new Cursor(model.ring, { mask, start: 'latest', maxLatency: 3000 }, 0)
    const [a, b, other] = [make(7), make(7), make(1)]
    const batch = a.take(0)
    expect(b.take(0)).toBe(batch)
    expect(other.take(0)).not.toBe(batch)
    expect(a.take(0)).toBeUndefined()
    expect(b.take(0)).toBeUndefined()
    // but never less than what is due
    model.write(video, false, 10)
    expect(a.take(0)?.frames).toHaveLength(1)
    model.write(video, false, 10)
    expect(b.take(0)?.frames).toHaveLength(2)
  })

  it('can be joined near live by its audio while video is silent, and withholds what needs an unseen key frame', () => {
    const model = new Model(new Budget(1e9), true)
    model.write(video, true, 10)
    for (let at = 0; at < 9000; at += 200) {
      model.now = at
      model.write(audio, true, 10)
    }
    model.join(7, 'latest', 3000)
    const { cursor } = model.readers[0] ?? {}
    const first = cursor?.take(model.now)
    const early = new Cursor(model.ring, { mask: 7, start: { buffered: 1e12 }, maxLatency: 3000 }, model.now)
    expect(early.take(model.now)?.slots[0]?.kind).toBe(1)
    expect(first?.slots[0]?.kind).toBe(2)
    expect(first?.slots.length).toBeLessThanOrEqual(6)
    model.write(video, false, 10)
    expect(early.take(model.now)?.slots.map((slot) => slot.kind)).toEqual([1])
    expect(cursor?.take(model.now)).toBeUndefined()
    model.write(video, true, 10)
    model.write(video, false, 10)
    expect(cursor?.take(model.now)?.slots.map((slot) => slot.frame.key)).toEqual([true, false])
  })

  it('starts groups at the first video track only, and withholds the second until its own key frame', () => {
    const second: Track = { ...video, id: 9 }
    const ring = new Ring(limits, new Budget(1e9))
    const tracks = new TrackSet([video, second], 1)
    const append = (track: Track, key: boolean): boolean => ring.append(frame(track, 0, key), 1, tracks, 0)
    expect(append(second, true)).toBe(false)
    append(video, true)
    expect(append(second, false)).toBe(false)
    append(second, true)
    append(video, true)
    append(second, false)
    const cursor = new Cursor(ring, { mask: 7, start: 'latest', maxLatency: 3000 }, 0)
    expect(cursor.take(0)?.frames.map((one) => one.track)).toEqual([1])
    append(second, true)
    append(second, false)
    expect(cursor.take(0)?.frames.map((one) => [one.track, one.key])).toEqual([
      [9, true],
      [9, false],
    ])
    expect(ring.next).toBe(2)
  })
})
