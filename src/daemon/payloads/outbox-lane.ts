/** Payloads on their way to one peer: in order, within limits, and repeated after the channel broke. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { Hello, PayloadMessage } from '../swarm/control-messages.js'
import type { TimerWheel } from '../util/timer-wheel.js'
import type { Carrier, Parcel } from './parcel.js'

/** The way to one peer. */
export interface LaneLink {
  /** The peer's Hello while it can be reached. */
  hello(): Hello | undefined
  /** See Control.send. */
  send(payload: PayloadMessage): boolean
  /** See Control.drained. */
  drained(): Promise<void>
}

/** How much may be in flight to one peer. */
export interface LaneLimits {
  /** Payloads without a receipt. Default 256. */
  readonly items: number
  /** Their bytes. Default 16 MiB. */
  readonly bytes: number
  /** Payloads of a kind that has no more than these in flight pass beyond `items`, up to twice as many, so that one slow kind does not shut out the others. Default 16. */
  readonly reserve: number
}

/**
 * A lane holds parcels in the order of their ids. When the channel returns, all that have no receipt are sent again, in that
 * order and before anything new; the peer knows those it has seen. After a restart of the peer it does not, so what was sent
 * to its former run is given up.
 */
export class OutboxLane implements Carrier {
  readonly wheel: TimerWheel
  readonly settled: Carrier['settled']
  readonly #peer: PeerId
  readonly #link: LaneLink
  readonly #limits: LaneLimits
  readonly #grace: number
  readonly #parcels = new Map<number, Parcel>()
  readonly #kinds = new Map<string, number>()
  #bytes = 0
  #unsent: Parcel[] = []
  /** The channel has no room: its `drained` starts the next try. */
  #held = false
  #timer: NodeJS.Timeout | undefined

  constructor(peer: PeerId, link: LaneLink, limits: LaneLimits, grace: number, { wheel, settled }: Pick<Carrier, 'wheel' | 'settled'>) {
    this.wheel = wheel
    this.settled = settled
    this.#peer = peer
    this.#link = link
    this.#limits = limits
    this.#grace = grace
  }

  /** Parcels in flight and their bytes. */
  get load(): { readonly items: number; readonly bytes: number } {
    return { items: this.#parcels.size, bytes: this.#bytes }
  }

  /** Takes a parcel. Throws `ERR_OVERLOADED`. */
  add(parcel: Parcel): void {
    const { kind, body, id } = parcel.payload
    const ofKind = this.#kinds.get(kind) ?? 0
    this.#checkRoom(ofKind, body.byteLength)
    this.#kinds.set(kind, ofKind + 1)
    this.#bytes += body.byteLength
    this.#parcels.set(id, parcel)
    this.#unsent.push(parcel)
    if (this.#link.hello()) this.#pump()
    else this.#expectReturn()
  }

  /** Takes a parcel out, because it is settled or nobody waits for it any more. */
  remove(id: number): Parcel | undefined {
    const parcel = this.#parcels.get(id)
    if (!parcel) return undefined
    const { kind, body } = parcel.payload
    this.#parcels.delete(id)
    this.#bytes -= body.byteLength
    const left = (this.#kinds.get(kind) ?? 1) - 1
    if (left > 0) this.#kinds.set(kind, left)
    else this.#kinds.delete(kind)
    return parcel
  }

  /** The channel broke: what has no receipt must be sent again, or fails when the channel stays away. */
  gone(): void {
    this.#unsent = [...this.#parcels.values()]
    if (this.#unsent.length > 0) this.#expectReturn()
  }

  /** The channel is there. */
  ready(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const instance = this.#link.hello()?.instance
    for (const parcel of [...this.#parcels.values()]) {
      if (parcel.sentTo === undefined || parcel.sentTo === instance) continue
      this.#fail(parcel, 'The peer restarted; it is not known whether it handled the payload.')
    }
    this.#pump()
  }

  /** Gives up everything. */
  failAll(error: ShoalError): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const { payload } of [...this.#parcels.values()]) this.remove(payload.id)?.reject(error)
    this.#unsent = []
  }

  #checkRoom(ofKind: number, size: number): void {
    const { items, bytes, reserve } = this.#limits
    const inFlight = this.#parcels.size
    const room = inFlight < items || (ofKind < reserve && inFlight < items * 2)
    if (room && (inFlight === 0 || this.#bytes + size <= bytes)) return
    throw new ShoalError('ERR_OVERLOADED', `${inFlight} payloads (${this.#bytes} bytes) are on their way to the peer already.`, { data: { peer: this.#peer } })
  }

  #expectReturn(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      for (const parcel of [...this.#parcels.values()]) this.#fail(parcel, 'The link to the peer was lost and did not return in time.')
    }, this.#grace)
  }

  #fail(parcel: Parcel, why: string): void {
    this.remove(parcel.payload.id)?.reject(new ShoalError('ERR_PEER_UNREACHABLE', why, { data: { peer: this.#peer } }))
  }

  #pump(): void {
    while (!this.#held) {
      const hello = this.#link.hello()
      const parcel = this.#unsent[0]
      if (!hello || !parcel) return
      // gone before its turn came
      if (this.#parcels.get(parcel.payload.id) !== parcel) {
        this.#unsent.shift()
        continue
      }
      const done = this.#send(parcel, hello)
      if (done === 'broken') return
      if (done === 'full') this.#hold()
    }
  }

  #hold(): void {
    this.#held = true
    const resume = (): void => {
      this.#held = false
      this.#pump()
    }
    this.#link.drained().then(resume, resume)
  }

  /** Sends one parcel. `full`: wait for room; `broken`: the channel just broke, and its return starts the next try. */
  #send(parcel: Parcel, hello: Hello): 'sent' | 'full' | 'broken' {
    const { id, body } = parcel.payload
    try {
      if (body.byteLength > hello.maxPayload) throw tooLarge(body.byteLength, hello.maxPayload)
      const room = this.#link.send(parcel.payload)
      parcel.sentTo = hello.instance
      this.#unsent.shift()
      return room ? 'sent' : 'full'
    } catch (error) {
      if (isShoalError(error, 'ERR_OVERLOADED')) return 'full'
      if (isShoalError(error, 'ERR_PEER_UNREACHABLE')) return 'broken'
      this.remove(id)?.reject(ShoalError.from(error))
      return 'sent'
    }
  }
}

/** The error for a body that is over a limit. */
export function tooLarge(size: number, limit: number): ShoalError {
  return new ShoalError('ERR_PAYLOAD_TOO_LARGE', `The payload has ${size} bytes; ${limit} are allowed. It was not sent.`, { data: { size, limit } })
}
