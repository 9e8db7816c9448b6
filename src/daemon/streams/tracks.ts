/** Tracks: their rules, and the set of them that is valid at one point of a stream. */

import { hash } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { Track, TrackKind } from '../../stream.js'

/** A kind as one bit, so that the kinds a reader wants are one number. */
export type KindBit = 1 | 2 | 4

/** Bits of the kinds. */
export const kindBits: Readonly<Record<TrackKind, KindBit>> = { video: 1, audio: 2, data: 4 }

/** Every kind. */
export const allKinds = 7

/** Tracks a stream may have; so do the records between nodes (proto/stream.proto). */
export const maxTracks = 16

const maxDescription = 65_536

/** The bits of `kinds`; all where none are given. */
export function maskOf(kinds: readonly TrackKind[] | undefined): number {
  return kinds ? kinds.reduce((mask, kind) => mask | (kindBits[kind] ?? 0), 0) : allKinds
}

/** Throws `ERR_TRACKS_INVALID` for a track that breaks the rules of {@link Track}. */
export function checkTrack(track: Track): void {
  const fault = faultOf(track)
  if (fault) throw new ShoalError('ERR_TRACKS_INVALID', `A track is wrong: ${fault}.`)
}

function faultOf(track: Track): string | undefined {
  if (typeof track !== 'object' || track === null) return 'it is no object'
  if (!Number.isInteger(track.id) || track.id < 1 || track.id > 65_535) return 'its id is not an integer from 1 to 65535'
  if (!Object.hasOwn(kindBits, track.kind)) return 'its kind is not video, audio or data'
  if (typeof track.codec !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(track.codec)) return 'its codec is not 1 to 64 printable ASCII characters'
  const { description } = track
  if (description !== undefined && !(description instanceof Uint8Array && description.length <= maxDescription))
    return 'its description is not up to 64 KiB of bytes'
  for (const name of ['width', 'height', 'sampleRate', 'channels'] as const) {
    const value = track[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff)) return `its ${name} is not a natural number`
  }
  return undefined
}

/** Do both say the same of one track? */
function sameTrack(a: Track, b: Track): boolean {
  const plain = (['id', 'kind', 'codec', 'width', 'height', 'sampleRate', 'channels'] as const).every((name) => a[name] === b[name])
  return plain && Buffer.compare(a.description ?? new Uint8Array(), b.description ?? new Uint8Array()) === 0
}

/** A track as bytes that only an equal track has: numbers of four bytes, then texts and bytes after their length. */
function canonical({ id, kind, codec, description, width = 0, height = 0, sampleRate = 0, channels = 0 }: Track): Buffer {
  const texts = [Buffer.from(kind), Buffer.from(codec), description ?? new Uint8Array()]
  const numbers = [id, width, height, sampleRate, channels, ...texts.map(({ byteLength }) => byteLength)]
  const head = Buffer.alloc(numbers.length * 4)
  for (const [at, number] of numbers.entries()) head.writeUInt32BE(number, at * 4)
  return Buffer.concat([head, ...texts])
}

/** The tracks of a publication between two changes. Immutable; every frame in the ring refers to the set it was written under. */
export class TrackSet {
  readonly list: readonly Track[]
  /** The publication they belong to. */
  readonly epoch: number
  /** The video track whose key frames start groups: the first one. */
  readonly primary: number | undefined
  readonly #kinds: ReadonlyMap<number, KindBit>
  readonly #filtered = new Map<number, readonly Track[]>()
  #digest: Uint8Array | undefined

  /** Throws `ERR_TRACKS_INVALID`. */
  constructor(list: readonly Track[], epoch: number) {
    if (!Array.isArray(list) || list.length > maxTracks) throw new ShoalError('ERR_TRACKS_INVALID', `A stream has at most ${maxTracks} tracks.`)
    for (const track of list) checkTrack(track)
    this.list = Object.freeze([...list])
    this.epoch = epoch
    this.#kinds = new Map(this.list.map((track) => [track.id, kindBits[track.kind]]))
    if (this.#kinds.size !== list.length) throw new ShoalError('ERR_TRACKS_INVALID', 'Two tracks have the same id.')
    this.primary = this.list.find((track) => track.kind === 'video')?.id
  }

  /** Kind of a track; undefined when there is no such track. */
  kindOf(id: number): KindBit | undefined {
    return this.#kinds.get(id)
  }

  /** SHA-256 over everything the tracks say, whatever their order: what a seal binds a frame to. */
  get digest(): Uint8Array {
    this.#digest ??= hash('sha256', Buffer.concat([...this.list].sort((a, b) => a.id - b.id).map(canonical)), 'buffer')
    return this.#digest
  }

  /** The tracks of the kinds in `mask`. The same array every time. */
  filter(mask: number): readonly Track[] {
    if (mask === allKinds) return this.list
    let list = this.#filtered.get(mask)
    if (!list) {
      list = Object.freeze(this.list.filter((track) => (kindBits[track.kind] & mask) !== 0))
      this.#filtered.set(mask, list)
    }
    return list
  }

  /** The set with `track` changed or added; this set when that changes nothing. Throws `ERR_TRACKS_INVALID`. */
  with(track: Track): TrackSet {
    checkTrack(track)
    const at = this.list.findIndex((known) => known.id === track.id)
    const known = this.list[at]
    if (!known) return new TrackSet([...this.list, track], this.epoch)
    if (sameTrack(known, track)) return this
    if (known.kind !== track.kind) throw new ShoalError('ERR_TRACKS_INVALID', `Track ${track.id} cannot turn from ${known.kind} to ${track.kind}.`)
    return new TrackSet(this.list.with(at, track), this.epoch)
  }
}
