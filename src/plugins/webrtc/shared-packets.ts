/** The packets of frames, made once for all receivers. */

import { rtpHeaderSize } from '../../media/rtp/packet.js'
import { payloadsOf } from '../../media/rtp/packetizer.js'
import type { Frame, Track } from '../../stream.js'

/** Bytes of a payload: with all headers a packet fits the smallest IPv6 link. */
export const payloadSize = 1180

/** Packets of one frame, with room for headers. What stands in a header is that of whoever sent it last. */
export type FramePackets = readonly Buffer[]

/** Makes the packets of one track, and remembers them as long as their frame lives. */
export class SharedPackets {
  readonly #made: WeakMap<Frame, FramePackets>

  /** `made`: what others have made, of any track. */
  constructor(made: WeakMap<Frame, FramePackets>) {
    this.#made = made
  }

  /** How `track` is split; undefined for one that RTP does not carry. Throws `ERR_MEDIA_INVALID`. */
  splitter(track: Track): ((frame: Frame) => FramePackets) | undefined {
    const split = payloadsOf(track, payloadSize)
    if (!split) return undefined
    return (frame) => {
      let packets = this.#made.get(frame)
      if (!packets) {
        packets = withHeaders(split(frame))
        this.#made.set(frame, packets)
      }
      return packets
    }
  }
}

function withHeaders(payloads: readonly (readonly Uint8Array[])[]): Buffer[] {
  const sizes = payloads.map((pieces) => pieces.reduce((sum, piece) => sum + piece.length, rtpHeaderSize))
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0))
  let at = 0
  return payloads.map((pieces, i) => {
    const start = at
    at += rtpHeaderSize
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes.subarray(start, start + (sizes[i] as number))
  })
}
