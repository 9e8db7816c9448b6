/**
 * Publishes an FLV clip over RTMP in real time, looped, each video frame stamped (`stamp.ts`). Usage: publisher.ts CLIP URL.
 * Ends with SIGTERM.
 */

import '../src/polyfill.js'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { FlvDemuxer } from '../src/media/flv/demuxer.js'
import type { PushJob } from '../src/plugin.js'
import { push } from '../src/plugins/rtmp/push.js'
import type { Frame, Subscription, Track } from '../src/stream.js'
import { stampNal } from './stamp.js'

const [clip, url] = process.argv.slice(2)
if (clip === undefined || url === undefined) throw new Error('usage: publisher.ts CLIP URL')

/** The frames of a clip and its tracks. */
function load(file: string): { tracks: readonly Track[]; frames: readonly Frame[] } {
  const demuxer = new FlvDemuxer()
  const events = demuxer.push(readFileSync(file))
  return { tracks: demuxer.tracks, frames: events.flatMap((event) => (event.type === 'frame' ? [event.frame] : [])) }
}

const { tracks, frames } = load(clip)
const video = tracks.find((track) => track.kind === 'video')?.id
const decodeTime = (frame: Frame): number => frame.decodeTime ?? frame.timestamp
const first = Math.min(...frames.map(decodeTime))
const period = Math.max(...frames.map(decodeTime)) - first + 33_333

/** Every frame when it is due, for ever. */
async function* play(): AsyncGenerator<readonly Frame[], void, undefined> {
  const started = performance.now()
  let sequence = 0
  for (let loop = 0; ; loop++) {
    for (const frame of frames) {
      const shift = loop * period - first
      const due = started + (decodeTime(frame) + shift) / 1000
      if (due > performance.now()) await sleep(due - performance.now())
      const data = frame.track === video ? Buffer.concat([stampNal(sequence++), frame.data]) : frame.data
      const moved = { ...frame, data, timestamp: frame.timestamp + shift }
      yield [frame.decodeTime === undefined ? moved : { ...moved, decodeTime: frame.decodeTime + shift }]
    }
  }
}

const subscription: Subscription = {
  path: 'bench',
  tracks,
  generation: 0,
  dropped: 0,
  signal: new AbortController().signal,
  close: () => {},
  [Symbol.asyncIterator]: play,
  [Symbol.asyncDispose]: async () => {},
}

const quiet = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const stop = new AbortController()
process.once('SIGTERM', () => process.exit(0))
const job: PushJob = {
  url: new URL(url),
  path: 'bench',
  options: {},
  log: quiet,
  signal: stop.signal,
  run: () => {
    throw new Error('the publisher runs no tasks')
  },
  subscribe: async () => subscription,
}
await push(job)
