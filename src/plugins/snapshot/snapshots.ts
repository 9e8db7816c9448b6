/** Pictures of streams: made once for all who ask, few at a time. */

import { ShoalError } from '../../errors.js'
import { fragment, toSample } from '../../media/mp4/fragment.js'
import { initSegment } from '../../media/mp4/init-segment.js'
import { chooseMp4Tracks } from '../../media/mp4/track.js'
import type { PluginContext } from '../../plugin.js'
import type { Frame, Subscription, Track } from '../../stream.js'
import { checkChoice } from '../../viewing/format.js'
import type { SnapshotConfig } from './config.js'
import { decodePicture } from './decode-picture.js'

/** What snapshots need of their plugin's context. */
export type SnapshotParts = Pick<PluginContext<SnapshotConfig>, 'config' | 'signal'> & { readonly streams: Pick<PluginContext['streams'], 'subscribe'> }

/** Pictures that are kept; the one asked for longest ago goes first. */
const maxKept = 64
/** Requests that may wait for a free process. */
const maxWaiting = 32

interface Kept {
  readonly frame: Frame
  readonly picture: Uint8Array
  /** Monotonic, ms. */
  readonly made: number
}

/** The width in `?width=`, in pixels. Throws `ERR_REQUEST_INVALID`. */
export function widthIn(query: URLSearchParams): number | undefined {
  const text = query.get('width')
  if (text === null) return undefined
  const width = Number(text)
  if (/^\d{2,4}$/.test(text) && width >= 16 && width <= 4096) return width
  throw new ShoalError('ERR_REQUEST_INVALID', 'width takes 16 to 4096 pixels.')
}

/** Makes and keeps them. */
export class Snapshots {
  readonly #ctx: SnapshotParts
  readonly #kept = new Map<string, Kept>()
  readonly #making = new Map<string, Promise<Uint8Array>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(ctx: SnapshotParts) {
    this.#ctx = ctx
  }

  /**
   * The newest key frame as a JPEG, in its own size or `width` pixels wide. Rejects as `subscribe` of the streams does, and with `ERR_CODEC_UNSUPPORTED`,
   * `ERR_PROGRAM_MISSING`, `ERR_OVERLOADED`, `ERR_MEDIA_INVALID`.
   */
  of(path: string, width?: number): Promise<Uint8Array> {
    const key = `${width ?? ''} ${path}`
    const kept = this.#kept.get(key)
    if (kept && performance.now() - kept.made < this.#ctx.config.interval) return Promise.resolve(kept.picture)
    const making = this.#making.get(key) ?? this.#make(path, width, key).finally(() => this.#making.delete(key))
    this.#making.set(key, making)
    return making
  }

  async #make(path: string, width: number | undefined, key: string): Promise<Uint8Array> {
    const { frame, track } = await this.#newest(path)
    const kept = this.#kept.get(key)
    const picture = kept?.frame === frame ? kept.picture : await this.#decode(frame, track, width)
    this.#kept.delete(key)
    this.#kept.set(key, { frame, picture, made: performance.now() })
    for (const oldest of this.#kept.keys()) if (this.#kept.size > maxKept) this.#kept.delete(oldest)
    return picture
  }

  /** The newest key frame, with the track that it needs. */
  async #newest(path: string): Promise<{ frame: Frame; track: Track }> {
    const { streams, config, signal } = this.#ctx
    await using subscription = await streams.subscribe(path, { tracks: ['video'], wait: config.wait, signal, reader: 'snapshot' })
    checkChoice('A snapshot', chooseMp4Tracks(subscription.tracks))
    // a stream whose publisher is silent would be waited for without an end
    const timer = setTimeout(() => subscription.close(), Math.max(1000, config.wait))
    try {
      return await firstKey(subscription)
    } finally {
      clearTimeout(timer)
    }
  }

  async #decode(frame: Frame, track: Track, width: number | undefined): Promise<Uint8Array> {
    const { config, signal } = this.#ctx
    await this.#enter()
    try {
      return await decodePicture({ program: config.ffmpeg, clip: clipOf(frame, track), signal, ...(width !== undefined && { width }) })
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running >= this.#ctx.config.processes) {
      if (this.#waiting.length >= maxWaiting) throw new ShoalError('ERR_OVERLOADED', 'Too many pictures are asked for at once.')
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#running++
  }
}

async function firstKey(subscription: Subscription): Promise<{ frame: Frame; track: Track }> {
  for await (const frames of subscription) {
    const frame = frames.find(({ key }) => key)
    const track = subscription.tracks.find(({ id }) => id === frame?.track)
    if (frame && track) return { frame, track }
  }
  throw new ShoalError('ERR_STREAM_NOT_FOUND', `The stream ${subscription.path} had no picture.`)
}

/** An MP4 of one frame, which ffmpeg reads from a pipe. */
function clipOf(frame: Frame, track: Track): Uint8Array {
  const { carried } = chooseMp4Tracks([track])
  const [first] = carried
  if (!first) throw new ShoalError('ERR_CODEC_UNSUPPORTED', `A snapshot does not carry ${track.codec}.`)
  const sample = { ...toSample(first, frame, 0, 40_000), decodeTime: 0, composition: 0 }
  return Buffer.concat([initSegment(carried), ...fragment(1, [{ track: first, samples: [sample] }])])
}
