/** Frames, tracks and readers for the tests of streams. */

import { vi } from 'vitest'
import { Hub, type HubOptions, type HubPublication, type HubPublishOptions, type HubSubscription } from '../../../../src/daemon/streams/hub.js'
import type { Frame, StreamEvent, Track } from '../../../../src/stream.js'
import { type MemoryLog, memoryLog } from '../../../../src/testing/memory-log.js'

export const video: Track = { id: 1, kind: 'video', codec: 'avc1.64001f', description: new Uint8Array([1, 100, 0, 31]), width: 1280, height: 720 }
export const audio: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', sampleRate: 48_000, channels: 2 }
export const text: Track = { id: 3, kind: 'data', codec: 'text' }

/** A frame of `size` bytes; `at` in ms. */
export function frame(track: Track, at: number, key = track.kind !== 'video', size = 100): Frame {
  return { track: track.id, timestamp: at * 1000, key, data: new Uint8Array(size) }
}

/** A hub with its log, on fake timers: `vi.useFakeTimers()` comes first. */
export function newHub(options: Partial<HubOptions> = {}): { hub: Hub; log: MemoryLog } {
  const log = memoryLog()
  return { hub: new Hub({ node: 'node-1', log, ...options }), log }
}

/** Publishes video and audio as `test`. */
export function publish(hub: Hub, path = 'live/cam', options: Partial<HubPublishOptions> = {}, tracks: readonly Track[] = [video, audio]): HubPublication {
  return hub.publish(path, tracks, { publisher: 'test', ...options })
}

/** Writes `count` video frames, one each `step` ms of fake time, a key frame each `gop`; returns them. */
export async function film(
  publication: HubPublication,
  count: number,
  options: { gop?: number; step?: number; size?: number; from?: number } = {},
): Promise<Frame[]> {
  const { gop = 10, step = 40, size = 100, from = 0 } = options
  const frames: Frame[] = []
  for (let at = from; at < from + count; at++) {
    const one = frame(video, at * step, at % gop === 0, size)
    publication.write(one)
    frames.push(one)
    await vi.advanceTimersByTimeAsync(step)
  }
  return frames
}

/** What a reader got, while it runs. */
export interface Collected {
  readonly frames: Frame[]
  readonly batches: (readonly Frame[])[]
  /** Generation at each batch. */
  readonly generations: number[]
  ended: boolean
  error: unknown
}

/** Reads as fast as it can. */
export function collect(subscription: HubSubscription): Collected {
  const got: Collected = { frames: [], batches: [], generations: [], ended: false, error: undefined }
  void (async () => {
    try {
      for await (const batch of subscription) {
        got.frames.push(...batch)
        got.batches.push(batch)
        got.generations.push(subscription.generation)
      }
    } catch (error) {
      got.error = error
    }
    got.ended = true
  })()
  return got
}

/** Listens from now on. */
export function listen(hub: Hub): StreamEvent[] {
  const events: StreamEvent[] = []
  const iterator = hub.events()
  void (async () => {
    for await (const event of iterator) events.push(event)
  })()
  return events
}

/** One turn of the event loop. */
export async function turn(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0)
}

/** ms of the frames. */
export function times(frames: readonly Frame[]): number[] {
  return frames.map((one) => one.timestamp / 1000)
}
