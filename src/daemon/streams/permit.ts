/** The permission under which one stream goes to a peer: asked for once, and taken back when the answer changes. */

import { ShoalError } from '../../errors.js'
import type { Logger, PeerId } from '../../plugin.js'

/** Who decides. */
export interface PermitPorts {
  /** May the peer read the path? Anything but `true` refuses; a text is the reason. A throw refuses too. */
  readonly allows: (peer: PeerId, path: string) => Promise<true | string>
  /** Calls `revoke` when that is refused later; taken before asking. Returns the undo. Absent = permissions never change. */
  readonly hold?: (peer: PeerId, path: string, revoke: (reason: string) => void) => () => void
  readonly log: Logger
}

/** One permission. Call {@link done} when the stream is over. */
export class Permit {
  /** Stops the holding. Idempotent. */
  readonly done: () => void
  readonly #peer: PeerId
  readonly #path: string
  readonly #ports: PermitPorts
  readonly #controller = new AbortController()

  constructor(peer: PeerId, path: string, ports: PermitPorts) {
    this.#peer = peer
    this.#path = path
    this.#ports = ports
    this.done = ports.hold?.(peer, path, (reason) => this.#controller.abort(new ShoalError('ERR_FORBIDDEN', reason))) ?? (() => {})
  }

  /** Aborted with `ERR_FORBIDDEN` when the permission was taken back. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Asks. Rejects with `ERR_FORBIDDEN` and the reason. */
  async ask(): Promise<void> {
    const { allows, log } = this.#ports
    let answered: true | string
    try {
      answered = await allows(this.#peer, this.#path)
    } catch (error) {
      log.warn('a permission could not be decided, so it is refused', { peer: this.#peer, path: this.#path, err: error })
      answered = ''
    }
    if (answered !== true) throw new ShoalError('ERR_FORBIDDEN', answered || `${this.#path} may not be read by this peer.`)
    this.signal.throwIfAborted()
  }
}
