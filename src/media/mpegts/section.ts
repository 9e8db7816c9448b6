/** Program association and program map (ISO/IEC 13818-1 2.4.4). */

import { packetRoom } from './packet.js'

/** One elementary stream of the program. */
export interface ElementaryStream {
  readonly pid: number
  /** stream_type (table 2-34). */
  readonly type: number
  readonly descriptors: Uint8Array
}

/** PID of the program map. */
export const mapPid = 0x1000
const programNumber = 1

/** The program association: one program. With the pointer before it, as a packet holds it. */
export function associationSection(): Uint8Array {
  return section(0, 1, 0, Uint8Array.of(0, programNumber, 0xe0 | (mapPid >> 8), mapPid & 0xff))
}

/** The program map. `version`: 0 to 31, another one whenever the streams change. */
export function mapSection(streams: readonly ElementaryStream[], clockPid: number, version: number): Uint8Array {
  const entries = streams.flatMap(({ pid, type, descriptors }) => [type, 0xe0 | (pid >> 8), pid & 0xff, 0xf0, descriptors.length, ...descriptors])
  return section(2, programNumber, version, Uint8Array.of(0xe0 | (clockPid >> 8), clockPid & 0xff, 0xf0, 0, ...entries))
}

function section(table: number, id: number, version: number, body: Uint8Array): Uint8Array {
  const length = 5 + body.length + 4
  const head = [table, 0xb0 | (length >> 8), length & 0xff, id >> 8, id & 0xff, 0xc1 | ((version & 31) << 1), 0, 0]
  const content = Uint8Array.of(...head, ...body)
  const sum = crc32(content)
  // the rest of the packet is 0xff, as sections are stuffed (2.4.4.1)
  const bytes = new Uint8Array(packetRoom).fill(0xff)
  bytes.set([0, ...content, sum >>> 24, (sum >>> 16) & 0xff, (sum >>> 8) & 0xff, sum & 0xff])
  return bytes
}

/** CRC_32 of annex A: polynomial 0x04c11db7, bits as they come. */
export function crc32(bytes: Uint8Array): number {
  let sum = 0xffff_ffff
  for (const byte of bytes) {
    sum ^= byte << 24
    for (let bit = 0; bit < 8; bit++) sum = sum < 0 || sum >= 0x8000_0000 ? (sum << 1) ^ 0x04c1_1db7 : sum << 1
  }
  return sum >>> 0
}
