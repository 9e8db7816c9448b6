import { describe, expect, it } from 'vitest'
import { writeRtpHeader } from '../../../../src/media/rtp/packet.js'
import { writeSenderReport } from '../../../../src/media/rtp/rtcp.js'
import { readerOf } from '../../../../src/media/sdp/media.js'
import { Ingest } from '../../../../src/plugins/rtsp/ingest.js'
import { FakeStreams } from '../../../../src/testing/fake-streams.js'

/** µs since 1900. */
const wall = 4_000_000_000_000_000

/** A receiver of G.711 and Opus, with a clock that the test sets. */
function receiving() {
  const media = ['pcmu', 'opus'].map((encoding, id) => {
    const rate = encoding === 'pcmu' ? 8000 : 48_000
    const reader = readerOf({ kind: 'audio', payloadType: 96, encoding, rate, channels: 1, parameters: new Map(), control: undefined }, id + 1)
    if (!reader) throw new Error(`${encoding} is read`)
    return reader
  })
  const streams = new FakeStreams()
  const clock = { now: 1000 }
  const ingest = new Ingest({ media, ordered: true, open: (tracks) => streams.publish('x', tracks), now: () => clock.now })
  const counts = new Map<number, number>()
  const sequences = (index: number): number => {
    const next = (counts.get(index) ?? -1) + 1
    counts.set(index, next)
    return next
  }
  const packet = (index: number, timestamp: number): void => {
    const bytes = Buffer.alloc(172)
    writeRtpHeader(bytes, 0, { payloadType: 96, marker: true, sequence: sequences(index), timestamp, ssrc: index + 1 })
    ingest.rtp(index, bytes)
  }
  const report = (index: number, at: number, timestamp: number): void => {
    ingest.rtcp(index, writeSenderReport({ ssrc: index + 1, wall: at, timestamp, packets: 1, octets: 1 }))
  }
  const times = (track: number): number[] => (streams.get('x')?.frames ?? []).filter((frame) => frame.track === track).map(({ timestamp }) => timestamp)
  return { ingest, clock, packet, report, times }
}

describe('an ingest', () => {
  it('puts what waited for the start where a report says', () => {
    const { packet, report, times } = receiving()
    packet(0, 0)
    packet(1, 0)
    report(0, wall, 0)
    report(1, wall + 30_000, 0)
    packet(0, 160)
    packet(1, 960)
    expect([times(1), times(2)]).toEqual([
      [0, 20_000],
      [30_000, 50_000],
    ])
  })

  it('without reports begins with what was least late of each', () => {
    const { clock, packet, times } = receiving()
    packet(0, 0)
    // held up by 100 ms, what follows is not
    clock.now += 100
    packet(1, 0)
    for (let i = 1; i <= 30; i++) {
      clock.now = 1000 + 20 * i
      packet(0, 160 * i)
      if (i >= 5) packet(1, 960 * i)
    }
    expect([times(1)[0], times(2)[0]]).toEqual([0, 0])
  })

  it('tells sounds apart to which the sender gave one time', () => {
    const { clock, packet, times } = receiving()
    packet(0, 0)
    packet(0, 0)
    packet(0, 160)
    clock.now += 600
    packet(0, 320)
    expect(times(1)).toEqual([0, 1000, 20_000, 40_000])
  })
})
