/** Looks at a process that has nothing to do: sinks of eKuiper's Go SDK spin for ever once they were stopped. */

import { delay, monotonic } from '../../util/wait.js'
import type { ProcessUsage } from '../process/usage.js'

/** How a {@link SpinWatch} looks. */
export interface SpinWatchOptions {
  /** Undefined while there is no process. */
  readonly usage: () => Promise<ProcessUsage | undefined>
  /** Has the process nothing to do? */
  readonly idle: () => boolean
  /** It burns a core all the same, or takes more and more memory; `what`: `97 % of a core`. */
  readonly onSpin: (what: string) => void
  /** Share of a core; default 0.9. */
  readonly threshold?: number
  /** Bytes of memory that it may take since the stop, also where it has work; default 128 MiB. */
  readonly growth?: number
  /** ms between looks; default 1,000. */
  readonly interval?: number
  /** Looks after each stop; default 5. */
  readonly looks?: number
  /** Monotonic ms. */
  readonly now?: () => number
}

/** So many looks in a row must show it. */
const needed = 2

/** One watch over one plugin. */
export class SpinWatch {
  readonly #options: SpinWatchOptions
  #present: AbortController | undefined

  constructor(options: SpinWatchOptions) {
    this.#options = options
  }

  /** A sink was stopped: looks for a few seconds. A watch that is under way begins anew. */
  begin(): void {
    this.end()
    this.#present = new AbortController()
    void this.#look(this.#present.signal)
  }

  /** Looks no more. */
  end(): void {
    this.#present?.abort()
    this.#present = undefined
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { idle, onSpin, threshold = 0.9, growth = 128 * 1024 * 1024, interval = 1000, looks = 5 } = this.#options
    const first = await this.#sample()
    let before = first
    let hot = 0
    for (let look = 0; look < looks && first && before; look++) {
      await delay(interval, signal, { unref: true }).catch(() => {})
      const now = await this.#sample()
      if (signal.aborted || !now) return
      const share = (now.cpu - before.cpu) / (now.time - before.time)
      hot = idle() && share > threshold ? hot + 1 : 0
      before = now
      if (hot >= needed) return onSpin(`${Math.round(share * 100)} % of a core`)
      // on a busy machine it gets no whole core; what it piles up tells
      if (now.memory - first.memory > growth) return onSpin(`${now.memory - first.memory} bytes more of memory`)
    }
  }

  async #sample(): Promise<(ProcessUsage & { readonly time: number }) | undefined> {
    const { usage, now = monotonic } = this.#options
    const used = await usage()
    return used && { ...used, time: now() }
  }
}
