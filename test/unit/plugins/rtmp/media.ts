/** Tag bodies for tests: configurations of real encoders, frames that are only shaped like frames. */

import { makeOpusHead } from '../../../../src/media/opus.js'
import { av1Configs, avcConfigs, hevcConfigs } from '../../media/configs.js'

const hex = (text = ''): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const fourCc = (name: string): Uint8Array => Uint8Array.from(Buffer.from(name))
const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))))

/** Sequence headers of H.264, of another H.264 (as after a change of encoder settings), and of 44.1 kHz mono AAC. */
export const avcHeader = join([0x17, 0, 0, 0, 0], hex(avcConfigs[1]?.hex))
export const otherAvcHeader = join([0x17, 0, 0, 0, 0], hex(avcConfigs[2]?.hex))
export const aacHeader = hex('af00120856e500')

/** A video tag body: one NAL unit of `size` bytes; the first says whether it is a key frame. */
export function avcFrame(key: boolean, size: number, fill = 1): Uint8Array {
  return join([key ? 0x17 : 0x27, 1, 0, 0, 0], nal(key ? 0x65 : 0x41, size, fill))
}

/** An audio tag body. */
export function aacFrame(size: number, fill = 2): Uint8Array {
  return join([0xaf, 1], new Uint8Array(size).fill(fill))
}

/** Enhanced RTMP: sequence header and a key frame of HEVC, AV1 and Opus. */
export const enhanced = {
  hvc1: { type: 9, header: join([0x90], fourCc('hvc1'), hex(hevcConfigs[0]?.hex)), frame: join([0x93], fourCc('hvc1'), nal(0x26, 50, 1)) },
  av01: { type: 9, header: join([0x90], fourCc('av01'), hex(av1Configs[0]?.hex)), frame: join([0x91], fourCc('av01'), [0x12, 0, 0x32, 2, 1, 1]) },
  Opus: { type: 8, header: join([0x90], fourCc('Opus'), makeOpusHead(2)), frame: join([0x91], fourCc('Opus'), [0xfc, 1, 2, 3]) },
} as const

function nal(first: number, size: number, fill: number): Uint8Array {
  const body = new Uint8Array(size).fill(fill)
  body[0] = first
  return join([size >>> 24, size >>> 16, size >>> 8, size], body)
}
