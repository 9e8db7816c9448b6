/** The frames of the clip, over and over, stamped, and a way to publish them over RTMP. */

import { readFileSync } from 'node:fs'
import { FlvDemuxer } from '../src/media/flv/demuxer.js'
import type { PushJob } from '../src/plugin.js'
import { push } from '../src/plugins/rtmp/push.js'
import type { Frame, Subscription, Track } from '../src/stream.js'
import { stampNal } from './stamp.js'

/** A frame that is due. */
export interface Due {
  /** ms from the beginning. */
  readonly time: number
  /** Number of its stamp; absent for sound. */
  readonly sequence: number | undefined
  /** The frame, stamped now. */
  stamped(): Frame
}

/** What a clip holds. */
export interface Clip {
  readonly tracks: readonly Track[]
  /** Its frames for ever. */
  frames(): Generator<Due, never, undefined>
}

/** Reads an FLV file. */
export function loadClip(file: string): Clip {
  const demuxer = new FlvDemuxer()
  const frames = demuxer.push(readFileSync(file)).flatMap((event) => (event.type === 'frame' ? [event.frame] : []))
  const { tracks } = demuxer
  const video = tracks.find((track) => track.kind === 'video')?.id
  const decodeTime = (frame: Frame): number => frame.decodeTime ?? frame.timestamp
  const first = Math.min(...frames.map(decodeTime))
  const period = Math.max(...frames.map(decodeTime)) - first + 33_333
  return {
    tracks,
    *frames() {
      let next = 0
      for (let loop = 0; ; loop++) {
        for (const frame of frames) {
          const shift = loop * period - first
          const sequence = frame.track === video ? next++ : undefined
          const stamped = (): Frame => {
            const data = sequence === undefined ? frame.data : Buffer.concat([stampNal(sequence), frame.data])
            const moved = { ...frame, data, timestamp: frame.timestamp + shift }
            return frame.decodeTime === undefined ? moved : { ...moved, decodeTime: frame.decodeTime + shift }
          }
          yield { time: (decodeTime(frame) + shift) / 1000, sequence, stamped }
        }
      }
    },
  }
}

/** Publishes what `play` gives until it ends. */
export async function publishFrames(url: string, tracks: readonly Track[], play: () => AsyncGenerator<readonly Frame[], void, undefined>): Promise<void> {
  const subscription: Subscription = {
    path: 'bench',
    tracks,
    generation: 0,
    dropped: 0,
    signal: new AbortController().signal,
    close: () => {},
    wantKey: () => {},
    deliver: async (take) => {
      for await (const frames of play()) await take(frames)
    },
    [Symbol.asyncIterator]: play,
    [Symbol.asyncDispose]: async () => {},
  }
  const nothing = (): void => {}
  const job: PushJob = {
    url: new URL(url),
    path: 'bench',
    options: {},
    log: { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
    signal: new AbortController().signal,
    run: () => {
      throw new Error('the publisher runs no tasks')
    },
    subscribe: async () => subscription,
  }
  await push(job)
}
