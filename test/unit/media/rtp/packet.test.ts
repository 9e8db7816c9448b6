import { expect, it } from 'vitest'
import { parseRtp, rtpHeaderSize, writeRtpHeader } from '../../../../src/media/rtp/packet.js'
import { datagrams, isCarried, numbered, Packetizer } from '../../../../src/media/rtp/packetizer.js'
import { parseRtcp, writeGoodbye, writeReceiverReport, writeSenderReport } from '../../../../src/media/rtp/rtcp.js'
import type { Track } from '../../../../src/stream.js'

const sound: Track = { id: 1, kind: 'audio', codec: 'alaw', sampleRate: 8000, channels: 1 }

it('a packet is read as it was written', () => {
  const bytes = new Uint8Array(rtpHeaderSize + 2).fill(7)
  const header = { payloadType: 100, marker: true, sequence: 65_535, timestamp: 4_000_000_000, ssrc: 3_000_000_000 }
  writeRtpHeader(bytes, 0, header)
  expect(parseRtp(bytes)).toEqual({ ...header, payload: Uint8Array.of(7, 7) })
})

it('sources, extension and padding are not payload', () => {
  const bytes = Uint8Array.of(0xb1, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, /* source */ 1, 2, 3, 4, /* extension */ 0, 0, 0, 1, 9, 9, 9, 9, 5, 6, 0, 2)
  expect(parseRtp(bytes).payload).toEqual(Uint8Array.of(5, 6))
  for (const wrong of [bytes.subarray(0, 11), bytes.subarray(0, 17), Uint8Array.of(0x40, ...bytes.subarray(1))]) expect(() => parseRtp(wrong)).toThrow()
})

it('reports are read as they were written', () => {
  const report = { ssrc: 5, wall: 3_970_000_000_250_000, timestamp: 123, packets: 7, octets: 900 }
  expect(parseRtcp(writeSenderReport(report))).toEqual([{ type: 'sender-report', ...report, mark: expect.any(Number) }])
  const reception = { ssrc: 6, fractionLost: 128, lost: -3, highest: 70_000, jitter: 2, lastReport: 9, sinceLastReport: 10 }
  expect(parseRtcp(writeReceiverReport(5, reception))).toEqual([{ type: 'receiver-report', ssrc: 5, reports: [reception] }])
  expect(parseRtcp(writeGoodbye(5))).toEqual([
    { type: 'receiver-report', ssrc: 5, reports: [] },
    { type: 'goodbye', sources: [5] },
  ])
  expect(() => parseRtcp(writeSenderReport(report).subarray(0, 20))).toThrow(/cut short/)
})

it('packets are made once, and each receiver has numbers of its own', () => {
  const packetizer = new Packetizer(sound, 97, 42)
  const packets = packetizer.packets({ track: 1, timestamp: 1_000_000, key: true, data: Uint8Array.of(1, 2, 3) })
  const copies = [numbered(packets, { channel: 4, sequence: 65_535 }), numbered(packets, { channel: 0, sequence: 9 })]
  const read = copies.map((copy) => parseRtp(datagrams(copy, packets)[0] as Buffer))
  expect(read.map(({ sequence, timestamp, ssrc, payloadType, marker }) => ({ sequence, timestamp, ssrc, payloadType, marker }))).toEqual(
    [65_535, 9].map((sequence) => ({ sequence, timestamp: 8000, ssrc: 42, payloadType: 97, marker: true })),
  )
  expect([...(copies[0] as Buffer).subarray(0, 4)]).toEqual([0x24, 4, 0, 15])
})

it('times beyond 32 bits wrap', () => {
  expect(new Packetizer({ id: 1, kind: 'audio', codec: 'opus' }, 97, 1).ticks(100_000 * 1e6)).toBe((100_000 * 48_000) % 2 ** 32)
})

it('says what it cannot carry', () => {
  expect(['mp4v.20.9', 'avc1.64001f', 'text'].map((codec) => isCarried({ id: 1, kind: 'video', codec }))).toEqual([false, false, false])
  expect(() => new Packetizer({ id: 1, kind: 'video', codec: 'mp4v.20.9' }, 96, 1)).toThrow(/cannot carry mp4v/)
})
