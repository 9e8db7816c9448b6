/** Datagrams on a stream of bytes (RFC 4571): ICE over TCP carries each behind its length. */

import { ShoalError } from '../../errors.js'

/** Bytes of a length. */
const head = 2

/** Bytes of the longest datagram that is read: no packet of WebRTC is longer than a packet of the network. */
const longest = 4096

const none = Buffer.alloc(0)

/** The datagram behind its length. Throws `RangeError` for one that has no room in 16 bits. */
export function framed(datagram: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(head + datagram.length)
  bytes.writeUInt16BE(datagram.length)
  bytes.set(datagram, head)
  return bytes
}

/** Takes bytes as they come and gives whole datagrams; keeps less than one, and none is longer than 4,096 bytes. */
export class FrameReader {
  #rest: Buffer = none

  /** The datagrams that are whole now, in order, in the memory of `bytes` where they lie in it. Throws `ERR_MEDIA_INVALID` for a longer one. */
  push(bytes: Buffer): Buffer[] {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes
    const datagrams: Buffer[] = []
    let at = 0
    while (at + head <= all.length) {
      const length = all.readUInt16BE(at)
      if (length > longest) throw new ShoalError('ERR_MEDIA_INVALID', `A datagram of ${length} bytes over TCP.`)
      const end = at + head + length
      if (end > all.length) break
      datagrams.push(all.subarray(at + head, end))
      at = end
    }
    // the memory of what was read may be large, and the socket's
    this.#rest = at === all.length ? none : Buffer.from(all.subarray(at))
    return datagrams
  }
}

/** Is it a request to bind (RFC 8489), with which every client of ICE begins? */
export function isBindingRequest(datagram: Uint8Array): boolean {
  const [type = 0, method] = datagram
  return datagram.length >= 20 && type === 0 && method === 1 && Buffer.from(datagram.subarray(4, 8)).readUInt32BE() === 0x2112_a442
}
