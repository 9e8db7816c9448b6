/** The streams that go to peers and come from them, so that those of one peer can be cut at once. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { Blame } from './copies.js'
import { Routes } from './routes.js'

/** One stream between nodes, as lists show it. */
export interface RemoteSession {
  readonly direction: 'served' | 'pulled'
  readonly peer: PeerId
  /** Path at the node that serves it. */
  readonly path: string
  /** Bytes of record batches sent or received. */
  readonly bytes: number
  /** Served: bytes that the puller has not confirmed. */
  readonly inFlight?: number
  /** Served: ms since the oldest of these was sent. */
  readonly age?: number
  /** Frames the puller missed because it was late. */
  readonly dropped: number
}

/** What is kept of a running one. */
export interface OpenSession {
  /** Undefined: it is only being opened. */
  describe(): RemoteSession | undefined
  /** Ends it at once. */
  abort(reason: Error): void
}

/** All of a node. */
export class RemoteSessions {
  readonly routes: Routes
  /** Relays that passed on false frames. */
  readonly blame = new Blame()
  readonly #open = new Map<PeerId, Set<OpenSession>>()

  /** `changed`: as for {@link Routes}. */
  constructor(changed?: () => void) {
    this.routes = new Routes(changed)
  }

  /** Keeps a session until the undo is called. */
  add(peer: PeerId, session: OpenSession): () => void {
    const sessions = this.#open.get(peer) ?? new Set()
    this.#open.set(peer, sessions)
    sessions.add(session)
    return () => {
      sessions.delete(session)
      if (sessions.size === 0 && this.#open.get(peer) === sessions) this.#open.delete(peer)
    }
  }

  list(): readonly RemoteSession[] {
    const open = [...this.#open.values()].flatMap((sessions) => [...sessions])
    return open.map((session) => session.describe()).filter((session) => session !== undefined)
  }

  /** Ends every stream to and from a peer in this turn, as `ERR_PEER_FORGOTTEN` unless told otherwise. Returns how many these were. */
  cut(peer: PeerId, reason: Error = new ShoalError('ERR_PEER_FORGOTTEN')): number {
    const sessions = [...(this.#open.get(peer) ?? [])]
    for (const session of sessions) session.abort(reason)
    return sessions.length
  }

  /** Ends everything. */
  close(): void {
    for (const peer of [...this.#open.keys()]) this.cut(peer, new ShoalError('ERR_STOPPING'))
  }
}
