/** PES packet headers (ISO/IEC 13818-1 2.4.3.6). */

import { toTicks } from './packet.js'

/** Where a frame goes, and when: µs. */
export interface PesTimes {
  readonly timestamp: number
  readonly decodeTime: number
}

/** stream_id values (table 2-22). */
export const streamIds = { video: 0xe0, audio: 0xc0, privateData: 0xbd } as const

/** The header before a frame of `length` bytes. A frame that is too long for the length has 0 there, which video may. */
export function pesHeader(streamId: number, { timestamp, decodeTime }: PesTimes, length: number): Uint8Array {
  const pts = toTicks(timestamp)
  const dts = toTicks(decodeTime)
  const stamps = pts === dts ? stamp(2, pts) : [...stamp(3, pts), ...stamp(1, dts)]
  const size = 3 + stamps.length + length
  const shown = size > 0xffff ? 0 : size
  const aligned = 0x84
  return Uint8Array.of(0, 0, 1, streamId, shown >> 8, shown & 0xff, aligned, pts === dts ? 0x80 : 0xc0, stamps.length, ...stamps)
}

/** 33 bits in 5 bytes with marker bits; `prefix` says which time it is. */
function stamp(prefix: number, ticks: number): number[] {
  const high = Math.floor(ticks / 2 ** 30)
  return [(prefix << 4) | (high << 1) | 1, (ticks >>> 22) & 0xff, ((ticks >>> 14) & 0xfe) | 1, (ticks >>> 7) & 0xff, ((ticks << 1) & 0xfe) | 1]
}
