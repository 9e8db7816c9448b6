/** VP9 over RTP (RFC 9628). */

import { ShoalError } from '../../errors.js'
import { BitReader } from '../bits.js'
import { type AccessUnit, type Depacketizer, PictureCollector } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

/** Bits of the first byte of a payload descriptor (4.2). */
const flag = { pictureId: 0x80, inter: 0x40, layers: 0x20, flexible: 0x10, begin: 0x08, end: 0x04, structure: 0x02 } as const

/** Reads VP9 packets. A picture is one part. */
export class Vp9Depacketizer implements Depacketizer {
  readonly #picture = new PictureCollector()

  push(packet: RtpPacket, gap: boolean): AccessUnit[] {
    const units = this.#picture.begin(packet, gap)
    const { payload, marker } = packet
    if (payload.length > 0) {
      const body = payload.subarray(descriptorSize(payload))
      const first = payload[0] as number
      this.#picture.fragment(body, [], (first & flag.begin) !== 0, (first & flag.end) !== 0)
    }
    return marker ? [...units, ...this.#picture.end()] : units
  }
}

function descriptorSize(payload: Uint8Array): number {
  const reader = new BitReader(payload, 'VP9 descriptor')
  const first = reader.bits(8)
  if (first & flag.pictureId && reader.flag()) reader.skip(15)
  else if (first & flag.pictureId) reader.skip(7)
  if (first & flag.layers) reader.skip(first & flag.flexible ? 8 : 16)
  if (first & flag.flexible && first & flag.inter) skipReferences(reader)
  if (first & flag.structure) skipStructure(reader)
  return payload.length - (reader.left >> 3)
}

/** At most three pictures that are referred to. */
function skipReferences(reader: BitReader): void {
  for (let i = 0; i < 3; i++) if ((reader.bits(8) & 1) === 0) return
}

/** The scalability structure (4.2.1). */
function skipStructure(reader: BitReader): void {
  const layers = reader.bits(3) + 1
  const sizes = reader.flag()
  const groups = reader.flag()
  reader.skip(3)
  if (sizes) reader.skip(layers * 32)
  if (!groups) return
  for (let left = reader.bits(8); left > 0; left--) {
    reader.skip(4)
    const references = reader.bits(2)
    reader.skip(2 + references * 8)
  }
}

/** Payloads for one picture, each of at most `size` bytes, as pieces to be joined. */
export function packetizeVp9(picture: Uint8Array, key: boolean, size: number): Uint8Array[][] {
  const packets: Uint8Array[][] = []
  const room = size - 1
  for (let at = 0; at < picture.length; at += room) {
    const edges = (at === 0 ? flag.begin : 0) | (at + room >= picture.length ? flag.end : 0)
    packets.push([Uint8Array.of((key ? 0 : flag.inter) | edges), picture.subarray(at, at + room)])
  }
  return packets
}

/** What a key picture says. */
export interface Vp9Picture {
  readonly key: boolean
  /** `vp09.PP.LL.DD`, of a key picture; the level is guessed from the size. */
  readonly codec?: string
  readonly width?: number
  readonly height?: number
}

/** Reads the uncompressed header of a picture ("VP9 Bitstream" 6.2) as far as the size. Throws `ERR_MEDIA_INVALID`. */
export function parseVp9(picture: Uint8Array): Vp9Picture {
  const reader = new BitReader(picture, 'VP9 picture')
  if (reader.bits(2) !== 2) throw reader.invalid('its marker is wrong')
  const profile = reader.bits(1) + 2 * reader.bits(1)
  if (profile === 3) reader.skip(1)
  if (reader.flag()) return { key: false } // a picture that was sent before is shown
  if (reader.bits(1) === 1) return { key: false }
  reader.skip(2) // show_frame, error_resilient_mode
  if (reader.bits(24) !== 0x498342) throw reader.invalid('its sync code is wrong')
  const depth = readColour(reader, profile)
  const width = reader.bits(16) + 1
  const height = reader.bits(16) + 1
  const level = levelOf(width * height)
  return { key: true, codec: `vp09.${[profile, level, depth].map((value) => String(value).padStart(2, '0')).join('.')}`, width, height }
}

/** color_config (6.2.2); gives the bits of a sample. */
function readColour(reader: BitReader, profile: number): number {
  const depth = profile >= 2 ? (reader.flag() ? 12 : 10) : 8
  const rgb = reader.bits(3) === 7
  if (!rgb) reader.skip(1)
  if (profile === 1 || profile === 3) reader.skip(rgb ? 1 : 3)
  else if (rgb) throw new ShoalError('ERR_MEDIA_INVALID', 'VP9 picture: RGB in a profile without it.')
  return depth
}

/** The lowest level (times ten) whose pictures are as large ("VP9 Levels"). */
function levelOf(samples: number): number {
  const levels = [
    [36_864, 10],
    [73_728, 11],
    [122_880, 20],
    [245_760, 21],
    [552_960, 30],
    [983_040, 31],
    [2_228_224, 40],
    [8_912_896, 50],
  ] as const
  return levels.find(([most]) => samples <= most)?.[1] ?? 60
}
