/** What was printed of late, for a script that waits for something. */

import { ShoalError } from '../../errors.js'

/** Lines that are kept. */
const maxLines = 1000

/** The lines since the last text that was found. */
export class Transcript {
  #lines: string[] = []
  #wake = new Set<() => void>()

  /** Adds what was printed. */
  add(text: string): void {
    this.#lines.push(...text.split('\n'))
    if (this.#lines.length > maxLines) this.#lines = this.#lines.slice(-maxLines)
    for (const wake of this.#wake) wake()
  }

  /** Waits at most `time` ms for a line that holds `text`; it and the lines before it are used up. Rejects with `ERR_TIMEOUT`. */
  async wait(text: string, time: number, signal: AbortSignal): Promise<void> {
    const end = performance.now() + time
    for (;;) {
      signal.throwIfAborted()
      const found = this.#lines.findIndex((line) => line.includes(text))
      if (found >= 0) {
        this.#lines = this.#lines.slice(found + 1)
        return
      }
      const left = end - performance.now()
      if (left <= 0) throw new ShoalError('ERR_TIMEOUT', `"${text}" was not printed within ${time / 1000} s.`)
      await this.#change(left, signal)
    }
  }

  #change(time: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        this.#wake.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, time)
      signal.addEventListener('abort', wake, { once: true })
      this.#wake.add(wake)
    })
  }
}
