import { expect, it } from 'vitest'
import { parseFeedback } from '../../../../src/media/rtp/feedback.js'
import { rtpHeaderSize, writeRtpHeader } from '../../../../src/media/rtp/packet.js'
import { readerFor } from '../../../../src/media/webrtc/codec-match.js'
import { Receiver } from '../../../../src/plugins/webrtc/receiver.js'
import { FakeStreams } from '../../../../src/testing/fake-streams.js'

const format = { payloadType: 96, encoding: 'vp8', rate: 90_000, channels: 1, parameters: new Map() }

/** A picture of VP8 in one packet: 64x48. */
function picture(n: number, key: boolean): Buffer {
  const payload = key ? [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0] : [0x10, 0x11, 0, 0, 1]
  const packet = Buffer.alloc(rtpHeaderSize + payload.length)
  writeRtpHeader(packet, 0, { payloadType: 96, marker: true, sequence: n, timestamp: n * 3600, ssrc: 7 })
  packet.set(payload, rtpHeaderSize)
  return packet
}

it('asks for a key picture every two seconds, as browsers make none by themselves', () => {
  const stream = readerFor(format, 1)
  if (!stream) throw new Error('VP8 is not known')
  const asked: number[] = []
  let now = 0
  const receiver = new Receiver({
    streams: new Map([[96, { ...stream, kind: 'video', medium: '0' }]]),
    open: (tracks) => new FakeStreams().publish('live/cam', tracks),
    send: (packet) => {
      if (packet[1] !== 201 && parseFeedback(packet).some(({ type }) => type === 'key')) asked.push(now)
    },
    now: () => now,
  })
  // one who answers the second time, and then makes key pictures often enough
  const keys = [0, 64, 89, 114]
  for (let n = 0; n < 130; n++) {
    now = n * 40
    receiver.receive([picture(n, keys.includes(n))])
  }
  expect(asked).toEqual([2000, 2520])
  receiver.close()
})
