/** H.264 over RTP (RFC 6184, packetization mode 1): single units, STAP-A and FU-A. */

import { ShoalError } from '../../errors.js'
import { type AccessUnit, type Depacketizer, PictureCollector, splitAggregation } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

const stapA = 24
const fuA = 28

/** Reads H.264 packets. */
export class H264Depacketizer implements Depacketizer {
  readonly #picture = new PictureCollector()

  push(packet: RtpPacket, gap: boolean): AccessUnit[] {
    const units = this.#picture.begin(packet, gap)
    if (packet.payload.length > 0) this.#take(packet.payload)
    return packet.marker ? [...units, ...this.#picture.end()] : units
  }

  #take(payload: Uint8Array): void {
    const first = payload[0] as number
    const type = first & 0x1f
    if (type === stapA) for (const nal of splitAggregation(payload.subarray(1))) this.#picture.add(nal)
    else if (type === fuA) {
      const header = payload[1]
      if (header === undefined) throw new ShoalError('ERR_MEDIA_INVALID', 'RTP: a fragment without a header.')
      this.#picture.fragment(payload.subarray(2), [(first & 0xe0) | (header & 0x1f)], (header & 0x80) !== 0, (header & 0x40) !== 0)
    } else if (type > 0 && type < stapA) this.#picture.add(payload)
    else throw new ShoalError('ERR_MEDIA_INVALID', `RTP: H.264 packets of type ${type}.`)
  }
}

/** Payloads for the units of a picture, each of at most `size` bytes, as pieces to be joined. */
export function packetizeH264(nals: readonly Uint8Array[], size: number): Uint8Array[][] {
  return nals.flatMap((nal) => (nal.length <= size ? [[nal]] : fragments(nal, size)))
}

function fragments(nal: Uint8Array, size: number): Uint8Array[][] {
  const first = nal[0] as number
  const room = size - 2
  const packets: Uint8Array[][] = []
  for (let at = 1; at < nal.length; at += room) {
    const flags = (at === 1 ? 0x80 : 0) | (at + room >= nal.length ? 0x40 : 0)
    packets.push([Uint8Array.of((first & 0xe0) | fuA, flags | (first & 0x1f)), nal.subarray(at, at + room)])
  }
  return packets
}
