/** Chunks written by hand, for tests of the reader. */

import { type ChunkLimits, ChunkReader } from '../../../../src/media/rtmp/chunk-reader.js'
import type { Message } from '../../../../src/media/rtmp/message.js'

export const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255]
export const u24 = (value: number): number[] => [(value >> 16) & 255, ...u16(value)]
export const u32 = (value: number): number[] => [(value >>> 24) & 255, ...u24(value)]

/** A chunk of type 0 with a small chunk stream id. */
export function chunk0(id: number, timestamp: number, type: number, stream: number, body: readonly number[], length = body.length): number[] {
  const little = u32(stream).reverse()
  const extended = timestamp >= 0xff_ffff
  return [id, ...u24(extended ? 0xff_ffff : timestamp), ...u24(length), type, ...little, ...(extended ? u32(timestamp) : []), ...body]
}

/** A control message of one 32-bit value. */
export const control = (type: number, value: number): number[] => chunk0(2, 0, type, 0, u32(value))

/** What the reader makes of bytes given at once. */
export function readAll(bytes: readonly number[], limits?: ChunkLimits): Message[] {
  return [...new ChunkReader(limits).read(Uint8Array.from(bytes))]
}

export const zeros = (count: number, value = 0): number[] => new Array<number>(count).fill(value)
