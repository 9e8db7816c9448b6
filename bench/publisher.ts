/**
 * Publishes an FLV clip over RTMP in real time, looped, each video frame stamped (`stamp.ts`). Usage: publisher.ts CLIP URL.
 * Ends with SIGTERM.
 */

import '../src/polyfill.js'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frame } from '../src/stream.js'
import { loadClip, publishFrames } from './frames.js'

const [file, url] = process.argv.slice(2)
if (file === undefined || url === undefined) throw new Error('usage: publisher.ts CLIP URL')
const clip = loadClip(file)

/** Every frame when it is due, for ever. */
async function* play(): AsyncGenerator<readonly Frame[], void, undefined> {
  const started = performance.now()
  for (const { time, stamped } of clip.frames()) {
    const due = started + time
    if (due > performance.now()) await sleep(due - performance.now())
    yield [stamped()]
  }
}

process.once('SIGTERM', () => process.exit(0))
await publishFrames(url, clip.tracks, play)
