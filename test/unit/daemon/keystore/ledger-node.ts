/** A node around the pure ledger, for tests: a book of two lines, and its records in one shared set. */

import type { TrustClaim, TrustRecord } from '../../../../src/daemon/keystore/trust-claim.js'
import { claimRank } from '../../../../src/daemon/keystore/trust-claim.js'
import {
  emptyLedger,
  isTrusted,
  type LedgerEffect,
  type LedgerEvent,
  type LedgerLimits,
  type LedgerState,
  type Standing,
  stepLedger,
} from '../../../../src/daemon/keystore/trust-ledger.js'

/** Carries effects out as the daemon does. */
export class LedgerNode {
  state: LedgerState
  readonly refused: LedgerEffect[] = []
  readonly told: TrustRecord[] = []
  readonly seen = new Map<string, number>()
  readonly #published: TrustRecord[]

  constructor(
    readonly id: string,
    published: TrustRecord[],
    limits: Partial<LedgerLimits> = {},
  ) {
    this.state = emptyLedger(id, limits)
    this.#published = published
  }

  /** The standing of a peer. */
  of(peer: string): Standing | undefined {
    return this.state.standings.get(peer)
  }

  trusts(peer: string): boolean {
    return isTrusted(this.state, peer)
  }

  /** A person paired this node with a peer. */
  pair(peer: string): void {
    this.#stand(peer, { kind: 'trusted', version: this.#highest(peer) + 1, here: false, vouched: true })
  }

  /** A person forgot a peer. */
  forget(peer: string, here = false): void {
    const version = Math.max(0, this.#highest(peer)) + (here ? 0 : 1)
    this.#stand(peer, { kind: 'forgotten', version, here, vouched: !here })
  }

  take(record: TrustRecord, allowed = true): LedgerEffect[] {
    return this.step({ type: 'record', allowed, ...record })
  }

  step(event: LedgerEvent): LedgerEffect[] {
    const { state, effects } = stepLedger(this.state, event)
    this.state = state
    for (const effect of effects) this.#carryOut(effect)
    return [...effects]
  }

  #highest(peer: string): number {
    return Math.max(this.of(peer)?.version ?? 0, this.seen.get(peer) ?? 0)
  }

  #stand(peer: string, standing: Standing): void {
    this.step({ type: 'standing', peer, standing })
  }

  #carryOut(effect: LedgerEffect): void {
    if (effect.type === 'seen') this.seen.set(effect.peer, Math.max(this.seen.get(effect.peer) ?? 0, effect.version))
    else if (effect.type === 'refused') this.refused.push(effect)
    else if (effect.type === 'told') this.told.push(effect.record)
    else if (effect.type === 'drop') this.step({ type: 'standing', peer: effect.peer })
    else if (effect.type === 'publish') this.#publish(effect.peer, { kind: effect.kind, version: effect.version, name: '', addresses: [] })
    else if (effect.type === 'vouch') {
      const standing = this.of(effect.peer)
      if (standing) this.#stand(effect.peer, { ...standing, vouched: true })
    } else this.#apply(effect.record, effect)
  }

  #apply({ author, subject, claim }: TrustRecord, effect: LedgerEffect & { record: TrustRecord }): void {
    const before = this.of(subject)
    if (before && claimRank(before) >= claimRank(claim)) return
    const { version } = claim
    if (effect.type === 'trust') this.#stand(subject, { kind: 'trusted', version, here: false, vouched: effect.vouched, source: author })
    if (effect.type === 'forget') this.#stand(subject, { kind: 'forgotten', version, here: false, vouched: true, source: author })
    if (effect.type === 'bury') this.#stand(subject, { kind: 'forgotten', version, here: false, vouched: false, source: author })
    if (effect.type === 'raise' && before) this.#stand(subject, { ...before, version, vouched: effect.vouched })
  }

  #publish(subject: string, claim: TrustClaim): void {
    const last = this.#published.findLast((record) => record.author === this.id && record.subject === subject)
    if (!last || last.claim.kind !== claim.kind || last.claim.version !== claim.version) this.#published.push({ author: this.id, subject, claim })
  }
}
