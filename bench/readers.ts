/**
 * Opens N readers of HTTP-FLV or RTMP and measures what arrives. Usage: readers.ts N URL SECONDS. Prints one JSON line when all readers
 * have a frame (`ready`), one when the window opens (`start`), and one when it closes (`end`, with the figures).
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from './cpu.js'
import { openReader } from './open-reader.js'
import type { Reader } from './reader.js'

/** The figures of one run. Times in ms. */
export interface ReadersEnd {
  readonly event: 'end'
  readonly readers: number
  /** Readers that the server closed. */
  readonly ended: number
  readonly frames: number
  readonly gaps: number
  readonly gigabits: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly joinP50: number
  readonly joinP95: number
}

/** What the process prints, line by line. */
export type ReadersLine = { readonly event: 'ready'; readonly ready: number } | { readonly event: 'start' } | ReadersEnd

/** ms between the last join and the window: caches and compilers settle. */
const settle = 3000

/** ms for all readers to get a first frame. */
const joinLimit = 20_000

const [count, target, seconds] = process.argv.slice(2)
if (count === undefined || target === undefined || seconds === undefined) throw new Error('usage: readers.ts N URL SECONDS')

const print = (line: ReadersLine): boolean => process.stdout.write(`${JSON.stringify(line)}\n`)

const readers: Reader[] = []
for (let i = 0; i < Number(count); i++) {
  readers.push(openReader(target))
  await sleep(5)
}
await Promise.race([Promise.all(readers.map((reader) => reader.first())), sleep(joinLimit, undefined, { ref: false })])
print({ event: 'ready', ready: readers.filter((reader) => reader.joined !== undefined).length })
await sleep(settle)
for (const reader of readers) reader.measuring = true
print({ event: 'start' })
await sleep(Number(seconds) * 1000)
for (const reader of readers) reader.measuring = false
const latencies = readers.flatMap((reader) => reader.latencies)
const joins = readers.flatMap((reader) => (reader.joined === undefined ? [] : [reader.joined]))
print({
  event: 'end',
  readers: readers.length,
  ended: readers.filter((reader) => reader.ended).length,
  frames: latencies.length,
  gaps: readers.reduce((sum, reader) => sum + reader.gaps, 0),
  gigabits: (readers.reduce((sum, reader) => sum + reader.bytes, 0) * 8) / 1e9,
  p50: quantile(latencies, 0.5),
  p95: quantile(latencies, 0.95),
  p99: quantile(latencies, 0.99),
  joinP50: quantile(joins, 0.5),
  joinP95: quantile(joins, 0.95),
})
for (const reader of readers) reader.close()
