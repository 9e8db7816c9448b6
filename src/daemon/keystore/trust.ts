/**
 * Pairing by ticket, without sockets: two state machines that a protocol feeds with messages.
 *
 *     joiner                                                        inviter
 *       JOIN      lookup id, joiner's nonce, joiner's record   →      finds the ticket
 *                 inviter's nonce, inviter's proof             ←      CHALLENGE
 *       checks that the inviter knows the secret
 *       PROOF     joiner's proof                               →      checks it, takes the ticket, trusts the joiner
 *                 inviter's record                             ←      WELCOME
 *       trusts the inviter
 *       either side, at any time:  REFUSE  code
 *
 * A proof is an HMAC under a key from the secret, over the role, both peer ids and both nonces. The secret itself is never sent, a proof is good for
 * one attempt between two peers only, and neither side's proof can be sent back as its own. The ids are those that the connection authenticated
 * (Noise), never fields of a message, so a third party between the two has the wrong id. The inviter proves first: who took over its address learns
 * nothing, and a guess at a secret of 128 bits from its proof is hopeless.
 *
 * The inviter must have stored its trust, durably, before it sends WELCOME. If WELCOME is lost, the joiner tries again with the same ticket.
 */

import { randomBytes } from 'node:crypto'
import { isErrorCode, ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import type { Invites } from './invites.js'
import { type PairKeys, pairKeys, pairProof, sameProof, shortCode, type Transcript } from './pair-proof.js'
import type { Ticket } from './ticket.js'

export { Invites } from './invites.js'
export { decodeTicket, minutesLate, type Ticket } from './ticket.js'

/** What a node says of itself: a suggestion, made fit where it is stored. At most 255 characters of name, 16 addresses of 255. */
export interface MemberRecord {
  readonly name: string
  readonly addresses: readonly string[]
}

/** A message of the pairing protocol. Lookup ids have 8 bytes, nonces and proofs 32. */
export type PairMessage =
  | { readonly type: 'join'; readonly lookup: Uint8Array; readonly nonce: Uint8Array; readonly record: MemberRecord }
  | { readonly type: 'challenge'; readonly nonce: Uint8Array; readonly proof: Uint8Array }
  | { readonly type: 'proof'; readonly proof: Uint8Array }
  | { readonly type: 'welcome'; readonly record: MemberRecord }
  | { readonly type: 'refuse'; readonly code: string }

/** Outcome of one message. In every case `message`, where there is one, is to be sent. */
export type PairStep =
  | { readonly type: 'reply'; readonly message: PairMessage }
  /** Trust `peer` and show `code`; the inviter stores its trust before it sends `message`. */
  | { readonly type: 'done'; readonly peer: MemberRecord & { readonly id: PeerId }; readonly code: string; readonly message?: PairMessage }
  | { readonly type: 'error'; readonly error: ShoalError; readonly message?: PairMessage }

/** Who takes part, on one connection. */
export interface PairParties {
  /** This node. */
  readonly self: PeerId
  /** The far end, as the connection authenticated it. */
  readonly remote: PeerId
  /** What this node says of itself. */
  readonly record: MemberRecord
}

const nonceLength = 32

/** The inviter's side of one attempt. Feed it with what the joiner sends; after `done` or `error` it is over. */
export class InviterPairing {
  #state: 'join' | 'proof' | 'over' = 'join'
  #lookup: Uint8Array = new Uint8Array()
  #keys: PairKeys | undefined
  #transcript: Transcript | undefined
  #joiner: MemberRecord | undefined
  readonly #invites: Invites
  readonly #parties: PairParties

  constructor(invites: Invites, parties: PairParties) {
    this.#invites = invites
    this.#parties = parties
  }

  /** Never throws: errors are steps. `ERR_TICKET_REFUSED` for whatever is wrong with the ticket, so that a stranger learns no more; `ERR_PROTOCOL`. */
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
    const keys = self === remote ? undefined : this.#invites.keysFor(message.lookup, remote)
    if (!keys) return failed('ERR_TICKET_REFUSED', `${remote} named a ticket that is unknown, used, revoked or expired.`)
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
      this.#invites.miss(this.#lookup)
      return failed('ERR_TICKET_REFUSED', `${remote} does not know the secret of the ticket it named.`)
    }
    const code = shortCode(this.#keys, this.#transcript)
    if (!this.#invites.redeem(this.#lookup, remote, code)) return failed('ERR_TICKET_REFUSED', `The ticket of ${remote} was used or ended meanwhile.`)
    return { type: 'done', peer: { ...this.#joiner, id: remote }, code, message: { type: 'welcome', record } }
  }
}

/** The joiner's side of one attempt. */
export class JoinerPairing {
  #state: 'challenge' | 'welcome' | 'over' = 'challenge'
  #code = ''
  readonly #keys: PairKeys
  readonly #ticket: Ticket
  readonly #parties: PairParties
  readonly #nonce = new Uint8Array(randomBytes(nonceLength))

  /** Throws `ERR_PAIRING_FAILED` when the far end is not the inviter of the ticket, or the ticket is this node's own. */
  constructor(ticket: Ticket, parties: PairParties) {
    if (ticket.inviter === parties.self)
      throw new ShoalError('ERR_PAIRING_FAILED', 'The ticket was made by this very node.', { hint: 'Use it on another node.' })
    if (ticket.inviter !== parties.remote)
      throw new ShoalError('ERR_PAIRING_FAILED', `The far end is ${parties.remote}, and the ticket is of ${ticket.inviter}.`)
    this.#ticket = ticket
    this.#parties = parties
    this.#keys = pairKeys(ticket.secret)
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
    const transcript = { inviter: this.#ticket.inviter, joiner: this.#parties.self, inviterNonce: message.nonce, joinerNonce: this.#nonce }
    if (!sameProof(pairProof(this.#keys, 'inviter', transcript), message.proof)) {
      return failed('ERR_PAIRING_FAILED', 'The far end does not know the secret of the ticket.')
    }
    this.#code = shortCode(this.#keys, transcript)
    this.#state = 'welcome'
    return { type: 'reply', message: { type: 'proof', proof: pairProof(this.#keys, 'joiner', transcript) } }
  }

  #finish(message: PairMessage): PairStep {
    if (message.type !== 'welcome') return outOfTurn('WELCOME')
    const record = fitRecord(message.record)
    if (!record) return failed('ERR_PROTOCOL', 'The inviter sent a malformed record.')
    return { type: 'done', peer: { ...record, id: this.#ticket.inviter }, code: this.#code }
  }
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

/** A record within its limits, copied; undefined when it is not. */
function fitRecord(record: MemberRecord | undefined): MemberRecord | undefined {
  if (typeof record?.name !== 'string' || record.name.length > 255) return undefined
  const { addresses } = record
  if (!Array.isArray(addresses) || addresses.length > 16) return undefined
  if (!addresses.every((address) => typeof address === 'string' && address.length <= 255)) return undefined
  return { name: record.name, addresses: [...addresses] }
}

function failed(code: 'ERR_TICKET_REFUSED' | 'ERR_PROTOCOL' | 'ERR_PAIRING_FAILED', message: string): PairStep {
  return { type: 'error', error: new ShoalError(code, message), message: { type: 'refuse', code } }
}

function outOfTurn(expected: string): PairStep {
  return failed('ERR_PROTOCOL', `The far end sent no valid ${expected} where one was due.`)
}

/** The far end's refusal as an error of ours; only known codes pass. */
function refusal(code: string): ShoalError {
  if (code === 'ERR_TICKET_REFUSED') return new ShoalError('ERR_TICKET_REFUSED')
  return new ShoalError('ERR_PAIRING_FAILED', `The far end ended the pairing${isErrorCode(code) ? ` with ${code}` : ''}.`)
}
