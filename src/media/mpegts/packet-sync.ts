/** Finds packets in a byte stream (ISO/IEC 13818-1 2.4.3.2). */

import { packetSize } from './packet.js'

const syncByte = 0x47

/** Bytes in a row without a packet after which it is no transport stream. */
export const maxStray = 65_536

/** A packet's head, and what it carries. */
export interface TsPacket {
  readonly pid: number
  /** A section or PES packet begins here. */
  readonly start: boolean
  readonly counter: number
  readonly scrambled: boolean
  /** The packet was damaged on its way. */
  readonly damaged: boolean
  /** The counter may jump here. */
  readonly discontinuity: boolean
  /** A decoder can begin here. */
  readonly randomAccess: boolean
  /** Empty where the packet has an adaptation field alone. */
  readonly payload: Uint8Array
}

/** Cuts bytes into packets. Keeps less than two packets. */
export class PacketSync {
  /** Bytes passed over since the last packet. */
  stray = 0
  #rest: Uint8Array = new Uint8Array()
  #synced = false

  /** The packets in `chunk` and what was left before it. Payloads refer to memory of the chunk. */
  push(chunk: Uint8Array): TsPacket[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const packets: TsPacket[] = []
    let at = 0
    while (at + packetSize <= bytes.length) {
      if (!this.#isPacket(bytes, at)) {
        // before the next packet is there it cannot be told whether this is one
        if (bytes[at] === syncByte && at + packetSize === bytes.length) break
        at++
        this.stray++
        this.#synced = false
        continue
      }
      packets.push(readPacket(bytes.subarray(at, at + packetSize)))
      this.#synced = true
      this.stray = 0
      at += packetSize
    }
    this.#rest = bytes.slice(at)
    return packets
  }

  /** The last packet of the stream, which has no other behind it. */
  flush(): TsPacket[] {
    const rest = this.#rest
    this.#rest = new Uint8Array()
    return rest.length === packetSize && rest[0] === syncByte ? [readPacket(rest)] : []
  }

  /** Once in step a sync byte is enough; before, the next packet must begin with one too. */
  #isPacket(bytes: Uint8Array, at: number): boolean {
    return bytes[at] === syncByte && (this.#synced || bytes[at + packetSize] === syncByte)
  }
}

const noPayload = new Uint8Array()

/** Reads one packet of 188 bytes. A field that is longer than the packet leaves no payload. */
function readPacket(bytes: Uint8Array): TsPacket {
  const [, second = 0, third = 0, fourth = 0, fieldLength = 0, flags = 0] = bytes
  const hasField = (fourth & 0x20) !== 0
  const hasFlags = hasField && fieldLength > 0
  const from = hasField ? 5 + fieldLength : 4
  return {
    pid: ((second & 0x1f) << 8) | third,
    start: (second & 0x40) !== 0,
    counter: fourth & 15,
    scrambled: (fourth & 0xc0) !== 0,
    damaged: (second & 0x80) !== 0,
    discontinuity: hasFlags && (flags & 0x80) !== 0,
    randomAccess: hasFlags && (flags & 0x40) !== 0,
    payload: (fourth & 0x10) !== 0 && from < packetSize ? bytes.subarray(from) : noPayload,
  }
}
