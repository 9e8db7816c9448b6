/** Tracks and frames that tests of viewers publish. */

import type { Frame, Track } from '../../../src/stream.js'
import { avcConfigs, hex } from '../media/configs.js'

export const video: Track = { id: 1, kind: 'video', codec: 'avc1.4d401e', description: hex(avcConfigs[1]?.hex ?? ''), width: 640, height: 360 }
export const smaller: Track = { ...video, codec: 'avc1.42c00b', description: hex(avcConfigs[0]?.hex ?? ''), width: 176, height: 144 }
export const audio: Track = { id: 2, kind: 'audio', codec: 'mp4a.40.2', description: hex('1210'), sampleRate: 44_100, channels: 2 }

/** A picture every 40 ms, a key frame each second, with its number inside, in bytes that are never 0. */
export function picture(n: number, size = 12): Frame {
  const data = new Uint8Array(size).fill(0xaa)
  new DataView(data.buffer).setUint32(0, size - 4)
  data[4] = n % 25 === 0 ? 0x65 : 0x41
  for (let i = 0; i < 3; i++) data[8 + i] = 0x80 | ((n >> (7 * i)) & 0x7f)
  return { track: 1, timestamp: n * 40_000, key: n % 25 === 0, data }
}

/** The number in a picture's NAL unit. */
export function numberIn(nal: Uint8Array): number {
  return [4, 5, 6].reduce((sum, at, i) => sum + (((nal[at] ?? 0) & 0x7f) << (7 * i)), 0)
}

export const sound = (n: number): Frame => ({ track: 2, timestamp: n * 23_000, key: true, data: Uint8Array.of(0x21, n & 255) })
