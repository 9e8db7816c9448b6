/** Turns for work that is dear: a few at once, a few waiting, the rest refused. */

import { ShoalError } from '../../errors.js'

/** How many, and how long. */
export interface TurnLimits {
  /** At once. */
  readonly active: number
  /** Waiting. */
  readonly waiting: number
  /** ms a turn is waited for: later nobody would read the answer. */
  readonly patience: number
}

/** Gives turns in order. */
export class Turns {
  readonly #limits: TurnLimits
  readonly #waiting: (() => void)[] = []
  #active = 0

  constructor(limits: TurnLimits) {
    this.#limits = limits
  }

  /** Runs `work` when it is its turn. Rejects with `ERR_OVERLOADED` when too many wait, `ERR_TIMEOUT` when its turn does not come. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active >= this.#limits.active) await this.#wait()
    else this.#active++
    try {
      return await work()
    } finally {
      // the turn goes on to the next, or back
      const next = this.#waiting.shift()
      if (next) next()
      else this.#active--
    }
  }

  #wait(): Promise<void> {
    const { waiting, patience } = this.#limits
    if (this.#waiting.length >= waiting) throw new ShoalError('ERR_OVERLOADED', 'Too many passwords are being checked.')
    return new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1)
        reject(new ShoalError('ERR_TIMEOUT', 'Too many passwords are being checked.'))
      }, patience)
      this.#waiting.push(go)
    })
  }
}
