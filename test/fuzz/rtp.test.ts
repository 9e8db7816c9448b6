import { describe } from 'vitest'
import { parseAvcC } from '../../src/media/h264.js'
import { parseHvcC } from '../../src/media/h265.js'
import { AacDepacketizer, aacHbr, packetizeAac } from '../../src/media/rtp/aac.js'
import type { Depacketizer } from '../../src/media/rtp/depacketizer.js'
import { DocumentDepacketizer, klvCodec, packetizeDocument } from '../../src/media/rtp/document.js'
import { H264Depacketizer, packetizeH264 } from '../../src/media/rtp/h264.js'
import { H265Depacketizer, packetizeH265 } from '../../src/media/rtp/h265.js'
import { LatmDepacketizer, muxedAudioConfig } from '../../src/media/rtp/latm.js'
import { parseRtp, rtpHeaderSize, writeRtpHeader } from '../../src/media/rtp/packet.js'
import { ReorderBuffer } from '../../src/media/rtp/reorder.js'
import { parseRtcp, writeGoodbye, writeReceiverReport, writeSenderReport } from '../../src/media/rtp/rtcp.js'
import { PictureReader } from '../../src/media/rtp/track-reader.js'
import { avcConfigs, hevcConfigs } from '../unit/media/configs.js'
import { fuzzParser } from './media-fuzz.js'

const hex = (text = ''): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** One packet of each payload, behind two bytes of length: a short stream. */
function stream(payloads: readonly (readonly Uint8Array[])[]): Uint8Array {
  return Buffer.concat(
    payloads.flatMap((pieces, i) => {
      const payload = Buffer.concat(pieces)
      const packet = new Uint8Array(rtpHeaderSize + payload.length)
      writeRtpHeader(packet, 0, { payloadType: 96, marker: i === payloads.length - 1, sequence: 10 + i, timestamp: 3000, ssrc: 1 })
      packet.set(payload, rtpHeaderSize)
      return [Uint8Array.of(packet.length >> 8, packet.length & 0xff), packet]
    }),
  )
}

/** Takes a stream apart and reads what comes; throws the first error. */
function receive(bytes: Uint8Array, depacketizer: Depacketizer, reader?: PictureReader): void {
  const buffer = new ReorderBuffer(4)
  for (let at = 0; at + 2 <= bytes.length; ) {
    const size = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    for (const { packet, gap } of buffer.push(parseRtp(bytes.subarray(at + 2, at + 2 + size)), at)) {
      for (const unit of depacketizer.push(packet, gap)) {
        const length = unit.parts.reduce((sum, part) => sum + part.length, 0)
        if (length > bytes.length + 16) throw new Error('a unit longer than what came')
        reader?.read(unit)
      }
    }
    at += 2 + size
  }
}

describe('RTP', () => {
  const avc = parseAvcC(hex(avcConfigs[0]?.hex))
  const slice = Uint8Array.from({ length: 40 }, (_, i) => (i === 0 ? 0x65 : i))
  const aggregate = [Uint8Array.of(24), ...[...avc.sps, ...avc.pps].flatMap((nal) => [Uint8Array.of(0, nal.length), nal])]
  const avcStream = stream([aggregate, ...packetizeH264([slice], 20)])
  fuzzParser('H.264 packets', [avcStream], (bytes) => receive(bytes, new H264Depacketizer(), new PictureReader(1, 'avc1', [])))

  const hevc = parseHvcC(hex(hevcConfigs[0]?.hex))
  const hevcSlice = Uint8Array.from({ length: 30 }, (_, i) => (i === 0 ? 0x26 : i))
  const hevcStream = stream(packetizeH265([...hevc.vps, ...hevc.sps, ...hevc.pps, hevcSlice], 24))
  fuzzParser('H.265 packets', [hevcStream], (bytes) => receive(bytes, new H265Depacketizer(), new PictureReader(1, 'hvc1', [])))

  const aacStream = stream([...packetizeAac(new Uint8Array(30), 1000), ...packetizeAac(new Uint8Array(30), 14)])
  fuzzParser('AAC packets', [aacStream], (bytes) => receive(bytes, new AacDepacketizer({ ...aacHbr, frameLength: 1024 })))

  const latmStream = stream([[Uint8Array.of(3, 1, 2, 3, 2, 4, 5)], [Uint8Array.of(255, 1), new Uint8Array(256)]])
  fuzzParser('MP4A-LATM packets', [latmStream], (bytes) => receive(bytes, new LatmDepacketizer(1024)))
  fuzzParser('a StreamMuxConfig', [hex('40002320adca00'), hex('400026203fc0')], (bytes) => {
    const config = muxedAudioConfig(bytes)
    if (config && config.length > bytes.length) throw new Error('a configuration longer than what it came in')
  })

  const documents = stream(
    packetizeDocument(
      Uint8Array.from({ length: 60 }, (_, i) => [6, 14, 43, 52][i] ?? i),
      24,
    ),
  )
  fuzzParser('documents', [documents], (bytes) => receive(bytes, new DocumentDepacketizer(klvCodec)))

  const reception = { ssrc: 2, fractionLost: 3, lost: 4, highest: 5, jitter: 6, lastReport: 7, sinceLastReport: 8 }
  const reports = [
    writeSenderReport({ ssrc: 1, wall: 4_000_000_000_123_456, timestamp: 90_000, packets: 3, octets: 4 }),
    writeReceiverReport(1, reception),
    writeGoodbye(1),
  ]
  fuzzParser('parseRtcp', reports, (bytes) => void parseRtcp(bytes))
})
