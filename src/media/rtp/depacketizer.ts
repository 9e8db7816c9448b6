/** What payload formats have in common when they are read. */

import { ShoalError } from '../../errors.js'
import type { RtpPacket } from './packet.js'

/** What came whole out of packets: the NAL units of a picture, or one audio packet. */
export interface AccessUnit {
  /** RTP time of the packet it began in. */
  readonly timestamp: number
  /** Ticks to add, where several units came in one packet. */
  readonly later: number
  readonly parts: readonly Uint8Array[]
}

/** Reads one payload format. */
export interface Depacketizer {
  /** Takes the next packet; `gap`: packets before it are lost. Units that are not whole are left out. Throws `ERR_MEDIA_INVALID`. */
  push(packet: RtpPacket, gap: boolean): AccessUnit[]
}

/** Most bytes and parts of one unit. */
const maxBytes = 8 * 1024 * 1024
const maxParts = 4096

/** Collects the NAL units of pictures: one ends with the marker, or when the time changes. */
export class PictureCollector {
  #timestamp = 0
  #parts: Uint8Array[] = []
  #bytes = 0
  /** Pieces of a unit that came in fragments. */
  #pieces: Uint8Array[] = []
  #damaged = false

  /** Begins a packet; gives the picture before it where its marker is missing. */
  begin({ timestamp }: RtpPacket, gap: boolean): AccessUnit[] {
    // What is lost belongs to the picture that is being collected, or to one of which nothing came.
    if (gap && this.#bytes > 0) this.#damaged = true
    if (gap) this.#pieces = []
    if (timestamp === this.#timestamp) return []
    const before = this.end()
    this.#timestamp = timestamp
    return before
  }

  /** A whole unit. */
  add(nal: Uint8Array): void {
    if (nal.length === 0) throw new ShoalError('ERR_MEDIA_INVALID', 'RTP: an empty NAL unit.')
    this.#count(nal)
    this.#parts.push(nal)
  }

  /** A fragment; `header` is the unit's own, for the first one. */
  fragment(piece: Uint8Array, header: readonly number[], first: boolean, last: boolean): void {
    if (first) this.#pieces = [Uint8Array.from(header)]
    if (this.#pieces.length === 0) {
      this.#damaged = true
      this.#bytes++
      return
    }
    this.#count(piece)
    this.#pieces.push(piece)
    if (!last) return
    this.#parts.push(Buffer.concat(this.#pieces))
    this.#pieces = []
  }

  /** The picture is over. */
  end(): AccessUnit[] {
    const whole = !this.#damaged && this.#pieces.length === 0 && this.#parts.length > 0
    const units = whole ? [{ timestamp: this.#timestamp, later: 0, parts: this.#parts }] : []
    this.#parts = []
    this.#pieces = []
    this.#bytes = 0
    this.#damaged = false
    return units
  }

  #count(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#bytes <= maxBytes && this.#parts.length + this.#pieces.length < maxParts) return
    this.#parts = []
    this.#pieces = []
    this.#bytes = 0
    this.#damaged = true
    throw new ShoalError('ERR_MEDIA_INVALID', `RTP: a picture of more than ${maxBytes} bytes or ${maxParts} parts.`)
  }
}

/** Units behind 16-bit lengths, as aggregation packets hold them. Throws `ERR_MEDIA_INVALID`. */
export function splitAggregation(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0)
    if (at + 2 + size > bytes.length) throw new ShoalError('ERR_MEDIA_INVALID', 'RTP: an aggregation packet is cut short.')
    if (size > 0) units.push(bytes.subarray(at + 2, at + 2 + size))
    at += 2 + size
  }
  return units
}
