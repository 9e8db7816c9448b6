/** `shoal://` both ways, as the daemon wires it. */

import type { PeerId, PullerFactory } from '../../plugin.js'
import { FanOut } from './fan-out.js'
import { type PullPorts, shoalPuller } from './remote-pull.js'
import { type ServePorts, serveStreams } from './remote-serve.js'
import { type RemoteSession, RemoteSessions } from './remote-sessions.js'

/** What streams between nodes need of the daemon. */
export type RemotePorts = Omit<ServePorts, 'sessions' | 'fanOut'> &
  Omit<PullPorts, 'sessions' | 'fanOut'> & {
    /** Peers that may pull one stream from here. Default 8. */
    readonly fanOut?: number
    /** What {@link RemoteStreams.isFull} says of a path changed, or how far a copy is from its origin. */
    readonly changed?: () => void
  }

/** Serves local streams to peers and pulls theirs. */
export class RemoteStreams {
  /** For the pulls: the scheme `shoal`. */
  readonly puller: PullerFactory
  readonly #ports: RemotePorts
  readonly #sessions: RemoteSessions
  readonly #fanOut: FanOut
  #undo: (() => void) | undefined

  constructor(ports: RemotePorts) {
    this.#ports = ports
    this.#sessions = new RemoteSessions(ports.changed)
    this.#fanOut = new FanOut(ports.fanOut ?? 8, ports.changed)
    this.puller = shoalPuller({ ...ports, sessions: this.#sessions, fanOut: this.#fanOut })
  }

  /** Begins to serve. */
  start(): void {
    this.#undo ??= serveStreams({ ...this.#ports, sessions: this.#sessions, fanOut: this.#fanOut })
  }

  /** Does a path go to as many peers as it may? */
  isFull(path: string): boolean {
    return this.#fanOut.room(path) === 0
  }

  /** Streams that go to peers and come from them. */
  sessions(): readonly RemoteSession[] {
    return this.#sessions.list()
  }

  /** Ends every stream to and from a peer in this turn, because it was forgotten. Returns how many these were. */
  cutPeer(peer: PeerId): number {
    return this.#sessions.cut(peer)
  }

  /** Serves no more and ends what runs. */
  close(): void {
    this.#undo?.()
    this.#undo = undefined
    this.#sessions.close()
  }
}
