/** Keeps a process below a limit of memory. */

import { type ProcessUsage, processUsage } from './usage.js'

/** How it is watched. */
export interface MemoryWatchOptions {
  /** Resident bytes. */
  readonly limit: number
  /** ms between two looks; default 2,000. */
  readonly every?: number
  /** Told once. */
  readonly over: (usage: ProcessUsage) => void
  /** Instead of /proc, for tests. */
  readonly read?: (pid: number) => Promise<ProcessUsage | undefined>
}

/** Looks at a process until it uses too much, or the returned function is called. */
export function watchMemory(pid: number, { limit, every = 2000, over, read = processUsage }: MemoryWatchOptions): () => void {
  let done = false
  const look = async (): Promise<void> => {
    const usage = await read(pid)
    if (done || !usage || usage.memory <= limit) return
    stop()
    over(usage)
  }
  const timer = setInterval(() => void look(), every)
  timer.unref()
  const stop = (): void => {
    done = true
    clearInterval(timer)
  }
  return stop
}
