import { describe, expect, it } from 'vitest'
import { joinObus, obuType, splitObus } from '../../../../src/media/obu.js'
import { Av1Depacketizer, packetizeAv1 } from '../../../../src/media/rtp/av1.js'
import type { Depacketizer } from '../../../../src/media/rtp/depacketizer.js'
import { packetizeVp8, parseVp8, Vp8Depacketizer } from '../../../../src/media/rtp/vp8.js'
import { packetizeVp9, parseVp9, Vp9Depacketizer } from '../../../../src/media/rtp/vp9.js'
import { Av1Reader, Vp8Reader, Vp9Reader } from '../../../../src/media/rtp/vpx-reader.js'

/** What comes out when payloads are sent as packets, `lost` of them not arriving. */
function received(depacketizer: Depacketizer, pictures: readonly (readonly (readonly Uint8Array[])[])[], lost: readonly number[] = []): Uint8Array[] {
  let sequence = 0
  return pictures.flatMap((payloads, picture) =>
    payloads.flatMap((pieces, i) => {
      const here = sequence++
      if (lost.includes(here)) return []
      const packet = {
        payloadType: 96,
        marker: i === payloads.length - 1,
        sequence: here,
        timestamp: picture * 3600,
        ssrc: 1,
        payload: new Uint8Array(Buffer.concat(pieces)),
      }
      return depacketizer.push(packet, lost.includes(here - 1)).flatMap(({ parts }) => parts.map((part) => Uint8Array.from(part)))
    }),
  )
}

const bytes = (length: number, seed: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff)
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('VP8', () => {
  const key = Uint8Array.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, ...bytes(3000, 1)])
  const inter = Uint8Array.from([0x11, ...bytes(500, 2)])

  it('comes back whole, in packets that are not too large', () => {
    const sent = [packetizeVp8(key, 1180), packetizeVp8(inter, 1180)]
    expect(sent.flat().every((pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0) <= 1180)).toBe(true)
    expect(received(new Vp8Depacketizer(), sent)).toEqual([key, inter])
  })

  it('leaves out a picture of which a packet is lost', () => {
    const sent = [packetizeVp8(key, 1180), packetizeVp8(inter, 1180)]
    expect(received(new Vp8Depacketizer(), sent, [1])).toEqual([inter])
    expect(received(new Vp8Depacketizer(), sent, [0])).toEqual([inter])
  })

  it('reads descriptors with a picture id, layers and a key index', () => {
    const plain = { payloadType: 96, marker: true, sequence: 0, timestamp: 0, ssrc: 1 }
    for (const descriptor of ['90 80 05', '90 80 85 01', '90 f0 85 01 07 21', '90 40 07']) {
      const payload = Uint8Array.from([...hex(descriptor), ...inter])
      expect(new Vp8Depacketizer().push({ ...plain, payload }, false)[0]?.parts[0]).toEqual(Buffer.from(inter))
    }
  })

  it('says the size of key pictures', () => {
    expect(parseVp8(key)).toEqual({ key: true, width: 640, height: 360 })
    expect(parseVp8(inter)).toEqual({ key: false })
    const reader = new Vp8Reader(3)
    expect(reader.read({ timestamp: 0, later: 0, parts: [inter] })).toEqual({})
    expect(reader.read({ timestamp: 0, later: 0, parts: [key] })).toMatchObject({ track: { id: 3, codec: 'vp8', width: 640 }, frame: { key: true } })
    expect(reader.read({ timestamp: 0, later: 0, parts: [key] }).track).toBeUndefined()
  })
})

describe('VP9', () => {
  // profile 0, key, shown, 8 bits, 4:2:0, 640 x 360
  const key = Uint8Array.from([0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x16, 0x70, ...bytes(3000, 3)])
  const inter = Uint8Array.from([0x86, ...bytes(700, 4)])

  it('comes back whole, and not at all where a packet is lost', () => {
    const sent = [packetizeVp9(key, true, 1180), packetizeVp9(inter, false, 1180)]
    expect(received(new Vp9Depacketizer(), sent)).toEqual([key, inter])
    expect(received(new Vp9Depacketizer(), sent, [2])).toEqual([inter])
  })

  it('reads descriptors with everything in them', () => {
    const plain = { payloadType: 98, marker: true, sequence: 0, timestamp: 0, ssrc: 1 }
    const descriptors = ['8c 05', '8c 85 01', 'ac 85 01 20 07', 'fc 85 01 20 03 02', '8e 85 01 18 0280 0168 01 54 01']
    for (const descriptor of descriptors) {
      const payload = Uint8Array.from([...hex(descriptor), ...inter])
      expect(Buffer.from(new Vp9Depacketizer().push({ ...plain, payload }, false)[0]?.parts[0] ?? []).toString('hex'), descriptor).toBe(
        Buffer.from(inter).toString('hex'),
      )
    }
  })

  it('reads the header of a key picture', () => {
    expect(parseVp9(key)).toEqual({ key: true, codec: 'vp09.00.21.08', width: 640, height: 360 })
    expect(parseVp9(inter)).toEqual({ key: false })
    expect(new Vp9Reader(1).read({ timestamp: 0, later: 0, parts: [key] })).toMatchObject({ track: { width: 640, height: 360 }, frame: { key: true } })
  })
})

describe('AV1', () => {
  // sequence header of libaom, 640 x 360, 8 bits
  const header = hex('0a 0b 00 00 00 0c c4 ff 67 36 be 40 10')
  const obu = (type: number, length: number): Uint8Array => joinObus([Uint8Array.from([type << 3, ...bytes(length, type)])])
  const key = Uint8Array.from(Buffer.concat([header, obu(6, 3000)]))
  const inter = Uint8Array.from(Buffer.concat([obu(3, 10), obu(4, 900), obu(4, 900)]))

  it('comes back whole, with sizes', () => {
    const sent = [packetizeAv1(key, true, new Uint8Array(0), 1180), packetizeAv1(inter, false, new Uint8Array(0), 1180)]
    expect(sent.flat().every((pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0) <= 1180)).toBe(true)
    expect((sent[0]?.[0]?.[0]?.[0] ?? 0) & 0x08).toBe(0x08)
    expect(received(new Av1Depacketizer(), sent)).toEqual([key, inter])
  })

  it('puts a sequence header before a key picture without one, and leaves temporal delimiters out', () => {
    const bare = Uint8Array.from(Buffer.concat([hex('12 00'), obu(6, 100)]))
    const [unit = new Uint8Array()] = received(new Av1Depacketizer(), [packetizeAv1(bare, true, header, 1180)])
    expect(splitObus(unit).map(obuType)).toEqual([1, 6])
  })

  it('leaves out a unit of which a packet is lost', () => {
    const sent = [packetizeAv1(key, true, header, 1180), packetizeAv1(inter, false, header, 1180)]
    expect(received(new Av1Depacketizer(), sent, [1])).toEqual([inter])
  })

  it('reads codec and size from the sequence header', () => {
    const { track, frame } = new Av1Reader(1).read({ timestamp: 0, later: 0, parts: [key] })
    expect(track).toMatchObject({ codec: 'av01.0.01M.08', width: 640, height: 360 })
    expect(frame?.key).toBe(true)
    expect(new Av1Reader(1).read({ timestamp: 0, later: 0, parts: [inter] })).toEqual({})
  })
})
