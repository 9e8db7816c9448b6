/** RTP packets (RFC 3550 section 5.1). */

import { ShoalError } from '../../errors.js'

/** One packet. `payload` is a view, padding taken off. */
export interface RtpPacket {
  readonly payloadType: number
  /** What it means is up to the payload format; for pictures: the last packet of an access unit. */
  readonly marker: boolean
  /** 16 bits. */
  readonly sequence: number
  /** 32 bits, in ticks of the payload format's clock. */
  readonly timestamp: number
  readonly ssrc: number
  readonly payload: Uint8Array
}

/** Bytes of a header without sources and extension. */
export const rtpHeaderSize = 12

/** Reads a packet. Throws `ERR_MEDIA_INVALID`. */
export function parseRtp(bytes: Uint8Array): RtpPacket {
  if (bytes.length < rtpHeaderSize) throw invalid(`${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const first = view.getUint8(0)
  if (first >> 6 !== 2) throw invalid(`version ${first >> 6}`)
  const second = view.getUint8(1)
  return {
    payloadType: second & 0x7f,
    marker: second >= 0x80,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload: payloadOf(view, bytes, first),
  }
}

function payloadOf(view: DataView, bytes: Uint8Array, first: number): Uint8Array {
  let from = rtpHeaderSize + (first & 0xf) * 4
  if (first & 0x10) {
    if (from + 4 > bytes.length) throw invalid('its extension is cut short')
    from += 4 + view.getUint16(from + 2) * 4
  }
  const padding = first & 0x20 ? view.getUint8(bytes.length - 1) : 0
  if (from + padding > bytes.length) throw invalid('header and padding are longer than the packet')
  return bytes.subarray(from, bytes.length - padding)
}

/** Writes a header of {@link rtpHeaderSize} bytes at `at`. */
export function writeRtpHeader(to: Uint8Array, at: number, header: Omit<RtpPacket, 'payload'>): void {
  const view = new DataView(to.buffer, to.byteOffset, to.byteLength)
  view.setUint8(at, 0x80)
  view.setUint8(at + 1, header.payloadType | (header.marker ? 0x80 : 0))
  view.setUint16(at + 2, header.sequence)
  view.setUint32(at + 4, header.timestamp)
  view.setUint32(at + 8, header.ssrc)
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `RTP packet: ${why}.`)
}
