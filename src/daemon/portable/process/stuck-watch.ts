/** Finds a program that is stuck in a loop: it answers nothing and uses a processor all the same. */

import { monotonic } from '../../util/wait.js'
import { type ProcessUsage, processUsage } from './usage.js'

/** How it is watched. */
export interface StuckWatchOptions {
  /** Calls in a row that ran out of time. Below three nobody looks. */
  readonly unanswered: () => number
  /** Told once; `share` of a processor that it uses, 0 to 1 and more. */
  readonly stuck: (share: number) => void
  /** ms between two looks; default 1,000. */
  readonly every?: number
  /** Instead of /proc, for tests. */
  readonly read?: (pid: number) => Promise<ProcessUsage | undefined>
  /** Monotonic ms. */
  readonly now?: () => number
}

/** Calls that it has not answered, one after the other. */
const least = 3

/** Share of a processor; on a busy machine it gets no whole one. */
const busy = 0.5

/** Looks in a row that must show it. */
const needed = 2

/** Looks at a process until it is stuck, or the returned function is called. */
export function watchStuck(pid: number, { unanswered, stuck, every = 1000, read = processUsage, now = monotonic }: StuckWatchOptions): () => void {
  let before: { readonly cpu: number; readonly time: number } | undefined
  let hot = 0
  let done = false
  const look = async (): Promise<void> => {
    const used = unanswered() < least ? undefined : await read(pid)
    if (done) return
    const time = now()
    const share = used && before && time > before.time ? (used.cpu - before.cpu) / (time - before.time) : 0
    before = used && { cpu: used.cpu, time }
    hot = share > busy ? hot + 1 : 0
    if (hot < needed) return
    stop()
    stuck(share)
  }
  const timer = setInterval(() => void look(), every)
  timer.unref()
  const stop = (): void => {
    done = true
    clearInterval(timer)
  }
  return stop
}
