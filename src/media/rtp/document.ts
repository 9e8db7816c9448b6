/** Metadata over RTP: KLV (RFC 6597) and the XML of ONVIF (Streaming Specification 5.1.2.1). The marker ends a document. */

import { type AccessUnit, type Depacketizer, PictureCollector } from './depacketizer.js'
import type { RtpPacket } from './packet.js'
import type { ReadUnit, TrackReader } from './track-reader.js'

/** How KLV (SMPTE 336M) is named among tracks. */
export const klvCodec = 'application/smpte336m'

/** How the metadata of ONVIF devices are named among tracks. */
export const onvifCodec = 'application/vnd.onvif.metadata'

/** How documents of a sort begin: after a loss nothing else tells a first packet from a later one. */
const beginnings = {
  [klvCodec]: (payload: Uint8Array): boolean => Buffer.from(payload.subarray(0, 4)).toString('hex') === '060e2b34',
  [onvifCodec]: (payload: Uint8Array): boolean => /^\ufeff?\s*</.test(Buffer.from(payload.subarray(0, 64)).toString('utf8')),
} as const

/** Is it a codec of documents? */
export function isDocumentCodec(codec: string): codec is keyof typeof beginnings {
  return Object.hasOwn(beginnings, codec)
}

/** Reads documents, each as one part. One of which a packet is lost is left out. */
export class DocumentDepacketizer implements Depacketizer {
  readonly #collector = new PictureCollector()
  readonly #isBeginning: (payload: Uint8Array) => boolean
  #timestamp = 0
  /** A document has begun. */
  #open = false
  /** Its first packet is lost. */
  #headless = false

  constructor(codec: keyof typeof beginnings) {
    this.#isBeginning = beginnings[codec]
  }

  push(packet: RtpPacket, gap: boolean): AccessUnit[] {
    const units = this.#whole(this.#collector.begin(packet, gap))
    const { payload, marker, timestamp } = packet
    if (payload.length > 0) {
      const isFirst = !this.#open || timestamp !== this.#timestamp
      if (isFirst) this.#headless = gap && !this.#isBeginning(payload)
      this.#open = true
      this.#collector.add(payload)
    }
    this.#timestamp = timestamp
    if (!marker) return units
    this.#open = false
    return [...units, ...this.#whole(this.#collector.end())]
  }

  #whole(units: readonly AccessUnit[]): AccessUnit[] {
    return this.#headless ? [] : units.map((unit) => ({ ...unit, parts: [Buffer.concat(unit.parts)] }))
  }
}

/** Reads a track of documents; it is known before the first one. */
export class DocumentReader implements TrackReader {
  readonly track: NonNullable<TrackReader['track']>

  constructor(id: number, codec: keyof typeof beginnings) {
    this.track = { id, kind: 'data', codec }
  }

  read({ parts }: AccessUnit): ReadUnit {
    const [data] = parts
    return data && data.length > 0 ? { frame: { track: this.track.id, key: true, data } } : {}
  }
}

/** Payloads for one document, each of at most `size` bytes. */
export function packetizeDocument(data: Uint8Array, size: number): Uint8Array[][] {
  return Array.from({ length: Math.ceil(data.length / size) }, (_, i) => [data.subarray(i * size, (i + 1) * size)])
}
