/** As `waitFor`, polled often: these tests take many short steps. */

import { setTimeout as sleep } from 'node:timers/promises'
import { slowness } from '../../../wait-for.js'

/** Polls `condition` until it gives something that is neither undefined nor false; fails with `what` after 10 s (scaled). */
export async function until<T>(what: string, condition: () => T): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + 10_000 * slowness
  for (;;) {
    const value = condition()
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await sleep(2)
  }
}
