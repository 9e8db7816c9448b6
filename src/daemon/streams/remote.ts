/** `shoal://` both ways, as the daemon wires it. */

import type { PeerId, PullerFactory } from '../../plugin.js'
import { type PullPorts, shoalPuller } from './remote-pull.js'
import { type ServePorts, serveStreams } from './remote-serve.js'
import { type RemoteSession, RemoteSessions } from './remote-sessions.js'

/** What streams between nodes need of the daemon. */
export type RemotePorts = Omit<ServePorts, 'sessions'> & Omit<PullPorts, 'sessions'>

/** Serves local streams to peers and pulls theirs. */
export class RemoteStreams {
  /** For the pulls: the scheme `shoal`. */
  readonly puller: PullerFactory
  readonly #ports: RemotePorts
  readonly #sessions = new RemoteSessions()
  #undo: (() => void) | undefined

  constructor(ports: RemotePorts) {
    this.#ports = ports
    this.puller = shoalPuller({ ...ports, sessions: this.#sessions })
  }

  /** Begins to serve. */
  start(): void {
    this.#undo ??= serveStreams({ ...this.#ports, sessions: this.#sessions })
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
