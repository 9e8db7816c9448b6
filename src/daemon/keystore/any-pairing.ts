/** The side that was dialled: which kind of pairing it is, the first message says. */

import type { PeerId } from '../../plugin.js'
import type { ClusterSecret } from './cluster-secret.js'
import { AskedPairing } from './code-pairing.js'
import { failed, isBytes, outOfTurn, type PairMessage, type PairParties, type PairStep } from './pair-step.js'
import type { PairWindow } from './pair-window.js'
import { InviterPairing, type PairSecrets } from './trust.js'

/** What a node pairs by. */
export interface PairWays {
  readonly invites: PairSecrets
  readonly window: PairWindow
  /** Absent: no cluster secret is configured. */
  readonly secret?: ClusterSecret
  /** Is it trusted now? The end of a pairing is told again only to a peer that was not forgotten meanwhile. */
  isTrusted(peer: PeerId): boolean
}

/** One attempt from the side that was dialled. */
export class AnyPairing {
  #machine: InviterPairing | AskedPairing | undefined
  readonly #ways: PairWays
  readonly #parties: PairParties

  constructor(ways: PairWays, parties: PairParties) {
    this.#ways = ways
    this.#parties = parties
  }

  /** Never throws: errors are steps, with the codes of the machine that is chosen. */
  next(message: PairMessage): PairStep {
    if (!this.#machine && message.type === 'resume') return this.#resume(message.attempt)
    this.#machine ??= this.#choose(message)
    return this.#machine.next(message)
  }

  /** What a person says of the code, where one is compared. */
  decide(accepted: boolean): PairStep {
    return this.#machine instanceof AskedPairing ? this.#machine.decide(accepted) : outOfTurn('decision')
  }

  #choose(message: PairMessage): InviterPairing | AskedPairing {
    const { invites, window, secret } = this.#ways
    const { remote } = this.#parties
    if (message.type === 'ask') {
      return new AskedPairing(this.#parties, {
        takeTry: () => window.takeTry(),
        keep: (attempt, welcome) => window.keep(remote, attempt, welcome),
      })
    }
    const named = secret && message.type === 'join' && isBytes(message.lookup, 8) && secret.names(message.lookup, remote)
    return new InviterPairing(named ? secret : invites, this.#parties)
  }

  #resume(attempt: Uint8Array): PairStep {
    const { window, isTrusted } = this.#ways
    const { remote, record } = this.#parties
    const kept = isTrusted(remote) ? window.resume(remote, attempt) : undefined
    if (!kept) return failed('ERR_PAIRING_FAILED', `${remote} wants to end a pairing that is unknown here.`)
    return { type: 'done', peer: { ...kept.record, id: remote }, code: kept.code, by: 'code', message: { type: 'welcome', record } }
  }
}
