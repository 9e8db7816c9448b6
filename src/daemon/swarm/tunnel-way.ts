/** Finding a way to a member through direct peers: they are asked in turn until one says yes. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { abortReason } from '../util/wait.js'
import { maxRelays, type TunnelOpen } from './tunnel-codec.js'
import { judgeRelays } from './tunnel-request.js'
import type { TunnelTalk } from './tunnel-talk.js'

/** Direct peers asked for one tunnel. */
const maxTries = 4

/** What it works with. */
export interface WayPorts {
  readonly self: PeerId
  isTrusted(peer: PeerId): boolean
  /** The direct peer through which the destination is to be reached, none of `except`; undefined when there is none. */
  nextHop(destination: PeerId, except: ReadonlySet<PeerId>): PeerId | undefined
  /** Opens the protocol to a direct peer. Rejects with `ERR_PEER_UNREACHABLE`. */
  talkTo(next: PeerId, signal: AbortSignal): Promise<TunnelTalk>
}

/** An open way: its first step, and all its relays, the nearest first. */
export interface Way {
  readonly talk: TunnelTalk
  readonly relays: readonly PeerId[]
}

/** Asks direct peers until one says yes. Rejects with why the last one said no, `ERR_NO_ROUTE` where there was none, or the signal's reason. */
export async function firstWay(ports: WayPorts, open: Omit<TunnelOpen, 'type'>, signal: AbortSignal): Promise<Way> {
  const tried = new Set<PeerId>(open.route)
  let reason = new ShoalError('ERR_NO_ROUTE', `No member leads to ${open.destination}.`)
  for (let tries = 0; tries < maxTries; tries++) {
    const next = ports.nextHop(open.destination, tried)
    if (next === undefined) break
    tried.add(next)
    try {
      return await ask(ports, next, open, signal)
    } catch (error) {
      if (signal.aborted) throw abortReason(signal)
      reason = ShoalError.from(error, 'ERR_PEER_UNREACHABLE')
      // nobody else can lead to it either
      if (next === open.destination) break
    }
  }
  throw reason
}

async function ask(ports: WayPorts, next: PeerId, open: Omit<TunnelOpen, 'type'>, signal: AbortSignal): Promise<Way> {
  const { self, isTrusted } = ports
  const { destination } = open
  const talk = await ports.talkTo(next, signal)
  try {
    const relays = await talk.ask({ ...open, type: 'open' }, signal)
    // at the destination the way ends: it names no relay
    if (next !== destination) judgeRelays(relays, { self, next, destination, isTrusted })
    else if (relays.length > 0) throw new ShoalError('ERR_PROTOCOL', 'The destination of a tunnel named a relay.')
    if (open.route.length - 1 + relays.length > maxRelays) throw new ShoalError('ERR_PROTOCOL', 'A tunnel has more relays than it may.')
    return { talk, relays }
  } catch (error) {
    talk.abort(ShoalError.from(error))
    throw error
  }
}
