/** Payload kinds that clients of endpoints take, while no plugin handles them. */

import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { EndpointPayload } from '../../services.js'

/** Whose payloads of these kinds are, where the router asks for a plugin. */
export const clientsOwner = 'endpoint clients'

/** Takes a payload; false when there is no room. */
export type Receive = (payload: EndpointPayload) => boolean

/** Kinds a node's clients may take, all together. */
const maxKinds = 500

/** Who takes what. */
export class ClientKinds {
  readonly #claim: (kind: string) => () => void
  readonly #kinds = new Map<string, { readonly receivers: Set<Receive>; readonly undo: () => void }>()

  /** `claim`: claims a kind for as long as no plugin does; throws `ERR_KIND_INVALID`, `ERR_KIND_CLAIMED`. */
  constructor(claim: (kind: string) => () => void) {
    this.#claim = claim
  }

  /** Returns the undo. Throws as `claim`, and `ERR_LIMIT`. */
  add(kind: string, receive: Receive): () => void {
    const present = this.#kinds.get(kind)
    if (!present && this.#kinds.size >= maxKinds) throw new ShoalError('ERR_LIMIT', `Clients take ${maxKinds} kinds of payloads already.`)
    const taken = present ?? { receivers: new Set<Receive>(), undo: this.#claim(kind) }
    this.#kinds.set(kind, taken)
    taken.receivers.add(receive)
    return () => {
      if (!taken.receivers.delete(receive) || taken.receivers.size > 0) return
      this.#kinds.delete(kind)
      taken.undo()
    }
  }

  /** Hands a payload to all who take its kind. Throws `ERR_OVERLOADED` when none had room. */
  receive(from: PeerId, kind: string, body: Uint8Array): void {
    const receivers = [...(this.#kinds.get(kind)?.receivers ?? [])]
    const taken = receivers.filter((receive) => takes(receive, { from, kind, body }))
    if (taken.length === 0) throw new ShoalError('ERR_OVERLOADED', `No client has room for a payload of kind ${kind}.`)
  }
}

/** A receiver that throws has not taken it. */
function takes(receive: Receive, payload: EndpointPayload): boolean {
  try {
    return receive(payload) === true
  } catch {
    return false
  }
}
