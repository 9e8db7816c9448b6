/** VP8 over RTP (RFC 7741). */

import { ShoalError } from '../../errors.js'
import { type AccessUnit, type Depacketizer, PictureCollector } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

/** Reads VP8 packets. A picture is one part. */
export class Vp8Depacketizer implements Depacketizer {
  readonly #picture = new PictureCollector()

  push(packet: RtpPacket, gap: boolean): AccessUnit[] {
    const units = this.#picture.begin(packet, gap)
    const { payload, marker } = packet
    if (payload.length === 0) return marker ? [...units, ...this.#picture.end()] : units
    const first = payload[0] as number
    const body = payload.subarray(descriptorSize(payload))
    if (body.length === 0) throw invalid('a packet without a body')
    // S with partition 0: the picture begins here; further partitions follow as they are
    this.#picture.fragment(body, [], (first & 0x1f) === 0x10, marker)
    return marker ? [...units, ...this.#picture.end()] : units
  }
}

/** Bytes of the payload descriptor (4.2). */
function descriptorSize(payload: Uint8Array): number {
  if (((payload[0] as number) & 0x80) === 0) return 1
  const flags = payload[1] ?? 0
  const id = flags & 0x80 ? ((payload[2] ?? 0) & 0x80 ? 2 : 1) : 0
  return 2 + id + (flags & 0x40 ? 1 : 0) + (flags & 0x30 ? 1 : 0)
}

/** Payloads for one picture, each of at most `size` bytes, as pieces to be joined. */
export function packetizeVp8(picture: Uint8Array, size: number): Uint8Array[][] {
  const packets: Uint8Array[][] = []
  for (let at = 0; at < picture.length; at += size - 1) packets.push([Uint8Array.of(at === 0 ? 0x10 : 0), picture.subarray(at, at + size - 1)])
  return packets
}

/** What a picture says of itself: its size where it is a key picture (RFC 6386 section 9.1). */
export function parseVp8(picture: Uint8Array): { readonly key: boolean; readonly width?: number; readonly height?: number } {
  const key = ((picture[0] ?? 1) & 1) === 0
  if (!key) return { key }
  if (picture.length < 10 || picture[3] !== 0x9d || picture[4] !== 0x01 || picture[5] !== 0x2a) throw invalid('a key picture without its start code')
  const side = (at: number): number => ((picture[at] as number) | ((picture[at + 1] as number) << 8)) & 0x3fff
  return { key, width: side(6), height: side(8) }
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `VP8: ${why}.`)
}
