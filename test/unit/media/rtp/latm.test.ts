import { expect, it } from 'vitest'
import { LatmDepacketizer, muxedAudioConfig } from '../../../../src/media/rtp/latm.js'
import type { RtpPacket } from '../../../../src/media/rtp/packet.js'
import { readerOf } from '../../../../src/media/sdp/media.js'
import { parseSdp } from '../../../../src/media/sdp/sdp.js'

const configIn = (hex: string): string | undefined => {
  const config = muxedAudioConfig(Uint8Array.from(Buffer.from(hex, 'hex')))
  return config && Buffer.from(config).toString('hex')
}

let sequence = 0
const packet = (timestamp: number, marker: boolean, ...bytes: number[]): RtpPacket => ({
  ...{ payloadType: 96, ssrc: 1, sequence: sequence++, timestamp, marker },
  payload: Uint8Array.from(bytes),
})

it.each([
  ['of GStreamer, which ends too early', '40002320adca00', '119056e500'],
  ['of live555', '400026203fc0', '1310'],
  ['with SBR that is signalled first', '40005623101fe0', '2b118800'],
])('finds the configuration in one %s', (_, config, expected) => {
  expect(configIn(config)).toBe(expected)
})

it('leaves out what it cannot read: layers, versions, channels by an element, and no configuration at all', () => {
  for (const config of ['401026203fc0', 'c00026203fc0', '400226203fc0', '400026003fc0']) expect(configIn(config), config).toBeUndefined()
  expect(() => configIn('4000')).toThrow(/StreamMuxConfig: it ends too early/)
})

it('gives the units of an element, each with its time', () => {
  const units = new LatmDepacketizer(1024).push(packet(90, true, 2, 7, 8, 1, 9), false)
  expect(units).toEqual([
    { timestamp: 90, later: 0, parts: [Uint8Array.of(7, 8)] },
    { timestamp: 90, later: 1024, parts: [Uint8Array.of(9)] },
  ])
})

it('joins pieces, and passes over an element of which one is lost', () => {
  const latm = new LatmDepacketizer(1024)
  const long = Array.from({ length: 300 }, (_, i) => i & 0x7f)
  expect(latm.push(packet(0, false, 255, 45, ...long.slice(0, 100)), false)).toEqual([])
  expect(latm.push(packet(0, true, ...long.slice(100)), false).map(({ parts }) => parts.map((part) => [...part]))).toEqual([[long]])
  expect(latm.push(packet(1024, false, 255, 45, ...long.slice(0, 100)), false)).toEqual([])
  expect(latm.push(packet(2048, true, ...long.slice(100)), true)).toEqual([])
  expect(latm.push(packet(3072, true, 1, 5), false)).toHaveLength(1)
})

it('says what does not fit', () => {
  const latm = new LatmDepacketizer(1024)
  expect(() => latm.push(packet(0, true, 5, 1), false)).toThrow(/a length goes beyond the element/)
  expect(() => latm.push(packet(0, true, 255), false)).toThrow(/a length goes beyond the element/)
  const endless = (): void => {
    for (let i = 0; i < 100; i++) latm.push({ ...packet(7, false), payload: new Uint8Array(1400) }, false)
  }
  expect(endless).toThrow(/more than 65536 bytes/)
})

it('is read as GStreamer describes it', () => {
  const lines = (fmtp: string): string =>
    ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=audio 0 RTP/AVP 96', 'a=rtpmap:96 MP4A-LATM/48000', `a=fmtp:96 ${fmtp}`, ''].join('\r\n')
  const read = (fmtp: string) => {
    const [media] = parseSdp(lines(fmtp)).media
    return media && readerOf(media, 2)
  }
  expect(read('cpresent=0;config=40002320adca00')?.reader.track).toMatchObject({ id: 2, codec: 'mp4a.40.2', sampleRate: 48_000, channels: 2 })
  expect(read('config=40002320adca00')).toBeUndefined()
  expect(read('cpresent=0')).toBeUndefined()
})
