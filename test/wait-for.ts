/** Waiting for conditions in tests. Deadlines are scaled by how slow the machine is now, so that no test asserts bare wall-clock time. */

import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** ms that {@link calibrate} takes on a quiet core of the machines these tests were written on. */
const quiet = 20

/** A fixed piece of work, in whole numbers of 32 bits; the best of three, so that one interruption does not count. */
function calibrate(): number {
  const runs = [1, 2, 3].map(() => {
    const started = performance.now()
    let sum = 1
    for (let i = 0; i < 2e7; i++) sum = (Math.imul(sum, 31) + i) | 0
    return sum === 0 ? 0 : performance.now() - started
  })
  return Math.min(...runs)
}

/** Work that waits for each core, by the last minute; 0 where the system does not tell. */
const load = (): number => (loadavg()[0] ?? 0) / cpus().length

const calibrated = calibrate() / quiet
const current = (): number => Math.min(10, Math.max(1, calibrated, load()))

/** How much slower than a quiet machine this one is now, 1 to 10: kept up to date, since one that was quiet at the start need not stay so. */
export let slowness: number = current()

setInterval(() => {
  slowness = current()
}, 500).unref()

/** Polls `condition` until it gives something that is neither undefined, null nor false; fails with `what` after `ms` (scaled). */
export async function waitFor<T>(what: string, condition: () => T | Promise<T>, ms = 10_000): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + ms * slowness
  let last: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value !== undefined && value !== null && value !== false) return value as Exclude<T, undefined | null | false>
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`, { cause: last })
    await sleep(50)
  }
}
