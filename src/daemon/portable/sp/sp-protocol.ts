/** The scalability protocols of nanomsg and nng on the wire: the header of a connection (RFC "SP TCP mapping") and the ids of the patterns. */

import { ShoalError } from '../../../errors.js'

/** A pattern as one end speaks it. */
export type SpPattern = 'pair' | 'req' | 'rep' | 'push' | 'pull'

const patterns: Readonly<Record<SpPattern, { readonly id: number; readonly peer: SpPattern }>> = {
  pair: { id: 0x10, peer: 'pair' },
  req: { id: 0x30, peer: 'rep' },
  rep: { id: 0x31, peer: 'req' },
  push: { id: 0x50, peer: 'pull' },
  pull: { id: 0x51, peer: 'push' },
}

/** Bytes of the header that both ends send first. */
export const spHeaderLength = 8

/** `00 'S' 'P' 00`, the pattern's id as u16, `00 00`. */
export function spHeader(pattern: SpPattern): Uint8Array {
  const { id } = patterns[pattern]
  return Uint8Array.of(0, 0x53, 0x50, 0, id >> 8, id & 0xff, 0, 0)
}

/** Is this the header of an end that `pattern` talks to? Throws `ERR_PROTOCOL`. */
export function checkSpHeader(pattern: SpPattern, header: Uint8Array): void {
  const expected = spHeader(patterns[pattern].peer)
  if (header.length === spHeaderLength && expected.every((byte, index) => header[index] === byte)) return
  const magic = spHeader(pattern).subarray(0, 4)
  if (!magic.every((byte, index) => header[index] === byte)) throw new ShoalError('ERR_PROTOCOL', 'The other end does not speak SP.')
  const id = ((header[4] ?? 0) << 8) | (header[5] ?? 0)
  throw new ShoalError('ERR_PROTOCOL', `The other end speaks SP pattern 0x${id.toString(16)}; ${pattern} talks to ${patterns[pattern].peer}.`)
}
