/** AV1 over RTP ("RTP Payload Format For AV1", version 1.0). Frames hold low-overhead OBUs, each with its size. */

import { ShoalError } from '../../errors.js'
import { joinObus, obuType, splitObus, withoutSize } from '../obu.js'
import { type AccessUnit, type Depacketizer, PictureCollector } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

/** Bits of the aggregation header (4.4). */
const flag = { continues: 0x80, unfinished: 0x40, newSequence: 0x08 } as const

/** Reads AV1 packets. A temporal unit is given as one part: its OBUs, with sizes. */
export class Av1Depacketizer implements Depacketizer {
  readonly #picture = new PictureCollector()

  push(packet: RtpPacket, gap: boolean): AccessUnit[] {
    const units = this.#picture.begin(packet, gap)
    if (packet.payload.length > 0) this.#take(packet.payload)
    if (packet.marker) units.push(...this.#picture.end())
    return units.map((unit) => ({ ...unit, parts: [joinObus(unit.parts)] }))
  }

  #take(payload: Uint8Array): void {
    const header = payload[0] as number
    const elements = elementsOf(payload.subarray(1), (header >> 4) & 3)
    elements.forEach((element, i) => {
      const continues = i === 0 && (header & flag.continues) !== 0
      const unfinished = i === elements.length - 1 && (header & flag.unfinished) !== 0
      this.#picture.fragment(element, [], !continues, !unfinished)
    })
  }
}

/** OBU elements; the last of `count` has no length. With 0 all have one. */
function elementsOf(bytes: Uint8Array, count: number): Uint8Array[] {
  const elements: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    if (count > 0 && elements.length === count - 1) {
      elements.push(bytes.subarray(at))
      return elements
    }
    const { value, size } = leb128(bytes, at)
    at += size
    if (value > bytes.length - at) throw invalid('an element is cut short')
    if (value > 0) elements.push(bytes.subarray(at, at + value))
    at += value
  }
  return elements
}

function leb128(bytes: Uint8Array, at: number): { value: number; size: number } {
  let value = 0
  for (let size = 0; size < 5; size++) {
    const byte = bytes[at + size]
    if (byte === undefined) break
    value += (byte & 0x7f) * 2 ** (7 * size)
    if (byte < 0x80) return { value, size: size + 1 }
  }
  throw invalid('a length cannot be read')
}

/** Payloads for the OBUs of a temporal unit, each of at most `size` bytes, as pieces to be joined. `head`: OBUs that go before those of a key picture that lacks them. */
export function packetizeAv1(data: Uint8Array, key: boolean, head: Uint8Array, size: number): Uint8Array[][] {
  const own = splitObus(data)
  const lacking = key && !own.some((obu) => obuType(obu) === 1)
  const obus = [...(lacking ? splitObus(head) : []), ...own].filter((obu) => ![2, 8, 15].includes(obuType(obu))).map(withoutSize)
  return fill(obus, key, size)
}

/** One element a packet at least; an OBU that does not fit goes on in the next one. */
function fill(obus: readonly Uint8Array[], key: boolean, size: number): Uint8Array[][] {
  const packets: Uint8Array[][] = []
  let pieces: Uint8Array[] = []
  let room = size - 1
  let continues = false
  const flush = (unfinished: boolean): void => {
    const first = key && packets.length === 0
    const header = (continues ? flag.continues : 0) | (unfinished ? flag.unfinished : 0) | (first ? flag.newSequence : 0)
    packets.push([Uint8Array.of(header), ...pieces])
    pieces = []
    room = size - 1
    continues = unfinished
  }
  for (const obu of obus) {
    for (let at = 0; at < obu.length; ) {
      // two bytes say any length that fits a packet
      if (room < 3) flush(false)
      const piece = obu.subarray(at, at + room - 2)
      pieces.push(Uint8Array.of(0x80 | (piece.length & 0x7f), piece.length >> 7), piece)
      room -= 2 + piece.length
      at += piece.length
      if (at < obu.length) flush(true)
    }
  }
  if (pieces.length > 0) flush(false)
  return packets
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `RTP: AV1: ${why}.`)
}
