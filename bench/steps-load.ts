/**
 * Publisher and readers in lockstep: the next frame goes out when every reader has the last one. So a frame costs the server the same
 * however busy the machine is: nothing piles up, and nothing goes out together that would not on an idle machine.
 * Usage: steps-load.ts CLIP PUBLISH_URL PLAY_URL READERS FRAMES RIDES. Prints `start` and `end` lines around the window.
 */

import '../src/polyfill.js'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frame } from '../src/stream.js'
import { loadClip, publishFrames } from './frames.js'
import { openReader } from './open-reader.js'
import type { Reader } from './reader.js'

/** What is printed. */
export type StepsLine = { readonly event: 'start' } | { readonly event: 'end'; readonly gigabits: number; readonly gaps: number; readonly frames: number }

const [file = '', publishUrl = '', playUrl = '', count, frames, rides] = process.argv.slice(2)
const clip = loadClip(file)
const readers: Reader[] = []

/** Stamp of the picture with which the window opens. */
let first: number | undefined

/** Pictures sent before the window: compilers and buffers settle. */
const warmUp = 150

const print = (line: StepsLine): boolean => process.stdout.write(`${JSON.stringify(line)}\n`)

/** Looks again each time what came was read; 5 s at most. */
async function until(ready: () => boolean, ms: number): Promise<void> {
  for (const end = performance.now() + ms; !ready() && performance.now() < end; ) await sleep(1)
}

async function join(): Promise<void> {
  for (let i = 0; i < Number(count); i++) readers.push(openReader(playUrl))
}

async function* play(): AsyncGenerator<readonly Frame[], void, undefined> {
  for (const { sequence, stamped } of clip.frames()) {
    if (sequence === 30) void join()
    const before = readers.map(({ messages }) => messages)
    yield [stamped()]
    const isJoined = readers.length > 0 && readers.every(({ joined }) => joined !== undefined)
    if (!isJoined) await sleep(sequence === undefined ? 0 : 30)
    else if (sequence !== undefined) await until(() => readers.every(({ last }) => last === sequence), 5000)
    // sound that waits for its picture on purpose is not waited for
    else if (rides === 'true') await sleep(6)
    else await until(() => readers.every(({ messages }, at) => messages > (before[at] ?? 0)), 1000)
    if (!isJoined || sequence === undefined) continue
    first ??= sequence + warmUp
    if (sequence === first) open()
    if (sequence === first + Number(frames)) return
  }
}

function open(): void {
  for (const reader of readers) reader.measuring = true
  print({ event: 'start' })
}

await publishFrames(publishUrl, clip.tracks, play)
const sum = (of: (reader: Reader) => number): number => readers.reduce((total, reader) => total + of(reader), 0)
print({ event: 'end', gigabits: (sum(({ bytes }) => bytes) * 8) / 1e9, gaps: sum(({ gaps }) => gaps), frames: sum((reader) => reader.frames) })
process.exit(0)
