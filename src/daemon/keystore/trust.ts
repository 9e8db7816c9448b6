/**
 * Pairing by ticket or by cluster secret, without sockets: two state machines that a protocol feeds with messages.
 *
 *     joiner                                                        inviter
 *       JOIN      lookup id, joiner's nonce, joiner's record   →      finds the ticket or secret
 *                 inviter's nonce, inviter's proof             ←      CHALLENGE
 *       checks that the inviter knows the secret
 *       PROOF     joiner's proof                               →      checks it, takes the ticket, trusts the joiner
 *                 inviter's record                             ←      WELCOME
 *       trusts the inviter
 *       either side, at any time:  REFUSE  code
 *
 * A proof is an HMAC under a key from the secret, over the role, both peer ids and both nonces. The secret itself is never sent, a proof is good for
 * one attempt between two peers only, and neither side's proof can be sent back as its own. The ids are those that the connection authenticated
 * (TLS or Noise), never fields of a message, so a third party between the two has the wrong id. The inviter proves first: who took over its address learns
 * nothing, and a guess at a secret of 128 bits from its proof is hopeless.
 *
 * The inviter must have stored its trust, durably, before it sends WELCOME. If WELCOME is lost, the joiner tries again with the same ticket.
 */

import { randomBytes } from 'node:crypto'
import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { type PairKeys, pairKeys, pairProof, sameProof, shortCode, type Transcript } from './pair-proof.js'
import {
  failed,
  fitRecord,
  isBytes,
  type MemberRecord,
  nonceLength,
  outOfTurn,
  type PairedBy,
  type PairMessage,
  type PairParties,
  type PairStep,
  refusal,
} from './pair-step.js'
import type { Ticket } from './ticket.js'

export { Invites } from './invites.js'
export type { MemberRecord, PairMessage, PairParties, PairStep } from './pair-step.js'
export { decodeTicket, minutesLate, type Ticket } from './ticket.js'

/** Where the inviter's side finds what a joiner must know: its tickets, or the cluster secret. */
export interface PairSecrets {
  /** How a pairing with one of them counts. */
  readonly by: Extract<PairedBy, 'ticket' | 'secret'>
  /** Keys of the secret that a joiner names; undefined when it is not good for that joiner. */
  keysFor(lookup: Uint8Array, joiner: PeerId): PairKeys | undefined
  /** Counts a wrong proof. */
  miss(lookup: Uint8Array): void
  /** Takes the secret for a joiner who proved it; false when it is good no more. */
  redeem(lookup: Uint8Array, joiner: PeerId, code: string): boolean
}

const nouns = { ticket: { name: 'ticket', code: 'ERR_TICKET_REFUSED' }, secret: { name: 'cluster secret', code: 'ERR_SECRET_REFUSED' } } as const

/** The inviter's side of one attempt. Feed it with what the joiner sends; after `done` or `error` it is over. */
export class InviterPairing {
  #state: 'join' | 'proof' | 'over' = 'join'
  #lookup: Uint8Array = new Uint8Array()
  #keys: PairKeys | undefined
  #transcript: Transcript | undefined
  #joiner: MemberRecord | undefined
  readonly #secrets: PairSecrets
  readonly #parties: PairParties

  constructor(secrets: PairSecrets, parties: PairParties) {
    this.#secrets = secrets
    this.#parties = parties
  }

  /** Never throws: errors are steps. `ERR_TICKET_REFUSED` or `ERR_SECRET_REFUSED` for whatever is wrong with it, so that a stranger learns no more; `ERR_PROTOCOL`. */
  next(message: PairMessage): PairStep {
    const state = this.#state
    this.#state = 'over'
    if (message.type === 'refuse') return { type: 'error', error: refusal(message.code) }
    const step = state === 'join' ? this.#join(message) : state === 'proof' ? this.#prove(message) : failed('ERR_PROTOCOL', 'The pairing is over.')
    if (step.type === 'reply') this.#state = 'proof'
    return step
  }

  #join(message: PairMessage): PairStep {
    if (message.type !== 'join' || !isBytes(message.lookup, 8) || !isBytes(message.nonce, nonceLength)) return outOfTurn('JOIN')
    const joiner = fitRecord(message.record)
    if (!joiner) return failed('ERR_PROTOCOL', 'The joiner sent a malformed record.')
    const { self, remote } = this.#parties
    const keys = self === remote ? undefined : this.#secrets.keysFor(message.lookup, remote)
    if (!keys)
      return this.#refused(`${remote} named a ${this.#noun.name} that is unknown${this.#secrets.by === 'ticket' ? ', used, revoked or expired' : ' here'}.`)
    const nonce = new Uint8Array(randomBytes(nonceLength))
    this.#lookup = message.lookup
    this.#keys = keys
    this.#joiner = joiner
    this.#transcript = { inviter: self, joiner: remote, inviterNonce: nonce, joinerNonce: message.nonce }
    return { type: 'reply', message: { type: 'challenge', nonce, proof: pairProof(keys, 'inviter', this.#transcript) } }
  }

  #prove(message: PairMessage): PairStep {
    if (message.type !== 'proof' || !isBytes(message.proof, 32)) return outOfTurn('PROOF')
    const { remote, record } = this.#parties
    if (!this.#keys || !this.#transcript || !this.#joiner) return outOfTurn('PROOF')
    if (!sameProof(pairProof(this.#keys, 'joiner', this.#transcript), message.proof)) {
      this.#secrets.miss(this.#lookup)
      return this.#refused(`${remote} does not know the ${this.#noun.name} it named.`)
    }
    const code = shortCode(this.#keys, this.#transcript)
    if (!this.#secrets.redeem(this.#lookup, remote, code)) return this.#refused(`The ${this.#noun.name} of ${remote} was used or ended meanwhile.`)
    return { type: 'done', peer: { ...this.#joiner, id: remote }, code, by: this.#secrets.by, message: { type: 'welcome', record } }
  }

  get #noun(): (typeof nouns)[keyof typeof nouns] {
    return nouns[this.#secrets.by]
  }

  #refused(message: string): PairStep {
    return failed(this.#noun.code, message)
  }
}

/** What a joiner knows: a ticket, or the keys of the cluster secret and the member it dials. */
export type JoinerSecret = Pick<Ticket, 'inviter' | 'secret'> | { readonly inviter: PeerId; readonly keys: PairKeys }

/** The joiner's side of one attempt. */
export class JoinerPairing {
  #state: 'challenge' | 'welcome' | 'over' = 'challenge'
  #code = ''
  readonly #keys: PairKeys
  readonly #by: PairSecrets['by']
  readonly #inviter: PeerId
  readonly #parties: PairParties
  readonly #nonce = new Uint8Array(randomBytes(nonceLength))

  /** Throws `ERR_PAIRING_FAILED` when the far end is not the inviter of the ticket, or the ticket is this node's own. */
  constructor(ticket: JoinerSecret, parties: PairParties) {
    if (ticket.inviter === parties.self)
      throw new ShoalError('ERR_PAIRING_FAILED', 'The ticket was made by this very node.', { hint: 'Use it on another node.' })
    if (ticket.inviter !== parties.remote)
      throw new ShoalError('ERR_PAIRING_FAILED', `The far end is ${parties.remote}, and the ticket is of ${ticket.inviter}.`)
    this.#inviter = ticket.inviter
    this.#parties = parties
    this.#by = 'keys' in ticket ? 'secret' : 'ticket'
    this.#keys = 'keys' in ticket ? ticket.keys : pairKeys(ticket.secret)
  }

  /** The first message. */
  start(): PairMessage {
    return { type: 'join', lookup: this.#keys.lookup, nonce: this.#nonce, record: this.#parties.record }
  }

  /** Never throws: errors are steps. `ERR_TICKET_REFUSED`, `ERR_PAIRING_FAILED` (the far end does not know the secret), `ERR_PROTOCOL`. */
  next(message: PairMessage): PairStep {
    const state = this.#state
    this.#state = 'over'
    if (message.type === 'refuse') return { type: 'error', error: refusal(message.code) }
    if (state === 'challenge') return this.#answer(message)
    return state === 'welcome' ? this.#finish(message) : failed('ERR_PROTOCOL', 'The pairing is over.')
  }

  #answer(message: PairMessage): PairStep {
    if (message.type !== 'challenge' || !isBytes(message.nonce, nonceLength) || !isBytes(message.proof, 32)) return outOfTurn('CHALLENGE')
    const transcript = { inviter: this.#inviter, joiner: this.#parties.self, inviterNonce: message.nonce, joinerNonce: this.#nonce }
    if (!sameProof(pairProof(this.#keys, 'inviter', transcript), message.proof)) {
      return failed('ERR_PAIRING_FAILED', `The far end does not know the ${this.#by === 'ticket' ? 'secret of the ticket' : 'cluster secret'}.`)
    }
    this.#code = shortCode(this.#keys, transcript)
    this.#state = 'welcome'
    return { type: 'reply', message: { type: 'proof', proof: pairProof(this.#keys, 'joiner', transcript) } }
  }

  #finish(message: PairMessage): PairStep {
    if (message.type !== 'welcome') return outOfTurn('WELCOME')
    const record = fitRecord(message.record)
    if (!record) return failed('ERR_PROTOCOL', 'The inviter sent a malformed record.')
    return { type: 'done', peer: { ...record, id: this.#inviter }, code: this.#code, by: this.#by }
  }
}
