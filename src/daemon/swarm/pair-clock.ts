/** The time that one attempt to pair has: short while machines talk, longer once it waits for persons. */

import { ShoalError } from '../../errors.js'

/** A deadline that can be set anew. */
export class PairClock {
  readonly #controller = new AbortController()
  readonly #parent: AbortSignal | undefined
  readonly #follow = (): void => this.#controller.abort(this.#parent?.reason)
  #timer: NodeJS.Timeout | undefined

  /** Aborts with `ERR_TIMEOUT` and `message` after `ms`, or with `parent`. */
  constructor(ms: number, message: string, parent?: AbortSignal) {
    this.#parent = parent
    if (parent?.aborted) this.#follow()
    else parent?.addEventListener('abort', this.#follow, { once: true })
    this.extend(ms, message)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From now on it has `ms` more. */
  extend(ms: number, message: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(new ShoalError('ERR_TIMEOUT', message)), ms)
  }

  /** Call it when the attempt is over. */
  done(): void {
    clearTimeout(this.#timer)
    this.#parent?.removeEventListener('abort', this.#follow)
  }
}
