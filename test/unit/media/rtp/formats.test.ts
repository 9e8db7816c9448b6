import { describe, expect, it } from 'vitest'
import { AacDepacketizer, aacHbr, packetizeAac } from '../../../../src/media/rtp/aac.js'
import type { Depacketizer } from '../../../../src/media/rtp/depacketizer.js'
import { H264Depacketizer, packetizeH264 } from '../../../../src/media/rtp/h264.js'
import { H265Depacketizer, packetizeH265 } from '../../../../src/media/rtp/h265.js'
import type { RtpPacket } from '../../../../src/media/rtp/packet.js'

const unit = (first: number, size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i === 0 ? first : i & 0xff))

/** Packets of one picture; the last has the marker. */
const packets = (payloads: readonly (readonly Uint8Array[])[], timestamp = 90): RtpPacket[] =>
  payloads.map((pieces, i) => ({
    payloadType: 96,
    marker: i === payloads.length - 1,
    sequence: i,
    timestamp,
    ssrc: 1,
    payload: Uint8Array.from(Buffer.concat(pieces)),
  }))

const read = (depacketizer: Depacketizer, list: readonly RtpPacket[], lost = -1): (readonly Uint8Array[])[] =>
  list
    .filter((_, i) => i !== lost)
    .flatMap((packet, i) => depacketizer.push(packet, i === lost))
    .map(({ parts }) => parts.map((part) => Uint8Array.from(part)))

describe.each([
  { name: 'H.264', nals: [unit(0x67, 12), unit(0x65, 5000)], packetize: packetizeH264, make: () => new H264Depacketizer() },
  { name: 'H.265', nals: [unit(0x42, 12), unit(0x26, 5000)], packetize: packetizeH265, make: () => new H265Depacketizer() },
])('$name', ({ nals, packetize, make }) => {
  const payloads = packetize(nals, 1000)

  it('comes back as it was, and no payload is too large', () => {
    expect(payloads.length).toBe(7)
    expect(Math.max(...payloads.map((pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0)))).toBeLessThanOrEqual(1000)
    expect(read(make(), packets(payloads))).toEqual([nals])
  })

  it('leaves out a picture of which a packet is missing, wherever it was, and takes the next', () => {
    for (let lost = 0; lost < payloads.length; lost++) {
      const depacketizer = make()
      const pictures = read(depacketizer, [...packets(payloads), ...packets([[unit(0x41, 20)]], 180)], lost)
      // the first packet is a unit of its own: what is left is a picture, too
      expect(pictures.at(-1)).toEqual([unit(0x41, 20)])
      if (lost > 0) expect(pictures.length).toBe(1)
    }
  })

  it('ends a picture without a marker when the time changes', () => {
    const unmarked = packets(payloads).map((packet) => ({ ...packet, marker: false }))
    expect(read(make(), [...unmarked, ...packets([[unit(0x41, 20)]], 180)])).toEqual([nals, [unit(0x41, 20)]])
  })
})

it('H.264: aggregates are taken apart', () => {
  const [sps, pps] = [unit(0x67, 9), unit(0x68, 4)]
  const stapA = [Uint8Array.of(24), Uint8Array.of(0, 9), sps, Uint8Array.of(0, 4), pps]
  expect(read(new H264Depacketizer(), packets([stapA]))).toEqual([[sps, pps]])
  const cut = packets([[Uint8Array.of(24, 0, 9, 1)]])
  expect(() => read(new H264Depacketizer(), cut)).toThrow(/cut short/)
})

it('H.265: aggregates are taken apart', () => {
  const [vps, sps] = [unit(0x40, 9), unit(0x42, 4)]
  const aggregate = [Uint8Array.of(48 << 1, 1), Uint8Array.of(0, 9), vps, Uint8Array.of(0, 4), sps]
  expect(read(new H265Depacketizer(), packets([aggregate]))).toEqual([[vps, sps]])
})

describe('AAC', () => {
  const make = (): AacDepacketizer => new AacDepacketizer({ ...aacHbr, frameLength: 1024 })

  it('comes back as it was, whole and in parts', () => {
    for (const size of [10, 400, 3000]) expect(read(make(), packets(packetizeAac(unit(1, size), 500)))).toEqual([[unit(1, size)]])
  })

  it('several units in one packet follow each other in time', () => {
    const payload = Uint8Array.of(0, 32, 0, 3 << 3, 0, 2 << 3, 1, 2, 3, 4, 5)
    expect(make().push(packets([[payload]])[0] as RtpPacket, false)).toEqual([
      { timestamp: 90, later: 0, parts: [Uint8Array.of(1, 2, 3)] },
      { timestamp: 90, later: 1024, parts: [Uint8Array.of(4, 5)] },
    ])
  })

  it('a unit of which a part is lost is left out', () => {
    const list = packets(packetizeAac(unit(1, 1200), 500))
    expect(read(make(), [...list.slice(0, 1), ...list.slice(2)])).toEqual([])
  })

  it('a unit that is too large is refused', () => {
    expect(() => packetizeAac(new Uint8Array(8192), 500)).toThrow(/8192 bytes/)
  })
})
