/** RTCP feedback between a receiver and a sender: lost packets, a new key picture, the rate (RFC 4585, RFC 5104, REMB draft). */

import { ShoalError } from '../../errors.js'

/** What a receiver asks for. */
export type Feedback =
  /** These packets did not come. */
  | { readonly type: 'nack'; readonly ssrc: number; readonly sequences: readonly number[] }
  /** A picture to begin anew with: PLI or FIR. */
  | { readonly type: 'key'; readonly ssrc: number }
  /** Bits a second it believes the way to carry. */
  | { readonly type: 'rate'; readonly bitrate: number }

const transport = 205
const payload = 206
const formats = { nack: 1, pli: 1, fir: 4, application: 15 } as const

/** Sequence numbers that one packet may ask for; more is an attack, not loss. */
const maxAsked = 512

/** Reads the feedback in a compound packet; everything else in it is passed over. Throws `ERR_MEDIA_INVALID`. */
export function parseFeedback(bytes: Uint8Array): Feedback[] {
  const found: Feedback[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 4 <= bytes.length; ) {
    const size = (view.getUint16(at + 2) + 1) * 4
    if (view.getUint8(at) >> 6 !== 2 || at + size > bytes.length) throw invalid('a packet is cut short')
    const type = view.getUint8(at + 1)
    if ((type === transport || type === payload) && size >= 12)
      found.push(...parseOne(type, view.getUint8(at) & 0x1f, new DataView(bytes.buffer, bytes.byteOffset + at, size)))
    at += size
  }
  return found
}

function parseOne(type: number, format: number, view: DataView): Feedback[] {
  const ssrc = view.getUint32(8)
  if (type === transport) return format === formats.nack ? [{ type: 'nack', ssrc, sequences: askedFor(view) }] : []
  if (format === formats.pli) return [{ type: 'key', ssrc }]
  if (format === formats.fir) return Array.from({ length: (view.byteLength - 12) >> 3 }, (_, i) => ({ type: 'key', ssrc: view.getUint32(12 + i * 8) }) as const)
  const isRate = format === formats.application && view.byteLength >= 20 && view.getUint32(12) === 0x52454d42
  if (!isRate) return []
  const word = view.getUint32(16)
  return [{ type: 'rate', bitrate: (word & 0x3ffff) * 2 ** ((word >> 18) & 0x3f) }]
}

/** Pairs of a number and a mask of those that follow it (RFC 4585 section 6.2.1). */
function askedFor(view: DataView): number[] {
  const sequences: number[] = []
  for (let at = 12; at + 4 <= view.byteLength && sequences.length < maxAsked; at += 4) {
    const first = view.getUint16(at)
    const mask = view.getUint16(at + 2)
    sequences.push(first)
    for (let bit = 0; bit < 16; bit++) if (mask & (1 << bit)) sequences.push((first + bit + 1) & 0xffff)
  }
  return sequences
}

/** Asks for packets again. `sequences` in rising order. */
export function writeNack(sender: number, ssrc: number, sequences: readonly number[]): Uint8Array {
  const pairs: { first: number; mask: number }[] = []
  for (const sequence of sequences) {
    const last = pairs.at(-1)
    const step = last ? (sequence - last.first) & 0xffff : 0
    if (last && step >= 1 && step <= 16) last.mask |= 1 << (step - 1)
    else pairs.push({ first: sequence, mask: 0 })
  }
  const view = start(transport, formats.nack, sender, ssrc, pairs.length * 4)
  pairs.forEach(({ first, mask }, i) => {
    view.setUint16(12 + i * 4, first)
    view.setUint16(14 + i * 4, mask)
  })
  return new Uint8Array(view.buffer)
}

/** Asks for a key picture (PLI). */
export function writeKeyRequest(sender: number, ssrc: number): Uint8Array {
  return new Uint8Array(start(payload, formats.pli, sender, ssrc, 0).buffer)
}

/** Says how many bits a second may come (REMB). */
export function writeRate(sender: number, ssrcs: readonly number[], bitrate: number): Uint8Array {
  const view = start(payload, formats.application, sender, 0, 8 + ssrcs.length * 4)
  const exponent = Math.max(0, Math.ceil(Math.log2((bitrate + 1) / 0x40000)))
  view.setUint32(12, 0x52454d42)
  view.setUint32(16, ((ssrcs.length << 24) | (exponent << 18) | Math.floor(bitrate / 2 ** exponent)) >>> 0)
  ssrcs.forEach((ssrc, i) => {
    view.setUint32(20 + i * 4, ssrc)
  })
  return new Uint8Array(view.buffer)
}

function start(type: number, format: number, sender: number, ssrc: number, body: number): DataView {
  const view = new DataView(new ArrayBuffer(12 + body))
  view.setUint8(0, 0x80 | format)
  view.setUint8(1, type)
  view.setUint16(2, view.byteLength / 4 - 1)
  view.setUint32(4, sender)
  view.setUint32(8, ssrc)
  return view
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `RTCP feedback: ${why}.`)
}
