/** What the state machines of pairing share: their messages, their steps, and how they refuse. */

import { isErrorCode, ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'

/** What a node says of itself: a suggestion, made fit where it is stored. At most 255 characters of name, 16 addresses of 255. */
export interface MemberRecord {
  readonly name: string
  readonly addresses: readonly string[]
}

/** A message of the pairing protocol. Lookup ids have 8 bytes; nonces, proofs, commitments and attempts 32. */
export type PairMessage =
  | { readonly type: 'join'; readonly lookup: Uint8Array; readonly nonce: Uint8Array; readonly record: MemberRecord }
  | { readonly type: 'challenge'; readonly nonce: Uint8Array; readonly proof: Uint8Array }
  | { readonly type: 'proof'; readonly proof: Uint8Array }
  | { readonly type: 'welcome'; readonly record: MemberRecord }
  | { readonly type: 'refuse'; readonly code: string }
  | { readonly type: 'ask'; readonly commitment: Uint8Array; readonly record: MemberRecord }
  | { readonly type: 'reveal'; readonly nonce: Uint8Array; readonly record: MemberRecord }
  | { readonly type: 'open'; readonly nonce: Uint8Array }
  | { readonly type: 'accept' }
  | { readonly type: 'resume'; readonly attempt: Uint8Array }

/** How two nodes paired. */
export type PairedBy = 'ticket' | 'code' | 'secret'

/** A peer as a pairing made it known. */
export type PairPeer = MemberRecord & { readonly id: PeerId }

/** Outcome of one message or decision. In every case `message`, where there is one, is to be sent. */
export type PairStep =
  | { readonly type: 'reply'; readonly message: PairMessage }
  /** Show the code to a person, and give the machine the answer. */
  | { readonly type: 'compare'; readonly peer: PairPeer; readonly code: string; readonly message?: PairMessage }
  /** Nothing but to wait. `accepted`: the person of the far end has accepted. */
  | { readonly type: 'wait'; readonly accepted?: true; readonly message?: PairMessage }
  /** Trust `peer` and show `code`; the side that did not dial stores its trust before it sends `message`. */
  | { readonly type: 'done'; readonly peer: PairPeer; readonly code: string; readonly by: PairedBy; readonly message?: PairMessage }
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

/** Bytes of a nonce, a proof, a commitment. */
export const nonceLength = 32

/** Codes that a refusal may bring to the far end. */
const tellable = ['ERR_TICKET_REFUSED', 'ERR_SECRET_REFUSED', 'ERR_PAIRING_CLOSED', 'ERR_PAIRING_REJECTED', 'ERR_PAIRING_FAILED', 'ERR_PROTOCOL'] as const

/** A code that ends a pairing. */
export type RefusalCode = (typeof tellable)[number]

/** Ends a pairing, and tells the far end no more than the code. */
export function failed(code: RefusalCode, message: string): PairStep {
  return { type: 'error', error: new ShoalError(code, message), message: { type: 'refuse', code } }
}

/** The end for a message that came where another was due, or was malformed. */
export function outOfTurn(expected: string): PairStep {
  return failed('ERR_PROTOCOL', `The far end sent no valid ${expected} where one was due.`)
}

/** The far end's refusal as an error of ours; only known codes pass. */
export function refusal(code: string): ShoalError {
  if (code === 'ERR_TICKET_REFUSED' || code === 'ERR_SECRET_REFUSED' || code === 'ERR_PAIRING_CLOSED' || code === 'ERR_PAIRING_REJECTED') {
    return new ShoalError(code)
  }
  return new ShoalError('ERR_PAIRING_FAILED', `The far end ended the pairing${isErrorCode(code) ? ` with ${code}` : ''}.`)
}

/** Bytes of exactly that length? */
export function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

/** A record within its limits, copied; undefined when it is not. */
export function fitRecord(record: MemberRecord | undefined): MemberRecord | undefined {
  if (typeof record?.name !== 'string' || record.name.length > 255) return undefined
  const { addresses } = record
  if (!Array.isArray(addresses) || addresses.length > 16) return undefined
  if (!addresses.every((address) => typeof address === 'string' && address.length <= 255)) return undefined
  return { name: record.name, addresses: [...addresses] }
}
