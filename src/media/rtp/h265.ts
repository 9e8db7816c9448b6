/** H.265 over RTP (RFC 7798, without decoding order numbers): single units, aggregation and fragmentation packets. */

import { ShoalError } from '../../errors.js'
import { type AccessUnit, type Depacketizer, PictureCollector, splitAggregation } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

const aggregation = 48
const fragmentation = 49

/** Reads H.265 packets. */
export class H265Depacketizer implements Depacketizer {
  readonly #picture = new PictureCollector()

  push(packet: RtpPacket, gap: boolean): AccessUnit[] {
    const units = this.#picture.begin(packet, gap)
    if (packet.payload.length > 0) this.#take(packet.payload)
    return packet.marker ? [...units, ...this.#picture.end()] : units
  }

  #take(payload: Uint8Array): void {
    const [first, second, header] = payload
    if (first === undefined || second === undefined || header === undefined) throw new ShoalError('ERR_MEDIA_INVALID', 'RTP: an H.265 packet without a body.')
    const type = (first >> 1) & 0x3f
    if (type < aggregation) this.#picture.add(payload)
    else if (type === aggregation) for (const nal of splitAggregation(payload.subarray(2))) this.#picture.add(nal)
    else if (type === fragmentation) {
      const own = [(first & 0x81) | ((header & 0x3f) << 1), second]
      this.#picture.fragment(payload.subarray(3), own, (header & 0x80) !== 0, (header & 0x40) !== 0)
    } else throw new ShoalError('ERR_MEDIA_INVALID', `RTP: H.265 packets of type ${type}.`)
  }
}

/** Payloads for the units of a picture, each of at most `size` bytes, as pieces to be joined. */
export function packetizeH265(nals: readonly Uint8Array[], size: number): Uint8Array[][] {
  return nals.flatMap((nal) => (nal.length <= size ? [[nal]] : fragments(nal, size)))
}

function fragments(nal: Uint8Array, size: number): Uint8Array[][] {
  const [first = 0, second = 0] = nal
  const room = size - 3
  const packets: Uint8Array[][] = []
  for (let at = 2; at < nal.length; at += room) {
    const flags = (at === 2 ? 0x80 : 0) | (at + room >= nal.length ? 0x40 : 0)
    const header = Uint8Array.of((first & 0x81) | (fragmentation << 1), second, flags | ((first >> 1) & 0x3f))
    packets.push([header, nal.subarray(at, at + room)])
  }
  return packets
}
