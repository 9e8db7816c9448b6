/** One payload from `send` to its receipt. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { PayloadMessage } from '../swarm/control-messages.js'
import { follow } from '../util/linked-signal.js'
import type { Expiring, Slot, TimerWheel } from '../util/timer-wheel.js'
import { abortReason } from '../util/wait.js'

/** What a parcel needs of those who carry it. */
export interface Carrier {
  readonly wheel: TimerWheel
  /** Takes it out of where it waits. */
  remove(id: number): unknown
  /** It is over. `outcome` is `ok` or a code. */
  settled(parcel: Parcel, outcome: string): void
}

/** A payload that waits for its receipt. It settles once, and leaves its lane by itself when its time is up or its caller goes. */
export class Parcel implements Expiring {
  /** Instance of the peer it was sent to, once it was. */
  sentTo: string | undefined
  readonly payload: PayloadMessage
  readonly #carrier: Carrier
  readonly #timeout: number
  readonly #slot: Slot
  readonly #unfollow: (() => void) | undefined
  readonly #resolve: (reply: Uint8Array) => void
  readonly #reject: (error: unknown) => void
  #over = false

  /** `timeout`: ms. `signal` must not have aborted. */
  constructor(
    payload: PayloadMessage,
    carrier: Carrier,
    timeout: number,
    signal: AbortSignal | undefined,
    resolve: (reply: Uint8Array) => void,
    reject: (error: unknown) => void,
  ) {
    this.payload = payload
    this.#carrier = carrier
    this.#timeout = timeout
    this.#resolve = resolve
    this.#reject = reject
    this.#slot = carrier.wheel.add(this, timeout)
    if (signal) this.#unfollow = follow(signal, () => this.reject(abortReason(signal)))
  }

  /** It was handled. */
  resolve(reply: Uint8Array): void {
    if (this.#end('ok')) this.#resolve(reply)
  }

  /** It was not, or nobody waits any more. */
  reject(error: unknown): void {
    if (this.#end(isShoalError(error) ? error.code : 'ERR_ABORTED')) this.#reject(error)
  }

  expire(): void {
    this.reject(new ShoalError('ERR_TIMEOUT', `No receipt came within ${this.#timeout} ms.`))
  }

  #end(outcome: string): boolean {
    if (this.#over) return false
    this.#over = true
    this.#carrier.wheel.remove(this, this.#slot)
    this.#unfollow?.()
    this.#carrier.remove(this.payload.id)
    this.#carrier.settled(this, outcome)
    return true
  }
}
