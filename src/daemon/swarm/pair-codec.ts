/** Pairing messages to bytes and back. What is read is checked against the limits of proto/pair.proto; the rest is `ERR_PROTOCOL`. */

import { ShoalError } from '../../errors.js'
import { readAscii, readText, writeMessage, writeText } from '../util/wire-text.js'
import { Pairing, type Member as WireMember } from './pair.pb.js'

/** What a node says of itself. */
export interface MemberRecord {
  readonly name: string
  readonly addresses: readonly string[]
}

/** A message of the pairing protocol; its meaning is with the state machines of the keystore. */
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

/** Bytes of a whole message. */
export const maxPairFrame = 16 * 1024

const maxName = 255
const maxAddresses = 16
const maxAddress = 255
const maxCode = 64
const lookupLength = 8
const secretLength = 32

const record = { record: { addresses: maxAddresses } }
const counts = { join: record, welcome: record, ask: record, reveal: record }

/** One message as a frame. A name or addresses over the limits are cut. */
export function encodePairing(message: PairMessage): Uint8Array {
  switch (message.type) {
    case 'join':
      return Pairing.encode({ join: { lookup: message.lookup, nonce: message.nonce, record: toWire(message.record) } })
    case 'challenge':
      return Pairing.encode({ challenge: { nonce: message.nonce, proof: message.proof } })
    case 'proof':
      return Pairing.encode({ proof: { proof: message.proof } })
    case 'welcome':
      return Pairing.encode({ welcome: { record: toWire(message.record) } })
    case 'refuse':
      return Pairing.encode({ refuse: { code: writeText(message.code.slice(0, maxCode)) } })
    case 'ask':
      return Pairing.encode({ ask: { commitment: message.commitment, record: toWire(message.record) } })
    case 'reveal':
      return Pairing.encode({ reveal: { nonce: message.nonce, record: toWire(message.record) } })
    case 'open':
      return Pairing.encode({ open: { nonce: message.nonce } })
    case 'accept':
      return Pairing.encode({ accept: {} })
    case 'resume':
      return Pairing.encode({ resume: { attempt: message.attempt } })
  }
}

/** A frame as a message. Throws `ERR_PROTOCOL`. */
export function decodePairing(frame: Uint8Array): PairMessage {
  const message = parse(frame)
  const present = Object.values(message).filter((part) => part !== undefined).length
  if (present !== 1) throw new ShoalError('ERR_PROTOCOL', `A pairing frame holds ${present} messages.`)
  return readProof(message) ?? readCode(message) ?? { type: 'refuse', code: readAscii(codeBytes(message), 'The code of a refusal', { max: maxCode }) }
}

/** What a node says of itself, as the far end will read it: cut to the limits. Both ends hash the same. */
export function wireRecord(record: MemberRecord): MemberRecord {
  return fromWire(toWire(record))
}

/** The messages by ticket and cluster secret. */
function readProof({ join, challenge, proof, welcome }: Pairing): PairMessage | undefined {
  if (join) return { type: 'join', lookup: exact(join.lookup, lookupLength), nonce: exact(join.nonce, secretLength), record: fromWire(join.record) }
  if (challenge) return { type: 'challenge', nonce: exact(challenge.nonce, secretLength), proof: exact(challenge.proof, secretLength) }
  if (proof) return { type: 'proof', proof: exact(proof.proof, secretLength) }
  return welcome && { type: 'welcome', record: fromWire(welcome.record) }
}

/** The messages by short code. */
function readCode({ ask, reveal, open, accept, resume }: Pairing): PairMessage | undefined {
  if (ask) return { type: 'ask', commitment: exact(ask.commitment, secretLength), record: fromWire(ask.record) }
  if (reveal) return { type: 'reveal', nonce: exact(reveal.nonce, secretLength), record: fromWire(reveal.record) }
  if (open) return { type: 'open', nonce: exact(open.nonce, secretLength) }
  if (resume) return { type: 'resume', attempt: exact(resume.attempt, secretLength) }
  return accept && { type: 'accept' }
}

function codeBytes({ refuse }: Pairing): Uint8Array {
  return refuse?.code ?? new Uint8Array()
}

function parse(frame: Uint8Array): Pairing {
  try {
    return Pairing.decode(frame, { limits: counts })
  } catch (cause) {
    throw new ShoalError('ERR_PROTOCOL', `A pairing frame is malformed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function toWire({ name, addresses }: MemberRecord): WireMember {
  const fit = addresses.filter((address) => address.length <= maxAddress)
  return { name: writeMessage(name, maxName), addresses: fit.slice(0, maxAddresses).map(writeText) }
}

function fromWire(wire: WireMember | undefined): MemberRecord {
  if (!wire) throw new ShoalError('ERR_PROTOCOL', 'A pairing frame lacks its record.')
  return {
    name: readText(wire.name, 'The name of a node', { max: maxName }),
    addresses: wire.addresses.map((address) => readAscii(address, 'An address', { min: 1, max: maxAddress })),
  }
}

/** A copy, so that the frame can go. */
function exact(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.byteLength !== length) throw new ShoalError('ERR_PROTOCOL', `A field of a pairing frame has ${bytes.byteLength} bytes, not ${length}.`)
  return new Uint8Array(bytes)
}
