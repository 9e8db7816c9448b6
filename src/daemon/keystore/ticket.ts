/**
 * A ticket: who invites, where, and a secret that is good for one use. On paper it is `shoal1` and base32 (RFC 4648, small letters, no padding) of
 *
 *     version        1 byte, 1
 *     inviter        32 bytes, the public key that its peer id stands for
 *     secret         16 bytes
 *     expires        4 bytes, seconds since 1970
 *     count          1 byte, up to 8 addresses, each either
 *                    4, four bytes of IPv4, two of port           /ip4/A.B.C.D/tcp/PORT
 *                    0, length (1 byte), the multiaddr as text
 *     check          4 bytes, CRC-32 of all before
 *
 * numbers with the high byte first. The check finds every slip within six neighbouring characters, and any other but for one in 2^32.
 * Addresses leave out the inviter's own `/p2p/…` at their end; reading puts it back, so that a dial reaches the inviter or nobody.
 */

import { fromString } from 'uint8arrays/from-string'
import { toString as encode } from 'uint8arrays/to-string'
import { ShoalError } from '../../errors.js'
import type { PeerId } from '../../plugin.js'
import { crc32 } from '../util/crc32.js'
import { peerIdOf, publicKeyOf } from './peer-id.js'

/** What a ticket says. */
export interface Ticket {
  readonly inviter: PeerId
  /** Multiaddrs to dial, ending in the inviter's id. */
  readonly addresses: readonly string[]
  /** 16 bytes. Never sent. */
  readonly secret: Uint8Array
  /** Wall clock, seconds since 1970. */
  readonly expires: number
}

/** Longest ticket, in characters. */
export const maxTicket = 1024

/** ms by which the clocks of inviter and joiner may differ. */
export const clockTolerance = 300_000

const prefix = 'shoal1'
const maxAddresses = 8
const maxBytes = Math.floor(((maxTicket - prefix.length) * 5) / 8)
const addressText = /^\/[\x21-\x7e]{1,199}$/

/** The text of a ticket: of its addresses the first 8 that fit. Throws `ERR_TICKET_INVALID` when a field is out of range. */
export function encodeTicket(ticket: Ticket): string {
  const key = publicKeyOf(ticket.inviter)
  if (!key) throw invalid('the inviter has no peer id')
  if (ticket.secret.length !== 16) throw invalid('its secret has not 16 bytes')
  if (!Number.isInteger(ticket.expires) || ticket.expires < 0 || ticket.expires > 0xffffffff) throw invalid('its expiry is out of range')
  const addresses: Uint8Array[] = []
  let length = 58
  for (const address of ticket.addresses) {
    const bytes = encodeAddress(address, ticket.inviter)
    if (!bytes || addresses.length === maxAddresses || length + bytes.length > maxBytes) continue
    addresses.push(bytes)
    length += bytes.length
  }
  const head = Buffer.concat([Uint8Array.of(1), key, ticket.secret, Buffer.alloc(4), Uint8Array.of(addresses.length)])
  head.writeUInt32BE(ticket.expires, 49)
  const body = Buffer.concat([head, ...addresses])
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return prefix + encode(Buffer.concat([body, check]), 'base32')
}

/**
 * Reads a ticket, all in small or all in capital letters, with white space around it. Whether it has expired is for the inviter to say: the
 * clock of the joiner may be a day ahead.
 * @throws `ERR_TICKET_INVALID`
 */
export function decodeTicket(text: string): Ticket {
  return parse(unwrap(text))
}

/** Minutes for which a ticket is over by this node's clock; 0 while it is good, or as good as clocks can tell. `now`: wall clock, ms since 1970. */
export function minutesLate(ticket: Ticket, now: number = Date.now()): number {
  const late = now - ticket.expires * 1000
  return late > clockTolerance ? Math.round(late / 60_000) : 0
}

/** The checked bytes in a ticket's text, without the check. */
function unwrap(text: string): Uint8Array {
  if (text.length > maxTicket + 64) throw invalid('it is too long')
  const trimmed = text.trim()
  if (trimmed.length > maxTicket) throw invalid('it is too long')
  const lower = trimmed.toLowerCase()
  if (trimmed !== lower && trimmed !== trimmed.toUpperCase()) throw invalid('it mixes small and capital letters')
  if (!lower.startsWith(prefix)) throw invalid(`it does not start with ${prefix}`)
  const data = lower.slice(prefix.length)
  if (!/^[a-z2-7]+$/.test(data)) throw invalid('it holds a character that no ticket has')
  const bytes = decodeBase32(data)
  if (bytes.length < 58) throw invalid('it is cut short')
  const body = bytes.subarray(0, -4)
  if (Buffer.from(bytes).readUInt32BE(body.length) !== crc32(body)) throw invalid('a character is wrong or missing')
  return body
}

function decodeBase32(data: string): Uint8Array {
  try {
    const bytes = fromString(data, 'base32')
    if (encode(bytes, 'base32') === data) return bytes
  } catch {}
  throw invalid('it is cut short')
}

function parse(body: Uint8Array): Ticket {
  if (body[0] !== 1) throw invalid(`it is of version ${body[0]}, and this node knows 1`)
  const inviter = peerIdOf(body.subarray(1, 33))
  const expires = Buffer.from(body).readUInt32BE(49)
  const count = body[53] as number
  if (count > maxAddresses) throw invalid(`it holds ${count} addresses, more than ${maxAddresses}`)
  const addresses: string[] = []
  let at = 54
  for (let index = 0; index < count; index++) {
    const { address, end } = decodeAddress(body, at)
    addresses.push(`${address}/p2p/${inviter}`)
    at = end
  }
  if (at !== body.length) throw invalid('something follows its addresses')
  return { inviter, addresses, secret: body.slice(33, 49), expires }
}

/** Undefined when the text is no multiaddr of printable ASCII, or ends in another peer's id. */
function encodeAddress(address: string, inviter: PeerId): Uint8Array | undefined {
  const suffix = `/p2p/${inviter}`
  const text = address.endsWith(suffix) ? address.slice(0, -suffix.length) : address
  if (!addressText.test(text) || /\/p2p\/[^/]+$/.test(text)) return undefined
  const numbers = /^\/ip4\/(\d+)\.(\d+)\.(\d+)\.(\d+)\/tcp\/(\d+)$/.exec(text)?.slice(1).map(Number)
  if (numbers) {
    const port = numbers[4] as number
    const bytes = Uint8Array.of(4, ...numbers.slice(0, 4), port >> 8, port)
    // Only when nothing is lost: no leading zero, no number out of range.
    if (decodeAddress(bytes, 0).address === text) return bytes
  }
  return Uint8Array.of(0, text.length, ...Buffer.from(text))
}

function decodeAddress(bytes: Uint8Array, at: number): { address: string; end: number } {
  const kind = bytes[at]
  const end = kind === 4 ? at + 7 : at + 2 + (bytes[at + 1] ?? 0)
  if (end > bytes.length) throw invalid('an address in it is cut short')
  if (kind === 4) {
    const port = ((bytes[at + 5] as number) << 8) | (bytes[at + 6] as number)
    return { address: `/ip4/${bytes.subarray(at + 1, at + 5).join('.')}/tcp/${port}`, end }
  }
  const address = Buffer.from(bytes.subarray(at + 2, end)).toString('latin1')
  if (kind !== 0 || !addressText.test(address)) throw invalid('an address in it is malformed')
  return { address, end }
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_TICKET_INVALID', `The ticket is not valid: ${why}.`)
}
