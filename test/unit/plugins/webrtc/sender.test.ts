import { expect, it } from 'vitest'
import { writeKeyRequest, writeNack } from '../../../../src/media/rtp/feedback.js'
import { parseRtp } from '../../../../src/media/rtp/packet.js'
import { parseRtcp } from '../../../../src/media/rtp/rtcp.js'
import { Sender } from '../../../../src/plugins/webrtc/sender.js'
import { SharedPackets } from '../../../../src/plugins/webrtc/shared-packets.js'
import type { Frame, Track } from '../../../../src/stream.js'

const track: Track = { id: 1, kind: 'video', codec: 'vp8' }
const format = { payloadType: 96, encoding: 'vp8', rate: 90_000, channels: 1, parameters: new Map() }
const frame = (at: number, size = 100): Frame => ({ track: 1, timestamp: at, key: at === 0, data: new Uint8Array(size) })

function setUp() {
  const sent: Buffer[] = []
  let wanted = 0
  let now = 0
  const sender = new Sender({
    carried: [{ track, format, ssrc: 7 }],
    packets: new SharedPackets(new WeakMap()),
    send: (packet) => sent.push(Buffer.from(packet)) > 0,
    keyWanted: () => wanted++,
    now: () => now,
  })
  const media = () => sent.filter((packet) => ((packet[1] ?? 0) & 0x7f) === 96).map(parseRtp)
  const subscription = { tracks: [track], generation: 1, path: 'live/cam' }
  return { sender, media, subscription, wanted: () => wanted, at: (ms: number) => (now = ms) }
}

it('shows what was kept at once, and goes on in time', () => {
  const { sender, media, subscription, at } = setUp()
  sender.send([frame(0), frame(40_000), frame(80_000)], subscription)
  at(200)
  sender.send([frame(120_000)], subscription)
  const times = media().map(({ timestamp }) => timestamp)
  expect(times.map((time) => time - (times[0] as number))).toEqual([0, 9, 18, 18 + 3600])
})

it('sends again what was lost, with its own numbers', () => {
  const { sender, media, subscription } = setUp()
  sender.send([frame(0, 3000)], subscription)
  const lost = media()[1]
  sender.receive([writeNack(1, 7, [lost?.sequence ?? 0]), writeKeyRequest(1, 7)])
  expect(media().at(-1)).toEqual(lost)
  expect(media()).toHaveLength(4)
})

it('says when a key picture is wanted, and takes no offence at rubbish', () => {
  const { sender, wanted } = setUp()
  sender.receive([Buffer.from([0x80, 206, 0, 9]), writeKeyRequest(1, 7)])
  expect(wanted()).toBe(1)
  expect(sender.counts.keyRequests).toBe(1)
})

const sound: Track = { id: 2, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }
const tracks = [track, sound]

/** A sender of picture and sound, and what it sent. */
function setUpBoth() {
  const sent: Buffer[] = []
  let now = 0
  const opus = { payloadType: 111, encoding: 'opus', rate: 48_000, channels: 2, parameters: new Map() }
  const sender = new Sender({
    carried: [
      { track, format, ssrc: 7 },
      { track: sound, format: opus, ssrc: 8 },
    ],
    packets: new SharedPackets(new WeakMap()),
    send: (packet) => sent.push(Buffer.from(packet)) > 0,
    now: () => now,
  })
  const isReport = (packet: Buffer): boolean => packet[1] === 200
  return {
    send: (at: number, from: number, to: number, generation = 1, of: readonly Track[] = tracks): void => {
      now = at
      sender.send(between(from, to), { tracks: of, generation, path: 'live/cam' })
    },
    restart: () => sender.restart(),
    reports: () => sent.filter(isReport).flatMap((packet) => parseRtcp(packet).flatMap((one) => (one.type === 'sender-report' ? [one] : []))),
    /** ms of the sound that was sent. */
    sounds: () => sent.filter((packet) => packet[1] === 111).map((packet) => parseRtp(packet).timestamp / 48),
    /** ms of the pictures that were sent. */
    pictures: () => sent.filter((packet) => ((packet[1] ?? 0) & 0x7f) === 96).map((packet) => parseRtp(packet).timestamp / 90),
  }
}

/** Pictures each 40 ms and sound each 20 ms. */
function between(from: number, to: number): Frame[] {
  const frames: Frame[] = []
  for (let ms = from; ms < to; ms += 20) {
    if (ms % 40 === 0) frames.push(frame(ms * 1000))
    frames.push({ track: 2, timestamp: ms * 1000, key: true, data: new Uint8Array(50) })
  }
  return frames
}

it('says of both tracks when the same moment was, soon twice', () => {
  const { send, reports } = setUpBoth()
  send(0, 0, 1000)
  for (let ms = 1000; ms < 4000; ms += 40) send(ms - 990, ms, ms + 40)
  const [pictures, sounds] = [7, 8].map((ssrc) => reports().filter((report) => report.ssrc === ssrc))
  expect(pictures).toHaveLength(3)
  const [first, second] = pictures ?? []
  expect((second?.wall ?? 0) - (first?.wall ?? 0)).toBeLessThan(1e6)
  pictures?.forEach(({ wall, timestamp }, i) => {
    expect(sounds?.[i]?.wall).toBe(wall)
    expect((sounds?.[i]?.timestamp ?? 0) / 48).toBeCloseTo(timestamp / 90, 1)
  })
})

it('reports a clock by which nothing comes before its time, though the first frames were late', () => {
  const { send, reports } = setUpBoth()
  send(1000, 0, 100)
  send(1040, 100, 140)
  for (let ms = 1140; ms < 6000; ms += 40) send(ms, ms, ms + 40)
  // reports are due at 1040, 1540, 3540 and 5540 ms
  const times = reports().map(({ ssrc, timestamp }) => timestamp / (ssrc === 7 ? 90 : 48))
  expect(times).toHaveLength(8)
  for (const time of times.slice(-2)) expect(time).toBeCloseTo(5560, -2)
})

it('sends no sound that was kept, however many batches it takes', () => {
  const { send, sounds } = setUpBoth()
  send(0, 0, 1000)
  send(200, 1000, 2000)
  send(240, 2000, 2040)
  expect(sounds()).toEqual([920, 940, 960, 980, 1920, 1940, 1960, 1980, 2000, 2020].map((ms) => expect.closeTo(ms, 1)))
})

it('goes on by the same clock after a return to the newest key picture', () => {
  const { send, restart, sounds, pictures } = setUpBoth()
  send(0, 0, 1000)
  send(40, 1000, 1040)
  restart()
  send(100, 0, 1100, 0)
  send(140, 1100, 1140, 0)
  expect(sounds().slice(-7)).toEqual([1000, 1020, 1040, 1060, 1080, 1100, 1120].map((ms) => expect.closeTo(ms, 1)))
  const times = pictures()
  expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0))).toBe(true)
  expect(times.at(-1)).toBeCloseTo(1120, 1)
})

it('moves the clock of another publication', () => {
  const { send, restart, sounds } = setUpBoth()
  send(0, 5000, 6000)
  restart()
  send(100, 0, 100, 0, [{ ...track }, { ...sound }])
  expect(sounds().at(-1)).toBeGreaterThan(6000)
})
