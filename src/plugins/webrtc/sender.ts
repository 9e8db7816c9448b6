/** From frames to the packets of one receiver. Used where a client views and where we push. */

import { setTimeout as delay } from 'node:timers/promises'
import { ShoalError } from '../../errors.js'
import { parseFeedback } from '../../media/rtp/feedback.js'
import { writeRtpHeader } from '../../media/rtp/packet.js'
import { clockRate } from '../../media/rtp/packetizer.js'
import { parseRtcp, writeGoodbye, writeSenderReport } from '../../media/rtp/rtcp.js'
import { encodingOf } from '../../media/webrtc/codec-match.js'
import type { Format } from '../../media/webrtc/description.js'
import type { Frame, Subscription, Track } from '../../stream.js'
import { Continuity } from '../../viewing/continuity.js'
import type { FramePackets, SharedPackets } from './shared-packets.js'

/** ms between sender reports; browsers need two before they know what sounds with a picture. */
const reportInterval = 2000
const secondReport = 500

/** µs by which frames may seem to be newer than the clock says, or older, before it is set anew. */
const clockAhead = 20_000
const clockBehind = 10_000_000

/** Packets sent in one go: a receiver's socket must take them. */
const burst = 32

/** µs from 1900, where NTP begins, to 1970. */
const ntpEpoch = 2_208_988_800_000_000

/** Newest packets of a track that can be sent again, by kind. */
const remembered = { video: 1024, audio: 128, data: 0 } as const

/** ms from the first frame in which frames may count as kept ones, to be shown at once. */
const catchUp = 500

/** µs of a batch that is not kept: of its sound, where it is. */
const present = 60_000

/** µs between pictures that are shown at once: enough to tell them apart. */
const soon = 100

/** A track and how it travels. */
export interface Carried {
  readonly track: Track
  readonly format: Format
  readonly ssrc: number
}

/** What a sender works with. */
export interface SenderOptions {
  readonly carried: readonly Carried[]
  readonly packets: SharedPackets
  /** Sends a packet; the bytes may change afterwards. */
  readonly send: (packet: Buffer) => boolean
  /** Sends a frame of a data track. */
  readonly sendData?: (track: Track, frame: Frame) => boolean
  /** The receiver cannot go on without a key picture. */
  readonly keyWanted?: () => void
  /** ms, monotonic. */
  readonly now?: () => number
}

/** Counts of one receiver. */
export interface SenderCounts {
  readonly frames: number
  readonly packets: number
  readonly bytes: number
  /** Packets sent again because they were lost. */
  readonly again: number
  /** Packets the receiver reports as lost, all tracks together. */
  readonly lost: number
  /** Key pictures it asked for. */
  readonly keyRequests: number
}

/** What the receiver has got of one track. */
interface Lane {
  readonly carried: Carried
  readonly rate: number
  readonly video: boolean
  track: Track
  split: (frame: Frame) => FramePackets
  sequence: number
  packets: number
  octets: number
  lost: number
  /** µs of the newest frame, as sent. */
  newest: number
  readonly memory: ({ readonly packet: Buffer; readonly sequence: number; readonly timestamp: number; readonly marker: boolean } | undefined)[]
}

/** A time of the stream (µs), and when it was sent: on our clocks, monotonic (ms) and of the wall (µs since 1900). */
interface Clock {
  readonly media: number
  readonly at: number
  readonly wall: number
}

/** A packet that is due: with its sequence number, time in ticks and marker. */
type Due = readonly [lane: Lane, packet: Buffer, sequence: number, timestamp: number, marker: boolean]

/** Sends the frames of a stream to one receiver, repeats what was lost and reports the clock. */
export class Sender {
  readonly #options: SenderOptions
  readonly #now: () => number
  readonly #lanes = new Map<number, Lane>()
  readonly #continuity = new Continuity()
  readonly #counts = { frames: 0, packets: 0, bytes: 0, again: 0, keyRequests: 0 }
  #data: ReadonlyMap<number, Track> = new Map()
  #generation: number | undefined
  /** ms when the frames of this subscription began. */
  #began: number | undefined
  /** All that was kept is sent: frames come as they are made. */
  #present = false
  /** Is this subscription not the first one, and on the clock of the one before? */
  #returned = false
  #clock: Clock | undefined
  #reports = { count: 0, at: Number.NEGATIVE_INFINITY }

  constructor(options: SenderOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    for (const carried of options.carried) {
      const { track } = carried
      this.#lanes.set(track.id, {
        carried,
        rate: clockRate(track),
        video: track.kind === 'video',
        track,
        split: this.#splitter(track),
        sequence: Math.floor(Math.random() * 0x8000),
        packets: 0,
        octets: 0,
        lost: 0,
        newest: Number.NEGATIVE_INFINITY,
        memory: new Array(remembered[track.kind]),
      })
    }
  }

  /** Its counts so far. */
  get counts(): SenderCounts {
    return { ...this.#counts, lost: [...this.#lanes.values()].reduce((sum, { lost }) => sum + lost, 0) }
  }

  /** Frames of another subscription follow, from its newest key frame. */
  restart(): void {
    this.#returned = this.#generation !== undefined
    this.#began = undefined
    this.#generation = undefined
  }

  /**
   * Sends a batch; a promise where it takes a moment, so that sockets need not hold all of it. Frames that were kept for newcomers
   * are shown at once: they lead to the present and not to a delay. Throws `ERR_CODEC_UNSUPPORTED` when a track turns into what
   * the receiver was not told of.
   */
  send(frames: readonly Frame[], subscription: Pick<Subscription, 'tracks' | 'generation' | 'path'>): Promise<void> | undefined {
    if (this.#generation !== subscription.generation) this.#follow(subscription)
    const now = this.#now()
    const shift = this.#continuity.shiftOf(frames)
    const newest = this.#isKept(frames, now) ? frames.at(-1)?.timestamp : undefined
    const queue: Due[] = []
    frames.forEach((frame, at) => {
      const lane = this.#lanes.get(frame.track)
      const track = lane ? undefined : this.#data.get(frame.track)
      if (track) this.#options.sendData?.(track, frame)
      if (!lane) return
      if (newest === undefined) this.#queue(lane, frame, frame.timestamp + shift, queue)
      else if (lane.video) this.#queue(lane, frame, this.#early(lane, newest + shift, frames.length - 1 - at), queue)
      else if (!this.#isOld(lane, frame.timestamp + shift, newest + shift)) this.#queue(lane, frame, frame.timestamp + shift, queue)
    })
    const last = frames.at(-1)
    if (last && this.#present) this.#report(last.timestamp + shift, now)
    return this.#flush(queue)
  }

  /** Takes packets of the receiver. What cannot be read is passed over. */
  receive(packets: readonly Uint8Array[]): void {
    for (const packet of packets) {
      try {
        for (const each of parseFeedback(packet)) {
          if (each.type === 'nack') this.#again(each.ssrc, each.sequences)
          else if (each.type === 'key') this.#keyWanted()
        }
        for (const each of parseRtcp(packet)) if (each.type === 'receiver-report') for (const { ssrc, lost } of each.reports) this.#lost(ssrc, lost)
      } catch {
        // a receiver that writes rubbish harms itself alone
      }
    }
  }

  /** Tells the receiver that nothing more comes. */
  goodbye(): void {
    for (const { carried } of this.#lanes.values()) this.#options.send(Buffer.from(writeGoodbye(carried.ssrc)))
  }

  #splitter(track: Track): (frame: Frame) => FramePackets {
    const split = this.#options.packets.splitter(track)
    if (!split) throw new ShoalError('ERR_CODEC_UNSUPPORTED', `WebRTC cannot carry ${track.codec}.`)
    return split
  }

  /** Were they kept, or made while those were sent? */
  #isKept(frames: readonly Frame[], now: number): boolean {
    if (this.#began === undefined) {
      this.#began = now
      this.#present = false
    } else this.#present ||= now - this.#began >= catchUp || spanOf(frames) <= present
    return !this.#present
  }

  /** Kept sound would only delay what comes now; after a return, what was sent is not sent again. */
  #isOld(lane: Lane, time: number, newest: number): boolean {
    return this.#returned ? time <= lane.newest : newest - time > present
  }

  /** A kept picture is due a moment before the newest of its batch, and after all that were sent. */
  #early(lane: Lane, newest: number, behind: number): number {
    return Math.max(lane.newest + soon, newest - behind * soon)
  }

  #queue(lane: Lane, frame: Frame, time: number, queue: Due[]): void {
    const packets = lane.split(frame)
    lane.newest = Math.max(lane.newest, time)
    const timestamp = ticks(time, lane.rate)
    this.#counts.frames++
    packets.forEach((packet, i) => {
      const marker = lane.video && i === packets.length - 1
      queue.push([lane, packet, lane.sequence, timestamp, marker])
      lane.sequence = (lane.sequence + 1) & 0xffff
    })
  }

  #flush(queue: readonly Due[]): Promise<void> | undefined {
    if (queue.length > burst) return this.#paced(queue)
    for (const each of queue) this.#transmit(...each)
    return undefined
  }

  async #paced(queue: readonly Due[]): Promise<void> {
    for (const [i, each] of queue.entries()) {
      if (i > 0 && i % burst === 0) await delay(1)
      this.#transmit(...each)
    }
  }

  #transmit(lane: Lane, packet: Buffer, sequence: number, timestamp: number, marker: boolean): void {
    const { format, ssrc } = lane.carried
    writeRtpHeader(packet, 0, { payloadType: format.payloadType, marker, sequence, timestamp, ssrc })
    this.#options.send(packet)
    lane.packets++
    lane.octets += packet.length - 12
    this.#counts.packets++
    this.#counts.bytes += packet.length
    if (lane.memory.length > 0) lane.memory[sequence % lane.memory.length] = { packet, sequence, timestamp, marker }
  }

  #again(ssrc: number, sequences: readonly number[]): void {
    const lane = [...this.#lanes.values()].find(({ carried }) => carried.ssrc === ssrc)
    if (!lane) return
    for (const sequence of sequences) {
      const kept = lane.memory[sequence % lane.memory.length]
      if (kept?.sequence !== sequence) continue
      const { packet, timestamp, marker } = kept
      writeRtpHeader(packet, 0, { payloadType: lane.carried.format.payloadType, marker, sequence, timestamp, ssrc })
      this.#options.send(packet)
      this.#counts.again++
    }
  }

  #keyWanted(): void {
    this.#counts.keyRequests++
    this.#options.keyWanted?.()
  }

  #lost(ssrc: number, lost: number): void {
    for (const lane of this.#lanes.values()) if (lane.carried.ssrc === ssrc) lane.lost = lost
  }

  /** Parameter sets travel with the pictures; another codec would have to be negotiated. */
  #follow({ tracks, generation, path }: Pick<Subscription, 'tracks' | 'generation' | 'path'>): void {
    this.#generation = generation
    // after a return to the newest key picture of the same publication, its clock is the same
    this.#returned &&= [...this.#lanes.values()].every(({ track }) => tracks.includes(track))
    if (!this.#returned) this.#continuity.change()
    this.#data = new Map(tracks.filter(({ kind }) => kind === 'data').map((track) => [track.id, track]))
    for (const lane of this.#lanes.values()) {
      const track = tracks.find(({ id }) => id === lane.track.id)
      if (!track || track === lane.track) continue
      if (encodingOf(track) !== encodingOf(lane.track))
        throw new ShoalError('ERR_CODEC_UNSUPPORTED', `${path} changed from ${lane.track.codec} to ${track.codec}.`)
      lane.track = track
      lane.split = this.#splitter(track)
    }
  }

  /** Puts the tracks on one wall clock, so that sound and picture go together. `media`: of the newest frame, in µs. */
  #report(media: number, now: number): void {
    const { count, at } = this.#reports
    if (now - at < (count === 1 ? secondReport : reportInterval)) return
    this.#reports = { count: count + 1, at: now }
    const clock = this.#clockFor(media, now)
    const passed = Math.round((now - clock.at) * 1000)
    for (const { carried, rate, packets, octets } of this.#lanes.values()) {
      const timestamp = ticks(clock.media + passed, rate)
      this.#options.send(Buffer.from(writeSenderReport({ ssrc: carried.ssrc, wall: clock.wall + passed, timestamp, packets, octets: octets % 2 ** 32 })))
    }
  }

  /** The clock by which nothing is sent before its time. */
  #clockFor(media: number, now: number): Clock {
    const ahead = this.#clock ? media - this.#clock.media - (now - this.#clock.at) * 1000 : 0
    if (ahead > clockAhead || ahead < -clockBehind) this.#clock = undefined
    this.#clock ??= { media, at: now, wall: Date.now() * 1000 + ntpEpoch }
    return this.#clock
  }
}

/** µs. */
function spanOf(frames: readonly Frame[]): number {
  const [first, last] = [frames[0], frames.at(-1)]
  return first && last ? last.timestamp - first.timestamp : 0
}

function ticks(time: number, rate: number): number {
  return (Math.round((time * rate) / 1e6) % 2 ** 32) >>> 0
}
