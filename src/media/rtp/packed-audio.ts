/** Audio whose packets are units by themselves: Opus (RFC 7587) and G.711 (RFC 3551 section 4.5.14). */

import type { AccessUnit, Depacketizer } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

/** Reads packets that hold one unit each. */
export class PackedAudioDepacketizer implements Depacketizer {
  push({ payload, timestamp }: RtpPacket): AccessUnit[] {
    return payload.length > 0 ? [{ timestamp, later: 0, parts: [payload] }] : []
  }
}
