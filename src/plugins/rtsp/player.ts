/** From a subscription to RTP packets. Used where a client plays and where we push. */

import { ShoalError } from '../../errors.js'
import { sameBytes } from '../../media/nal.js'
import { datagrams, type FramePackets, isCarried, numbered, Packetizer } from '../../media/rtp/packetizer.js'
import { writeGoodbye, writeSenderReport } from '../../media/rtp/rtcp.js'
import type { Frame, Subscription, Track } from '../../stream.js'
import { Continuity, decodeTimeOf } from '../../viewing/continuity.js'
import { MuxedCache } from '../../viewing/muxed-cache.js'
import type { Connection } from './connection.js'
import type { UdpPair } from './udp-pair.js'

/** Where the packets of one track go. */
export type Outlet = InterleavedOutlet | { readonly udp: UdpPair }

/** Channels on the connection. */
export interface InterleavedOutlet {
  readonly channel: number
  /** That of reports; absent = the next one. */
  readonly report?: number
}

/** The channel of reports. */
export function reportChannel({ channel, report }: InterleavedOutlet): number {
  return report ?? channel + 1
}

/** ms between sender reports. */
const reportInterval = 5000

/** µs that the time of a batch may be off the one before it; more is a publisher whose clock was set. */
const jump = 10_000_000

/** Datagrams sent in one go: a receiver's buffer must take them. */
const burst = 16

/** µs from 1900, where NTP begins, to 1970. */
const ntpEpoch = 2_208_988_800_000_000

/** The packets of frames, made once for all receivers. Entries live as long as their frames. */
export class PacketCache {
  readonly #frames = new MuxedCache<Frame, FramePackets>()

  /** The packets of `frame`, its time moved by `shift` µs; `packetizer` makes them where nobody has. */
  of(frame: Frame, packetizer: Packetizer, shift = 0): FramePackets {
    return this.#frames.of(frame, shift, () => packetizer.packets(shift === 0 ? frame : { ...frame, timestamp: frame.timestamp + shift }))
  }
}

/** Payload type of a track: of meaning within its own medium alone. */
export function payloadTypeOf({ id }: Track): number {
  return 96 + ((id - 1) % 32)
}

/** How frames are sent. */
export interface SendOptions {
  readonly connection: Connection
  /** By track id; other tracks are left out. */
  readonly outlets: ReadonlyMap<number, Outlet>
  readonly cache: PacketCache
}

/** The tracks of a stream that can be sent. Throws `ERR_CODEC_UNSUPPORTED` when there are none. */
export function sendable(path: string, tracks: readonly Track[]): Track[] {
  const carried = tracks.filter(isCarried)
  if (carried.length > 0) return carried
  throw new ShoalError('ERR_CODEC_UNSUPPORTED', `RTSP cannot carry ${path}: ${tracks.map((track) => track.codec).join(', ')}.`)
}

/**
 * Sends all of `subscription`, with sender reports in front and every 5 s, and a goodbye at the end. Takes no frames while
 * the receiver is behind, so that the hub skips for it. Rejects with `ERR_CODEC_UNSUPPORTED` when a track turns into what
 * the receiver was not told of, or with what ended the stream or the connection.
 */
export async function sendStream(subscription: Subscription, options: SendOptions): Promise<void> {
  const sender = new Sender(subscription, options)
  for await (const batch of subscription) {
    const wait = sender.send(batch)
    if (wait) await wait
  }
  sender.goodbye()
}

/** What one receiver has got of one track. */
interface Lane {
  readonly outlet: Outlet
  track: Track
  packetizer: Packetizer
  sequence: number
  packets: number
  octets: number
}

class Sender {
  readonly #subscription: Subscription
  readonly #options: SendOptions
  readonly #lanes = new Map<number, Lane>()
  #generation: number
  /** A time of the stream, when it was first sent: on our clocks, monotonic (ms) and of the wall (µs since 1900). */
  #start: { media: number; at: number; wall: number } | undefined
  /** Where the newest batch began, and when it was sent (ms). */
  #newest: { media: number; at: number } | undefined
  #reported = Number.NEGATIVE_INFINITY
  readonly #continuity = new Continuity()
  /** µs added to all times, so that another publisher's clock goes on where the one before it was. */
  #shift = 0

  constructor(subscription: Subscription, options: SendOptions) {
    this.#subscription = subscription
    this.#options = options
    this.#generation = subscription.generation
    for (const track of subscription.tracks) {
      const outlet = options.outlets.get(track.id)
      if (!outlet) continue
      const packetizer = new Packetizer(track, payloadTypeOf(track), ssrcOf(track))
      this.#lanes.set(track.id, { outlet, track, packetizer, sequence: Math.floor(Math.random() * 0x8000), packets: 0, octets: 0 })
    }
  }

  /** Sends a batch; a promise where the receiver is behind. */
  send(batch: readonly Frame[]): Promise<void> | undefined {
    if (this.#generation !== this.#subscription.generation) this.#follow()
    this.#shift = this.#continuity.shiftOf(batch)
    this.#report(batch[0])
    const { connection } = this.#options
    if ([...this.#lanes.values()].some(({ outlet }) => 'udp' in outlet)) return this.#datagrams(batch)
    connection.together(() => {
      for (const frame of batch) this.#interleaved(frame)
    })
    return connection.backlog()
  }

  goodbye(): void {
    for (const { outlet, packetizer } of this.#lanes.values()) this.#control(outlet, writeGoodbye(packetizer.ssrc))
  }

  #interleaved(frame: Frame): void {
    const lane = this.#lanes.get(frame.track)
    if (lane && 'channel' in lane.outlet) this.#options.connection.write(this.#numbered(lane, frame, lane.outlet.channel).copy)
  }

  async #datagrams(batch: readonly Frame[]): Promise<void> {
    let sent = 0
    for (const frame of batch) {
      const lane = this.#lanes.get(frame.track)
      if (!lane || !('udp' in lane.outlet)) continue
      const { copy, packets } = this.#numbered(lane, frame, 0)
      for (const datagram of datagrams(copy, packets)) {
        lane.outlet.udp.send(datagram, false)
        if (++sent % burst === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
  }

  #numbered(lane: Lane, frame: Frame, channel: number): { copy: Buffer; packets: FramePackets } {
    const packets = this.#options.cache.of(frame, lane.packetizer, this.#shift)
    const copy = numbered(packets, { channel, sequence: lane.sequence })
    lane.sequence = (lane.sequence + packets.starts.length) & 0xffff
    lane.packets += packets.starts.length
    lane.octets += packets.octets
    return { copy, packets }
  }

  /** Parameter sets of pictures travel with them; anything else was described once and for all. */
  #follow(): void {
    this.#generation = this.#subscription.generation
    this.#continuity.change()
    for (const lane of this.#lanes.values()) {
      const track = this.#subscription.tracks.find(({ id }) => id === lane.track.id)
      if (!track || track === lane.track) continue
      if (!isContinued(lane.track, track))
        throw new ShoalError('ERR_CODEC_UNSUPPORTED', `${this.#subscription.path} changed from ${lane.track.codec} to ${track.codec}.`)
      lane.track = track
      lane.packetizer = new Packetizer(track, payloadTypeOf(track), ssrcOf(track))
    }
  }

  #report(first: Frame | undefined): void {
    if (!first) return
    const now = performance.now()
    const media = decodeTimeOf(first) + this.#shift
    this.#start ??= { media, at: now, wall: Date.now() * 1000 + ntpEpoch }
    const off = this.#newest ? media - this.#newest.media - (now - this.#newest.at) * 1000 : 0
    this.#newest = { media, at: now }
    const jumped = Math.abs(off) > jump
    // the clock of reports goes on: they tell where the media are now
    if (jumped) this.#start = { ...this.#start, media: this.#start.media + off }
    if (!jumped && now - this.#reported < reportInterval) return
    this.#reported = now
    const passed = Math.round((now - this.#start.at) * 1000)
    for (const { outlet, packetizer, packets, octets } of this.#lanes.values()) {
      const timestamp = packetizer.ticks(this.#start.media + passed)
      const report = { ssrc: packetizer.ssrc, wall: this.#start.wall + passed, timestamp, packets, octets: octets % 2 ** 32 }
      this.#control(outlet, writeSenderReport(report))
    }
  }

  #control(outlet: Outlet, bytes: Uint8Array): void {
    if ('udp' in outlet) outlet.udp.send(bytes, true)
    else this.#options.connection.packet(reportChannel(outlet), bytes)
  }
}

function isContinued(before: Track, after: Track): boolean {
  const family = ({ codec, kind }: Track): string => (kind === 'data' ? codec : codec.slice(0, 4))
  if (family(before) !== family(after)) return false
  return before.kind === 'video' || sameBytes(before.description ?? new Uint8Array(0), after.description ?? new Uint8Array(0))
}

/** One number a track, the same for all receivers: they are told apart by their connection. */
function ssrcOf({ id }: Track): number {
  return (0x53480000 + id) >>> 0
}
