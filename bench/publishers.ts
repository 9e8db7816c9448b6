/**
 * Publishes a clip many times over RTMP in real time. Usage: publishers.ts CLIP SERVER COUNT; paths are live/bench-0 and on. Prints the
 * bytes of frames handed over so far, a line of JSON each 200 ms. Ends with SIGTERM.
 */

import '../src/polyfill.js'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { FlvDemuxer } from '../src/media/flv/demuxer.js'
import type { PushJob } from '../src/plugin.js'
import { push } from '../src/plugins/rtmp/push.js'
import type { Frame, Subscription } from '../src/stream.js'

const [clip = '', server = '', count = '1'] = process.argv.slice(2)
const demuxer = new FlvDemuxer()
const frames = demuxer.push(readFileSync(clip)).flatMap((event) => (event.type === 'frame' ? [event.frame] : []))
const first = frames[0]?.timestamp ?? 0
const period = (frames.at(-1)?.timestamp ?? 0) - first + 33_333
const quiet = { trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const stop = new AbortController()
let bytes = 0

/** Every frame when it is due, for ever; streams do not beat in step. */
async function* play(offset: number): AsyncGenerator<readonly Frame[], void, undefined> {
  const started = performance.now() + offset
  for (let loop = 0; ; loop++) {
    for (const frame of frames) {
      const shift = loop * period - first
      const due = started + (frame.timestamp + shift) / 1000
      if (due > performance.now()) await sleep(due - performance.now())
      bytes += frame.data.byteLength
      yield [{ ...frame, timestamp: frame.timestamp + shift }]
    }
  }
}

function publish(at: number): Promise<void> {
  const subscription: Subscription = {
    path: 'bench',
    tracks: demuxer.tracks,
    generation: 0,
    dropped: 0,
    signal: stop.signal,
    close: () => {},
    wantKey: () => {},
    deliver: async (take) => {
      for await (const frames of play((at * 33) / Number(count))) await take(frames)
    },
    [Symbol.asyncIterator]: () => play((at * 33) / Number(count)),
    [Symbol.asyncDispose]: async () => {},
  }
  const job: PushJob = {
    url: new URL(`${server}/live/bench-${at}`),
    path: 'bench',
    options: {},
    log: quiet,
    signal: stop.signal,
    run: () => {
      throw new Error('publishers run no tasks')
    },
    subscribe: async () => subscription,
  }
  return push(job)
}

process.once('SIGTERM', () => process.exit(0))
setInterval(() => process.stdout.write(`${JSON.stringify({ bytes, at: performance.now() })}\n`), 200)
for (let at = 0; at < Number(count); at++) {
  void publish(at)
  await sleep(5)
}
