/** The time in which nodes that found this one may ask to pair: opened by a person, short, and with few tries. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { monotonic } from '../util/wait.js'
import type { MemberRecord } from './pair-step.js'

/** Tries in one window, whoever makes them: each is a chance of one in a million for somebody in the middle. */
export const maxWindowTries = 5

/** ms. */
const defaultTime = 120_000
const maxTime = 3_600_000

/** ms for which the end of a pairing may be fetched again. */
const resumeTime = 600_000
const maxKept = 16

/** A window that is open. */
export interface OpenWindow {
  /** Wall clock, ms since 1970. */
  readonly until: number
  readonly triesLeft: number
}

/** A finished pairing whose WELCOME may have been lost. */
interface Kept {
  readonly peer: PeerId
  readonly record: MemberRecord
  readonly code: string
  readonly deadline: number
}

/** The window of one node. Pure but for its clocks: no timers, no sockets. */
export class PairWindow {
  readonly #kept = new Map<string, Kept>()
  readonly #now: () => number
  readonly #clock: () => number
  #deadline = Number.NEGATIVE_INFINITY
  #until = 0
  #tries = 0

  constructor(options: { readonly now?: () => number; readonly clock?: () => number } = {}) {
    this.#now = options.now ?? Date.now
    this.#clock = options.clock ?? monotonic
  }

  /** Opens it, or opens it anew with all its tries. `time`: ms, 1 s to 1 h, default 2 min. Throws `ERR_REQUEST_INVALID`. */
  open(time: number = defaultTime): OpenWindow {
    if (!(time >= 1000 && time <= maxTime)) throw new ShoalError('ERR_REQUEST_INVALID', `Requests are taken for 1 second to 1 hour, not ${time} ms.`)
    this.#deadline = this.#clock() + time
    this.#until = this.#now() + time
    this.#tries = 0
    return { until: this.#until, triesLeft: maxWindowTries }
  }

  /** Closes it; what is being compared goes on. */
  close(): void {
    this.#deadline = Number.NEGATIVE_INFINITY
  }

  /** The window, while it is open. */
  get current(): OpenWindow | undefined {
    if (this.#clock() >= this.#deadline) return undefined
    return { until: this.#until, triesLeft: maxWindowTries - this.#tries }
  }

  /** Takes one try; the fifth closes it. False: it is closed. */
  takeTry(): boolean {
    if (!this.current) return false
    if (++this.#tries >= maxWindowTries) this.close()
    return true
  }

  /** Keeps a finished pairing for {@link resume}. */
  keep(peer: PeerId, attempt: Uint8Array, { record, code }: { readonly record: MemberRecord; readonly code: string }): void {
    const oldest = this.#kept.keys().next().value
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(nameOf(attempt), { peer, record, code, deadline: this.#clock() + resumeTime })
  }

  /** The end of that pairing, while the peer may still fetch it. */
  resume(peer: PeerId, attempt: Uint8Array): { readonly record: MemberRecord; readonly code: string } | undefined {
    const kept = this.#kept.get(nameOf(attempt))
    return kept?.peer === peer && this.#clock() < kept.deadline ? kept : undefined
  }

  /** Nothing of that peer may be resumed any more. */
  forget(peer: PeerId): void {
    for (const [name, kept] of this.#kept) if (kept.peer === peer) this.#kept.delete(name)
  }
}

function nameOf(attempt: Uint8Array): string {
  return Buffer.from(attempt).toString('base64url')
}
