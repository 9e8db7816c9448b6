/** A publisher of pictures and sounds that carry their number, at the pace of a camera. */

import type { Frame, Publication, Track } from '../../src/stream.js'
import { audio, numberIn, picture, sound, video } from '../unit/viewing/media.js'
import type { TestNode } from './nodes.js'

/** How a source is. Times in µs. */
export interface SourceOptions {
  /** Where its clock begins. */
  readonly start?: number
  /** After so many pictures the clock goes on elsewhere. */
  readonly jump?: { readonly after: number; readonly by: number }
  readonly kinds?: readonly ('video' | 'audio')[]
  /** Two of three pictures are shown in another order than they are decoded. */
  readonly reordered?: boolean
  /** Bytes of a picture. */
  readonly size?: number
}

/** µs between pictures and between sounds. */
export const pictureStep = 40_000
const soundStep = (1024 * 1e6) / 44_100

/** Pictures between key frames. */
export const groupSize = 25

/** µs. */
export function pictureTime(n: number, { start = 0, jump, reordered = false }: SourceOptions): { readonly decoded: number; readonly shown: number } {
  const decoded = start + n * pictureStep + (jump && n >= jump.after ? jump.by : 0)
  // I P B B P B B …: the pictures of the two B are shown before the P that they need
  const place = n % groupSize
  const delay = place === 0 ? pictureStep : place % 3 === 1 ? 3 * pictureStep : 0
  return { decoded, shown: reordered ? decoded + delay : decoded }
}

/** µs. */
export function soundTime(n: number, { start = 0, jump }: SourceOptions): number {
  const time = Math.round(n * soundStep)
  return start + time + (jump && time >= jump.after * pictureStep ? jump.by : 0)
}

/** Publishes until it is stopped. */
export class StampedSource {
  readonly options: SourceOptions
  /** Numbers of what comes next. */
  pictures = 0
  sounds = 0
  /** When each picture was handed over, ms. */
  readonly handed: number[] = []
  readonly #publication: Publication
  readonly #began = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(node: TestNode, path: string, options: SourceOptions = {}) {
    this.options = options
    this.#publication = node.probe.ctx.streams.publish(path, this.tracks)
    this.#timer = setInterval(() => this.#due(), 20)
    this.#due()
  }

  get tracks(): readonly Track[] {
    const kinds: readonly string[] = this.options.kinds ?? ['video', 'audio']
    return [video, audio].filter(({ kind }) => kinds.includes(kind))
  }

  /** Another picture codec configuration, from the next key frame on. */
  update(track: Track): void {
    this.#publication.update(track)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#publication.close()
  }

  /** Writes what is due, in the order of decode times. */
  #due(): void {
    const now = (performance.now() - this.#began) * 1000
    for (;;) {
      const [nextPicture, nextSound] = [this.pictures * pictureStep, this.sounds * soundStep]
      if (Math.min(nextPicture, nextSound) > now) return
      if (nextPicture <= nextSound) this.#picture(this.pictures++)
      else this.#sound(this.sounds++)
    }
  }

  #picture(n: number): void {
    const { decoded, shown } = pictureTime(n, this.options)
    this.handed.push(performance.now())
    this.#write({ ...picture(n, this.options.size), timestamp: shown, ...(shown !== decoded && { decodeTime: decoded }) })
  }

  #sound(n: number): void {
    this.#write({ ...sound(n), timestamp: soundTime(n, this.options), data: stampedSound(n) })
  }

  #write(frame: Frame): void {
    if (this.tracks.some(({ id }) => id === frame.track)) this.#publication.write(frame)
  }
}

/** A sound with its number, in bytes that are never 0. */
function stampedSound(n: number): Uint8Array {
  return Uint8Array.of(0x21, ...[0, 7, 14].map((shift) => 0x80 | ((n >> shift) & 0x7f)))
}

/** The number of a frame of this source. */
export function numberOf(frame: Frame, kind: 'video' | 'audio'): number {
  return kind === 'video' ? numberIn(frame.data.subarray(4)) : [1, 2, 3].reduce((sum, at) => sum + (((frame.data[at] ?? 0) & 0x7f) << (7 * (at - 1))), 0)
}
