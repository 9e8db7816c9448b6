/** A player of HTTP-FLV that notes what it gets, and comes back when its connection ends. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../../src/cli/client.js'

/** A video frame as it came. */
interface Seen {
  /** Monotonic ms. */
  readonly at: number
  readonly key: boolean
  /** Hash of its content. */
  readonly content: string
}

/** A place in the stream where frames are missing. */
export interface Gap {
  /** When the next frame came, monotonic ms. */
  readonly at: number
  /** Is the next frame one at which a decoder can begin? */
  readonly key: boolean
  /** Content of that frame, and of the one before the gap. */
  readonly content: string
  readonly before: string
}

/** Bytes of an FLV header with its first PreviousTagSize, and of what surrounds a tag's body. */
const fileHeader = 13
const tagHeader = 11
const trailer = 4

const clipFile = new URL('../../examples/sample.flv', import.meta.url)

/** Reads one stream of one node until it is closed. */
export class Viewer {
  readonly #client: Client
  readonly #path: string
  readonly #ending = new AbortController()
  readonly #running: Promise<void>
  readonly #seen: Seen[] = []
  /** When the last byte came, monotonic ms. */
  lastByte = Number.NEGATIVE_INFINITY

  constructor(client: Client, path: string) {
    this.#client = client
    this.#path = path
    this.#running = this.#run(this.#ending.signal)
  }

  /** The first video frame that came at or after a time; undefined when there is none yet. */
  firstSince(time: number): Seen | undefined {
    return this.#seen.find(({ at }) => at >= time)
  }

  /** Video frames that came. */
  get frames(): number {
    return this.#seen.length
  }

  /** Where the bundled clip did not go on with its next frame, from a time on. */
  gapsSince(time: number): Gap[] {
    const successors = successorsOf(videoOf(readFileSync(clipFile)))
    return this.#seen.flatMap((frame, index) => {
      const before = this.#seen[index - 1]
      const isGap = frame.at >= time && before !== undefined && !successors.get(before.content)?.has(frame.content)
      return isGap ? [{ ...frame, before: before.content }] : []
    })
  }

  /** The longest time without a frame from a time until now, ms. */
  longestPause(time: number): number {
    const times = [time, ...this.#seen.map(({ at }) => at).filter((at) => at >= time), performance.now()]
    return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)))
  }

  /** Frames of the bundled clip that are missing from a time on; whole rounds of the clip do not show. */
  lostSince(time: number): number {
    const clip = videoOf(readFileSync(clipFile))
    const place = new Map(clip.map(({ content }, index) => [content, index]))
    const missing = this.gapsSince(time).map(({ before, content }) => {
      const step = (place.get(content) ?? 0) - (place.get(before) ?? 0) - 1
      return ((step % clip.length) + clip.length) % clip.length
    })
    return missing.reduce((sum, count) => sum + count, 0)
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#read(signal)
      } catch {
        // there is no stream now, or its end
      }
      await sleep(100, undefined, { signal }).catch(() => {})
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0)
    let head = true
    for await (const chunk of await this.#client.open(`/${this.#path}.flv`, signal)) {
      this.lastByte = performance.now()
      rest = Buffer.concat([rest, chunk as Buffer])
      if (head && rest.length < fileHeader) continue
      const { frames, used } = readTags(rest, head ? fileHeader : 0)
      head = false
      rest = rest.subarray(used)
      for (const frame of frames) this.#seen.push({ ...frame, at: this.lastByte })
    }
  }
}

type VideoFrame = Omit<Seen, 'at'>

/** The whole video tags from an offset on, without configuration, and where they end. */
function readTags(bytes: Buffer, from: number): { frames: VideoFrame[]; used: number } {
  const frames: VideoFrame[] = []
  let at = from
  while (at + tagHeader <= bytes.length) {
    const end = at + tagHeader + bytes.readUIntBE(at + 1, 3)
    if (end + trailer > bytes.length) break
    const body = bytes.subarray(at + tagHeader, end)
    // AVC NALUs only (E.4.3.1): frame type in the high half byte, then 1 for a picture
    if (bytes[at] === 9 && body[1] === 1)
      frames.push({ key: (body.readUInt8(0) & 0xf0) === 0x10, content: createHash('sha1').update(body.subarray(5)).digest('hex') })
    at = end + trailer
  }
  return { frames, used: at }
}

function videoOf(file: Buffer): VideoFrame[] {
  return readTags(file, fileHeader).frames
}

/** What may come after each content of a clip that is played in a loop. */
function successorsOf(frames: readonly VideoFrame[]): Map<string, Set<string>> {
  const successors = new Map<string, Set<string>>()
  for (const [index, { content }] of frames.entries()) {
    const next = frames[(index + 1) % frames.length]
    if (next) successors.set(content, (successors.get(content) ?? new Set()).add(next.content))
  }
  return successors
}
