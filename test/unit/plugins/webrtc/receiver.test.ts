import { describe, expect, it } from 'vitest'
import { writeRtpHeader } from '../../../../src/media/rtp/packet.js'
import { writeGoodbye, writeSenderReport } from '../../../../src/media/rtp/rtcp.js'
import { readerFor } from '../../../../src/media/webrtc/codec-match.js'
import { Receiver } from '../../../../src/plugins/webrtc/receiver.js'
import { FakeStreams } from '../../../../src/testing/fake-streams.js'

/** A key picture of VP8, 640x360, in one packet. */
const picture = [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 1, 2, 3]

function packet(ssrc: number, sequence: number, at = sequence): Buffer {
  const bytes = Buffer.from([...new Uint8Array(12), ...picture])
  writeRtpHeader(bytes, 0, { payloadType: 96, marker: true, sequence, timestamp: at * 3000, ssrc })
  return bytes
}

/** A receiver of one picture, with a clock that the test sets. */
function receiving() {
  const format = { payloadType: 96, encoding: 'vp8', rate: 90_000, channels: 1, parameters: new Map<string, string>() }
  const reader = readerFor(format, 1)
  if (!reader) throw new Error('VP8 is read')
  const streams = new FakeStreams()
  const sent: Uint8Array[] = []
  const clock = { now: 1000 }
  const receiver = new Receiver({
    streams: new Map([[96, { ...reader, kind: 'video', medium: '0' }]]),
    keyEvery: Number.POSITIVE_INFINITY,
    open: (tracks) => streams.publish('x', tracks),
    send: (bytes) => void sent.push(bytes),
    now: () => clock.now,
  })
  const keyRequests = (): number => sent.filter((bytes) => bytes[1] === 206 && ((bytes[0] ?? 0) & 31) === 1).length
  return { receiver, streams, clock, keyRequests, frames: () => streams.get('x')?.frames ?? [] }
}

describe('a receiver', () => {
  it('takes one layer, and another source once the first is silent', () => {
    const { receiver, clock, frames } = receiving()
    receiver.receive([packet(1, 1), packet(2, 7), packet(1, 2), packet(2, 8)])
    expect(frames().length).toBe(2)
    clock.now += 1000
    receiver.receive([packet(2, 9)])
    expect(frames().length).toBe(2)
    clock.now += 2000
    receiver.receive([packet(2, 10), packet(1, 3)])
    expect(frames().length).toBe(3)
    const times = frames().map(({ timestamp }) => timestamp)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it('tells how well packets come, over sources', () => {
    const { receiver, clock } = receiving()
    receiver.receive([packet(1, 1)])
    clock.now += 40
    receiver.receive([packet(1, 4)])
    clock.now += 40
    receiver.receive([packet(1, 3), packet(1, 3)])
    const { jitter = 0, ...counts } = receiver.stats()
    expect(counts).toEqual({ received: 4, lost: 0, late: 1, reordered: 1, retransmitted: 2 })
    expect(jitter).toBeGreaterThan(0)
    clock.now += 300
    receiver.receive([packet(1, 5)])
    expect(receiver.stats().lost).toBe(1)
    clock.now += 3000
    receiver.receive([packet(2, 9)])
    expect(receiver.stats()).toMatchObject({ received: 6, lost: 1 })
  })

  it('asks for a key picture when a reader wants one, twice a second at most', () => {
    const { receiver, clock, keyRequests } = receiving()
    receiver.receive([packet(1, 1)])
    clock.now += 1000
    for (let i = 0; i < 5; i++) receiver.wantKey()
    expect(keyRequests()).toBe(1)
    clock.now += 600
    receiver.wantKey()
    expect(keyRequests()).toBe(2)
    receiver.receive([packet(1, 2)])
    clock.now += 600
    receiver.receive([packet(1, 3)])
    expect(keyRequests()).toBe(2)
  })

  it('makes tracks of data channels, at most 8, on the clock of the media', () => {
    const { receiver, clock, streams, frames } = receiving()
    const say = (label: string, protocol = '', text = true): void => receiver.message({ label, protocol, data: Uint8Array.of(1), text })
    say('early', 'application/json')
    expect(frames()).toEqual([])
    receiver.receive([packet(1, 1)])
    clock.now += 40
    say('text')
    say('text')
    say('bytes', 'no type', false)
    for (let i = 0; i < 10; i++) say(`more${i}`)
    const data = streams.get('x')?.tracks.filter(({ kind }) => kind === 'data') ?? []
    expect(data.map(({ codec }) => codec)).toEqual(['application/json', 'text', 'application/octet-stream', 'text', 'text', 'text', 'text', 'text'])
    const text = frames().filter(({ track }) => track === data[1]?.id)
    expect(text.map(({ timestamp, key }) => [timestamp, key])).toEqual([
      [40_000, true],
      [40_001, true],
    ])
  })

  it('puts what waited for the start where a report says', () => {
    const formats = [
      { payloadType: 96, encoding: 'pcmu', rate: 8000, channels: 1, parameters: new Map<string, string>() },
      { payloadType: 97, encoding: 'opus', rate: 48_000, channels: 2, parameters: new Map<string, string>() },
    ]
    const opened = formats.map((format, at) => {
      const reader = readerFor(format, at + 1)
      if (!reader) throw new Error(`${format.encoding} is read`)
      return [format.payloadType, { ...reader, kind: 'audio' as const, medium: String(at) }] as const
    })
    const streams = new FakeStreams()
    const receiver = new Receiver({ streams: new Map(opened), open: (tracks) => streams.publish('x', tracks), send: () => undefined, now: () => 1000 })
    const sound = (payloadType: number): Buffer => {
      const bytes = Buffer.alloc(172)
      writeRtpHeader(bytes, 0, { payloadType, marker: false, sequence: 1, timestamp: 0, ssrc: payloadType })
      return bytes
    }
    const report = (ssrc: number, wall: number): Buffer => Buffer.from(writeSenderReport({ ssrc, wall, timestamp: 0, packets: 1, octets: 1 }))
    receiver.receive([sound(96), sound(97)])
    expect(streams.get('x')).toBeUndefined()
    receiver.receive([report(96, 4e15), report(97, 4e15 + 30_000)])
    expect(streams.get('x')?.frames.map(({ track, timestamp }) => [track, timestamp])).toEqual([
      [1, 0],
      [2, 30_000],
    ])
  })

  it('has ended when its sources say goodbye', () => {
    const { receiver } = receiving()
    expect(receiver.ended).toBe(false)
    receiver.receive([packet(1, 1)])
    receiver.receive([Buffer.from(writeGoodbye(2))])
    expect(receiver.ended).toBe(false)
    receiver.receive([Buffer.from(writeGoodbye(1))])
    expect(receiver.ended).toBe(true)
  })
})
