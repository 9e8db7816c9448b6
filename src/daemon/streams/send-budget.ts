/** How much of a stream may be on its way to a puller. Transport buffers hide how late it is; its reports do not. */

import { abortable, monotonic } from '../util/wait.js'

/** Limits of what a puller has not confirmed. */
export interface SendLimits {
  /** Bytes; one batch may go beyond. */
  readonly bytes: number
  /** ms since the oldest unconfirmed batch was sent. */
  readonly age: number
}

interface Sent {
  /** Bytes sent up to here. */
  readonly upTo: number
  readonly at: number
}

/** Counts what was sent and what was confirmed. */
export class SendBudget {
  /** Bytes sent and confirmed. */
  sent = 0
  confirmed = 0
  readonly #limits: SendLimits
  readonly #now: () => number
  #unconfirmed: Sent[] = []
  #wake: (() => void) | undefined

  constructor(limits: SendLimits, now: () => number = monotonic) {
    this.#limits = limits
    this.#now = now
  }

  /** Bytes on their way. */
  get inFlight(): number {
    return this.sent - this.confirmed
  }

  /** ms since the oldest of them was sent. */
  get age(): number {
    const oldest = this.#unconfirmed[0]
    return oldest ? this.#now() - oldest.at : 0
  }

  /** May more be sent, when `waiting` bytes are ready to go already? */
  hasRoom(waiting = 0): boolean {
    return this.inFlight + waiting < this.#limits.bytes && this.age <= this.#limits.age
  }

  /** A batch went out. */
  add(bytes: number): void {
    this.sent += bytes
    this.#unconfirmed.push({ upTo: this.sent, at: this.#now() })
  }

  /** The puller has everything up to this many bytes. False when that cannot be: more than was sent, or less than before. */
  confirm(upTo: number): boolean {
    if (upTo > this.sent || upTo < this.confirmed) return false
    this.confirmed = upTo
    const left = this.#unconfirmed.findIndex((batch) => batch.upTo > upTo)
    this.#unconfirmed = left < 0 ? [] : this.#unconfirmed.slice(left)
    if (this.hasRoom()) this.#wake?.()
    return true
  }

  /** Resolves when there is room; rejects when `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    // only a report makes room: time alone makes it worse
    while (!this.hasRoom()) {
      const more = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await abortable(more, signal)
    }
  }
}
