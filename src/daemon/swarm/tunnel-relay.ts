/** What this node passes on for others. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { deadline, monotonic } from '../util/wait.js'
import type { TunnelOpen } from './tunnel-codec.js'
import { type Tap, TunnelPipe } from './tunnel-pipe.js'
import type { TunnelTalk } from './tunnel-talk.js'
import { firstWay, type Way, type WayPorts } from './tunnel-way.js'

/** Limits on what a node passes on. */
export interface RelayLimits {
  /** Tunnels in all. */
  readonly max: number
  /** Tunnels from one link. The link is proved; the source of a tunnel is only what its sender says, and naming another must not take its places. */
  readonly perPeer: number
  /** ms without a byte after which one is ended: its ends ping each other every few seconds. */
  readonly idle: number
}

/** The limits unless told otherwise. */
export const relayLimits: RelayLimits = { max: 256, perPeer: 32, idle: 60_000 }

/** What a relay works with. */
export interface RelayOptions extends WayPorts {
  readonly limits: RelayLimits
  readonly tap?: Tap
}

interface Passing {
  /** Everybody whose forgetting ends it. */
  parties: readonly PeerId[]
  readonly from: PeerId
  readonly controller: AbortController
  pipe: TunnelPipe | undefined
}

/** The tunnels that lead through this node. */
export class TunnelRelay {
  readonly #options: RelayOptions
  readonly #passing = new Set<Passing>()

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Tunnels now, also those being opened. */
  get size(): number {
    return this.#passing.size
  }

  /** Finds the next member and joins both streams. Rejects when there is none, after which `talk` is the caller's to refuse. */
  async pass(talk: TunnelTalk, open: TunnelOpen, from: PeerId): Promise<void> {
    const { route, destination, hops } = open
    this.#room(from)
    const passing: Passing = { parties: [...route, destination], from, controller: new AbortController(), pipe: undefined }
    this.#passing.add(passing)
    // shorter at each relay, so that whoever waits for it outlasts it
    const limit = deadline(2000 + 2000 * hops, 'ERR_TIMEOUT', 'No member on the way answered in time.', passing.controller.signal)
    let next: Way | undefined
    try {
      next = await firstWay(this.#options, { destination, hops: hops - 1, route: [...route, this.#options.self] }, limit.signal)
      await talk.answer({ type: 'accept', relays: [this.#options.self, ...next.relays] }, limit.signal)
      this.#join(passing, talk, next)
    } catch (error) {
      this.#passing.delete(passing)
      next?.talk.abort(ShoalError.from(error))
      throw error
    } finally {
      limit.done()
    }
  }

  /** Ends all to, from and through a peer. */
  cut(peer: PeerId): void {
    for (const passing of this.#passing) if (passing.parties.includes(peer)) this.#end(passing, 'a party is forgotten')
  }

  /** Ends what has a party that is not trusted any more, and what is idle. */
  recheck(): void {
    const { isTrusted, limits } = this.#options
    const late = monotonic() - limits.idle
    for (const passing of this.#passing) {
      if (!passing.parties.every((peer) => isTrusted(peer))) this.#end(passing, 'a party is not trusted any more')
      else if (passing.pipe && passing.pipe.last < late) this.#end(passing, 'it was idle')
    }
  }

  /** Ends all. */
  close(): void {
    for (const passing of this.#passing) this.#end(passing, 'this node stops')
  }

  #room(from: PeerId): void {
    const { max, perPeer } = this.#options.limits
    const same = [...this.#passing].filter((one) => one.from === from)
    if (this.#passing.size >= max || same.length >= perPeer) throw new ShoalError('ERR_LIMIT', 'This node passes on as many tunnels as it may.')
  }

  #join(passing: Passing, talk: TunnelTalk, next: Way): void {
    const [near, far] = [talk.release(), next.talk.release()]
    passing.parties = [...passing.parties, ...next.relays]
    const pipe = new TunnelPipe(near, far, this.#options.tap)
    passing.pipe = pipe
    pipe.done.then(() => this.#passing.delete(passing)).catch(() => {})
    if (passing.controller.signal.aborted) this.#end(passing, 'it was cut while it was opened')
  }

  #end(passing: Passing, reason: string): void {
    const error = new ShoalError('ERR_PEER_UNREACHABLE', `The tunnel was ended: ${reason}.`)
    passing.controller.abort(error)
    passing.pipe?.abort(error)
  }
}
