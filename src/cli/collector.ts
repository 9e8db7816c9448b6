/**
 * How the engine collects garbage in a process that is a daemon's alone. V8 judges a heap by its objects, and frames lie beside it: at a
 * hundred Mbit/s it would go through the whole heap every 8 MB of frames, each time with four threads that take the processors from the
 * event loop. See docs/architecture.md, "Garbage".
 */

import { readdirSync } from 'node:fs'
import { getPriority, constants as os, setPriority } from 'node:os'
import { constants as gc, PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Bytes that may come between two collections of the whole heap. V8 takes no more of memory beside the heap, whatever it is told. */
const room = 64 * 1024 * 1024

/** V8's own most: a heap never grows to more than four times of what was left of it. */
const mostGrowth = 300

/** Bytes of memory for young objects, both halves, above which it grows no more. V8 would go to 48 MiB, on Node 24 to more, for fewer and longer turns. */
const youngRoom = 8 * 1024 * 1024

/** By what memory for young objects grows: V8's own factor, and not at all. */
const growth = { free: 2, held: 1 } as const

/** How far threads that help the engine stand back behind the event loop. */
const helperNice = 10

/** By how many per cent a heap may grow of which `live` bytes are left after a collection; 0 = a large one is V8's to judge. */
export function heapGrowth(live: number): number {
  return live > room ? 0 : Math.min(mostGrowth, Math.round((room / live) * 100))
}

/** By what factor memory for young objects may grow that takes `bytes` now. It is V8's to shrink it; so that it can grow again, this is asked anew after each collection. */
export function youngGrowth(bytes: number): number {
  return bytes >= youngRoom ? growth.held : growth.free
}

/** Threads of this process but the first, by their numbers; none where the system does not tell. */
export function helperThreads(): number[] {
  try {
    return readdirSync('/proc/self/task')
      .map(Number)
      .filter((thread) => thread !== process.pid)
  } catch {
    return []
  }
}

/**
 * Sets it, for this process and until it ends: garbage is collected when it is worth it, and the threads that do so stand back. To be
 * called before the work begins: threads that are made later are as they are made.
 */
export function tuneCollector(): void {
  grow(getHeapStatistics().used_heap_size)
  // the loop would wait for helpers that have stood back
  setFlagsFromString('--no-parallel-scavenge')
  for (const thread of helperThreads()) standBack(thread)
  let young: number = growth.free
  const observer = new PerformanceObserver((list) => {
    const whole = list.getEntries().some((entry) => kindOf(entry) === gc.NODE_PERFORMANCE_GC_MAJOR)
    if (whole) grow(getHeapStatistics().used_heap_size)
    const factor = youngGrowth(youngBytes())
    if (factor !== young) setFlagsFromString(`--semi-space-growth-factor=${factor}`)
    young = factor
  })
  observer.observe({ entryTypes: ['gc'] })
}

function grow(live: number): void {
  setFlagsFromString(`--heap-growing-percent=${heapGrowth(live)}`)
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}

/** What was collected. The types do not know of `detail`. */
function kindOf(entry: object): unknown {
  const detail: unknown = Reflect.get(entry, 'detail')
  return typeof detail === 'object' && detail !== null && 'kind' in detail ? detail.kind : undefined
}

function standBack(thread: number): void {
  try {
    setPriority(thread, Math.min(os.priority.PRIORITY_LOW, getPriority(thread) + helperNice))
  } catch {
    // it is gone already
  }
}
