/** AAC over RTP as MP4A-LATM (RFC 6416 section 6): what GStreamer and some cameras send. */

import { ShoalError } from '../../errors.js'
import { BitReader } from '../bits.js'
import type { AccessUnit, Depacketizer } from './depacketizer.js'
import type { RtpPacket } from './packet.js'

/** Bytes of an element that comes in pieces: far more than any frame. */
const maxBytes = 65_536

/**
 * The AudioSpecificConfig of a StreamMuxConfig (ISO/IEC 14496-3 1.7.3), without what follows it. Undefined for several programs or
 * layers, and for object types that are no plain AAC. Throws `ERR_MEDIA_INVALID` where it is cut short.
 */
export function muxedAudioConfig(bytes: Uint8Array): Uint8Array | undefined {
  const reader = new BitReader(bytes, 'StreamMuxConfig')
  const [version, sameTimes] = [reader.bits(1), reader.flag()]
  reader.skip(6) // numSubFrames: the lengths in front of the units say it, too
  const layers = reader.bits(4) + reader.bits(3)
  if (version !== 0 || !sameTimes || layers !== 0) return undefined
  const from = bytes.length * 8 - reader.left
  const length = audioConfigLength(reader)
  if (length === undefined) return undefined
  const copy = new BitReader(bytes, 'StreamMuxConfig')
  copy.skip(from)
  return Uint8Array.from({ length: Math.ceil(length / 8) }, (_, i) => {
    const left = Math.min(8, length - i * 8)
    return copy.bits(left) << (8 - left)
  })
}

/** Bits of an AudioSpecificConfig (1.6.2.1), of which only the end says where it ends. */
function audioConfigLength(reader: BitReader): number | undefined {
  const before = reader.left
  const type = reader.bits(5)
  skipRate(reader)
  const channels = reader.bits(4)
  const extended = type === 5 || type === 29
  if (extended) skipRate(reader)
  const core = extended ? reader.bits(5) : type
  // a program config element stands for channels 0; other object types have other ends
  if (channels === 0 || ![1, 2, 3, 4].includes(core)) return undefined
  reader.skip(1)
  if (reader.flag()) reader.skip(14)
  reader.skip(1)
  const length = before - reader.left
  return extended ? length : length + syncExtension(reader)
}

/** Bits of the extension that says whether there is SBR and PS (1.6.6.1); 0 where there is none. */
function syncExtension(reader: BitReader): number {
  const before = reader.left
  if (before < 17 || reader.bits(11) !== 0x2b7 || reader.bits(5) !== 5) return 0
  if (!reader.flag()) return before - reader.left
  skipRate(reader)
  const length = before - reader.left
  return reader.left >= 12 && reader.bits(11) === 0x548 ? length + 12 : length
}

function skipRate(reader: BitReader): void {
  if (reader.bits(4) === 15) reader.skip(24)
}

/** Reads elements without a configuration in them (cpresent=0): units behind their lengths, in one packet or several. */
export class LatmDepacketizer implements Depacketizer {
  readonly #frameLength: number
  #timestamp = 0
  #pieces: Uint8Array[] = []
  #bytes = 0
  /** Packets are lost: what comes may be the end of something. */
  #doubtful = false

  /** `frameLength`: ticks from one unit to the next. */
  constructor(frameLength: number) {
    this.#frameLength = frameLength
  }

  push({ payload, timestamp, marker }: RtpPacket, gap: boolean): AccessUnit[] {
    if (gap || timestamp !== this.#timestamp) this.#clear()
    this.#doubtful ||= gap
    this.#timestamp = timestamp
    this.#bytes += payload.length
    if (this.#bytes > maxBytes) {
      this.#clear()
      throw invalid(`an element of more than ${maxBytes} bytes`)
    }
    if (payload.length > 0) this.#pieces.push(payload)
    if (!marker) return []
    const units = unitsOf(this.#pieces.length === 1 ? payload : Buffer.concat(this.#pieces))
    const doubtful = this.#doubtful
    this.#doubtful = false
    this.#clear()
    if (!units && !doubtful) throw invalid('a length goes beyond the element')
    return (units ?? []).map((unit, i) => ({ timestamp, later: i * this.#frameLength, parts: [unit] }))
  }

  #clear(): void {
    this.#pieces = []
    this.#bytes = 0
  }
}

/** PayloadLengthInfo and PayloadMux (1.7.3), as often as they come; undefined where they do not fit. */
function unitsOf(element: Uint8Array): Uint8Array[] | undefined {
  const units: Uint8Array[] = []
  for (let at = 0; at < element.length; ) {
    let size = 0
    let byte = 255
    while (byte === 255) {
      if (at >= element.length) return undefined
      byte = element[at++] as number
      size += byte
    }
    if (at + size > element.length) return undefined
    if (size > 0) units.push(element.subarray(at, at + size))
    at += size
  }
  return units
}

function invalid(why: string): ShoalError {
  return new ShoalError('ERR_MEDIA_INVALID', `RTP: ${why}.`)
}
