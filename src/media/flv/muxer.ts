/** Tag bodies to an FLV byte stream (FLV 10.1 E.2 to E.4). */

import { ShoalError } from '../../errors.js'
import type { TagKind } from './tag.js'

/** Tag types (E.4.1). */
const tagTypes = { audio: 8, video: 9, script: 18 } as const

/** The file header and the size of the tag before the first one: 13 bytes. */
export function flvHeader(kinds: { readonly audio: boolean; readonly video: boolean }): Uint8Array {
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, (kinds.audio ? 4 : 0) | (kinds.video ? 1 : 0), 0, 0, 0, 9, 0, 0, 0, 0)
}

/**
 * A tag with its size behind it, as three parts: everything before the last part of `body`, that part itself (no copy),
 * and the size. `timestamp`: ms, modulo 2^32. Throws `ERR_FRAME_INVALID` for a body over 16,777,215 bytes.
 */
export function flvTag(kind: TagKind, timestamp: number, body: readonly Uint8Array[]): [head: Uint8Array, data: Uint8Array, tail: Uint8Array] {
  const size = body.reduce((sum, part) => sum + part.length, 0)
  if (size > 0xffffff) throw new ShoalError('ERR_FRAME_INVALID', `A frame of ${size} bytes does not fit an FLV tag.`)
  const data = body.at(-1) ?? new Uint8Array()
  const head = new Uint8Array(11 + size - data.length)
  const view = new DataView(head.buffer)
  view.setUint32(0, tagTypes[kind] * 2 ** 24 + size)
  view.setUint32(4, ((timestamp & 0xffffff) << 8) | ((timestamp >>> 24) & 0xff))
  let at = 11
  for (const part of body.slice(0, -1)) {
    head.set(part, at)
    at += part.length
  }
  const tail = new Uint8Array(4)
  new DataView(tail.buffer).setUint32(0, 11 + size)
  return [head, data, tail]
}
