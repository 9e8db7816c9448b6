/**
 * Pairing by short code of two nodes that found each other, without sockets:
 *
 *     asker                                                              asked
 *       ASK       commitment to a nonce, record              →             one of its five tries
 *                 the other nonce, record                    ←      REVEAL
 *       OPEN      the nonce                                  →             checks the commitment
 *       shows six digits                                                   shows six digits
 *       ACCEPT    when its person accepted                   →
 *                 when its person accepted first             ←      ACCEPT
 *                                                                          both accepted: trusts the asker
 *                 record                                     ←      WELCOME
 *       trusts the asked, closes its side
 *       either side, at any time:  REFUSE  code
 *
 * The digits are a hash over both ids, both nonces and both records. The asker is bound to its nonce before it sees the other's, and the other
 * chooses its nonce before it sees the asker's. So whoever stands between the two, with an id of his own on each side, cannot choose what either
 * screen shows: he has one chance in a million for each REVEAL, and those are counted, also when he hangs up after it.
 *
 * A lost WELCOME would leave only one side with the trust. The asker, whose person has accepted, may then fetch it with RESUME for ten minutes.
 */

import { randomBytes } from 'node:crypto'
import { attemptOf, type CodeExchange, codeOf, commitmentOf } from './pair-code.js'
import { sameProof } from './pair-proof.js'
import {
  failed,
  fitRecord,
  isBytes,
  type MemberRecord,
  nonceLength,
  outOfTurn,
  type PairMessage,
  type PairParties,
  type PairStep,
  refusal,
} from './pair-step.js'

const newNonce = (): Uint8Array => new Uint8Array(randomBytes(nonceLength))

/** The side that asks. Feed it with what comes and with its person's decision; after `done` or `error` it is over. */
export class AskerPairing {
  #state: 'reveal' | 'compare' | 'welcome' | 'over' = 'reveal'
  #exchange: CodeExchange | undefined
  #acceptedThere = false
  readonly #parties: PairParties
  readonly #nonce = newNonce()

  constructor(parties: PairParties) {
    this.#parties = parties
  }

  /** The first message. */
  start(): PairMessage {
    const { self, remote, record } = this.#parties
    const commitment = commitmentOf({ asker: self, asked: remote, askerNonce: this.#nonce, askerRecord: record })
    return { type: 'ask', commitment, record }
  }

  /** Never throws: errors are steps. `ERR_PAIRING_CLOSED`, `ERR_PAIRING_REJECTED`, `ERR_PAIRING_FAILED`, `ERR_PROTOCOL`. */
  next(message: PairMessage): PairStep {
    const step = this.#take(message)
    if (step.type === 'error' || step.type === 'done') this.#state = 'over'
    return step
  }

  /** What its person says of the code. */
  decide(accepted: boolean): PairStep {
    if (this.#state !== 'compare') return outOfTurn('decision')
    this.#state = accepted ? 'welcome' : 'over'
    return accepted ? { type: 'wait', message: { type: 'accept' } } : rejected()
  }

  /** The machine that fetches a WELCOME that was lost; undefined when there is none to fetch. */
  resume(): ResumePairing | undefined {
    return this.#state === 'welcome' && this.#exchange ? new ResumePairing(this.#exchange) : undefined
  }

  #take(message: PairMessage): PairStep {
    if (message.type === 'refuse') return { type: 'error', error: refusal(message.code) }
    if (this.#state === 'reveal') return this.#reveal(message)
    if (message.type === 'accept' && this.#state !== 'over' && !this.#acceptedThere) {
      this.#acceptedThere = true
      return { type: 'wait', accepted: true }
    }
    return this.#state === 'welcome' && this.#exchange ? welcomed(message, this.#exchange) : outOfTurn('ACCEPT')
  }

  #reveal(message: PairMessage): PairStep {
    if (message.type !== 'reveal' || !isBytes(message.nonce, nonceLength)) return outOfTurn('REVEAL')
    const askedRecord = fitRecord(message.record)
    if (!askedRecord) return failed('ERR_PROTOCOL', 'The node that was asked sent a malformed record.')
    const { self, remote, record } = this.#parties
    this.#exchange = { asker: self, asked: remote, askerNonce: this.#nonce, askedNonce: message.nonce, askerRecord: record, askedRecord }
    this.#state = 'compare'
    return { type: 'compare', peer: { ...askedRecord, id: remote }, code: codeOf(this.#exchange), message: { type: 'open', nonce: this.#nonce } }
  }
}

/** The asker's second visit, after WELCOME was lost on the first. */
export class ResumePairing {
  readonly #exchange: CodeExchange

  constructor(exchange: CodeExchange) {
    this.#exchange = exchange
  }

  /** The first message. */
  start(): PairMessage {
    return { type: 'resume', attempt: attemptOf(this.#exchange) }
  }

  /** As {@link AskerPairing.next}. */
  next(message: PairMessage): PairStep {
    if (message.type === 'refuse') return { type: 'error', error: refusal(message.code) }
    return welcomed(message, this.#exchange)
  }

  /** It may be lost again. */
  resume(): ResumePairing {
    return this
  }
}

function welcomed(message: PairMessage, exchange: CodeExchange): PairStep {
  if (message.type !== 'welcome') return outOfTurn('WELCOME')
  return { type: 'done', peer: { ...exchange.askedRecord, id: exchange.asked }, code: codeOf(exchange), by: 'code' }
}

function rejected(): PairStep {
  return failed('ERR_PAIRING_REJECTED', 'The pairing was rejected on this side.')
}

/** What the asked side needs beside {@link PairParties}. */
export interface AskedPorts {
  /** Takes one try; false = the window is closed. */
  takeTry(): boolean
  /** The attempt is about to be stored: it may be resumed. */
  keep(attempt: Uint8Array, welcome: { readonly record: MemberRecord; readonly code: string }): void
}

/** The side that is asked. */
export class AskedPairing {
  #state: 'ask' | 'open' | 'compare' | 'over' = 'ask'
  #commitment: Uint8Array = new Uint8Array()
  #asker: MemberRecord | undefined
  #exchange: CodeExchange | undefined
  #acceptedHere = false
  #acceptedThere = false
  readonly #parties: PairParties
  readonly #ports: AskedPorts
  readonly #nonce = newNonce()

  constructor(parties: PairParties, ports: AskedPorts) {
    this.#parties = parties
    this.#ports = ports
  }

  /** Never throws: errors are steps. `ERR_PAIRING_CLOSED`, `ERR_PAIRING_REJECTED`, `ERR_PAIRING_FAILED`, `ERR_PROTOCOL`. */
  next(message: PairMessage): PairStep {
    const step = this.#take(message)
    if (step.type === 'error' || step.type === 'done') this.#state = 'over'
    return step
  }

  /** What its person says of the code. */
  decide(accepted: boolean): PairStep {
    if (this.#state !== 'compare' || this.#acceptedHere) return outOfTurn('decision')
    this.#acceptedHere = accepted
    const step: PairStep = accepted ? this.#settle({ type: 'wait', message: { type: 'accept' } }) : rejected()
    if (step.type !== 'wait') this.#state = 'over'
    return step
  }

  #take(message: PairMessage): PairStep {
    if (message.type === 'refuse') return { type: 'error', error: refusal(message.code) }
    if (this.#state === 'ask') return this.#ask(message)
    if (this.#state === 'open') return this.#open(message)
    if (this.#state !== 'compare' || message.type !== 'accept' || this.#acceptedThere) return outOfTurn('ACCEPT')
    this.#acceptedThere = true
    return this.#settle({ type: 'wait', accepted: true })
  }

  #ask(message: PairMessage): PairStep {
    if (message.type !== 'ask' || !isBytes(message.commitment, nonceLength)) return outOfTurn('ASK')
    const asker = fitRecord(message.record)
    if (!asker) return failed('ERR_PROTOCOL', 'The asker sent a malformed record.')
    const { self, remote, record } = this.#parties
    if (self === remote) return failed('ERR_PROTOCOL', 'The asker has the id of this node.')
    if (!this.#ports.takeTry()) return failed('ERR_PAIRING_CLOSED', `${remote} asks to pair, and this node takes no requests now.`)
    this.#commitment = message.commitment
    this.#asker = asker
    this.#state = 'open'
    return { type: 'reply', message: { type: 'reveal', nonce: this.#nonce, record } }
  }

  #open(message: PairMessage): PairStep {
    if (message.type !== 'open' || !isBytes(message.nonce, nonceLength) || !this.#asker) return outOfTurn('OPEN')
    const { self, remote, record } = this.#parties
    const exchange = {
      asker: remote,
      asked: self,
      askerNonce: message.nonce,
      askedNonce: this.#nonce,
      askerRecord: this.#asker,
      askedRecord: record,
    }
    if (!sameProof(commitmentOf(exchange), this.#commitment)) return failed('ERR_PAIRING_FAILED', `${remote} opened another nonce than it had committed to.`)
    this.#exchange = exchange
    this.#state = 'compare'
    return { type: 'compare', peer: { ...this.#asker, id: remote }, code: codeOf(exchange) }
  }

  /** Both persons accepted: the end. Otherwise what is due. */
  #settle(otherwise: PairStep): PairStep {
    if (!this.#acceptedHere || !this.#acceptedThere || !this.#exchange) return otherwise
    const { asker, askerRecord, askedRecord } = this.#exchange
    const code = codeOf(this.#exchange)
    this.#ports.keep(attemptOf(this.#exchange), { record: askerRecord, code })
    return { type: 'done', peer: { ...askerRecord, id: asker }, code, by: 'code', message: { type: 'welcome', record: askedRecord } }
  }
}
