/** From RTP packets to a publication. Used where a client publishes and where we pull. */

import { isShoalError, ShoalError } from '../../errors.js'
import { type SharedClock, TrackClock } from '../../media/rtp/clock.js'
import { DecodeOrder, lookAhead } from '../../media/rtp/decode-order.js'
import type { AccessUnit } from '../../media/rtp/depacketizer.js'
import { Jitter } from '../../media/rtp/jitter.js'
import { parseRtp } from '../../media/rtp/packet.js'
import { ReceptionReports } from '../../media/rtp/reception.js'
import { type OrderedPacket, type ReceiveCounters, ReorderBuffer } from '../../media/rtp/reorder.js'
import { parseRtcp } from '../../media/rtp/rtcp.js'
import type { ReadUnit } from '../../media/rtp/track-reader.js'
import type { MediaReader } from '../../media/sdp/media.js'
import type { Publication, SourceStats, Track } from '../../stream.js'

/** ms from the first packet after which a stream starts with the tracks that are known. */
const startDelay = 500

/** Packets over UDP that may be out of order. */
const reorderLimit = 128

/** Frames and bytes kept until a stream starts; more means that its other tracks will not come. */
const startFrames = 512
const startBytes = 16 * 1024 * 1024

/** Packets that cannot be read, without a frame among them, after which there is no hope. */
const maxInvalid = 1000

/** µs from one piece of sound to the next where a sender gave both the same time: one tick of the coarsest formats. */
const soundStep = 1000

/** One medium that is received. */
interface Line {
  readonly media: MediaReader
  readonly buffer: ReorderBuffer
  readonly clock: TrackClock
  readonly jitter: Jitter
  ssrc: number
  /** Newest sender report: its mark, when it came (ms), and by how many ms the sender's wall clock is before ours. */
  report: { mark: number; at: number; ahead: number } | undefined
  goodbye: boolean
  order: DecodeOrder | undefined
  /** µs of the last frame. */
  last: number
  /** RTP time of the last frame. */
  tick: number | undefined
  readonly reception: ReceptionReports
}

/** How well the packets of one medium come, since the start. */
export interface LineCounters extends ReceiveCounters {
  /** Absent until its track is known. */
  readonly codec?: string
  /** ms. */
  readonly jitter: number
  /** Did a sender report put it in its place among the others? */
  readonly synchronised: boolean
  /** ms by which the sender's wall clock is before ours, as its newest report had it, with the way through the network. */
  readonly clockAhead?: number
}

/** µs from 1900, where NTP begins, to 1970. */
const ntpEpoch = 2_208_988_800_000_000

/** A frame that waits for the start. */
interface Waiting {
  readonly line: Line
  readonly frame: NonNullable<ReadUnit['frame']>
  readonly timestamp: number
  /** ms. */
  readonly arrival: number
}

/** How a stream is received. */
export interface IngestOptions {
  readonly media: readonly MediaReader[]
  /** Packets come in order, as over TCP. */
  readonly ordered: boolean
  /** Opens the publication once tracks are known. */
  readonly open: (tracks: readonly Track[]) => Publication
  /** ms, monotonic. */
  readonly now?: () => number
}

/**
 * Receives one stream. Starts when every medium has shown a frame and a sender report, 500 ms after the first packet, or with
 * what there is when the source says goodbye.
 */
export class Ingest {
  readonly #lines: readonly Line[]
  readonly #open: IngestOptions['open']
  readonly #now: () => number
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32)
  #publication: Publication | undefined
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #first: number | undefined
  #base = 0
  #invalid = 0

  constructor({ media, ordered, open, now = () => performance.now() }: IngestOptions) {
    const shared: SharedClock = {}
    this.#open = open
    this.#now = now
    this.#lines = media.map((each) => ({
      media: each,
      buffer: new ReorderBuffer(ordered ? 0 : reorderLimit),
      clock: new TrackClock(each.rate, shared),
      jitter: new Jitter(each.rate),
      ssrc: 0,
      report: undefined,
      goodbye: false,
      order: undefined,
      last: 0,
      tick: undefined,
      reception: new ReceptionReports(),
    }))
  }

  /** The stream that is written to; absent until it has started. */
  get publication(): Publication | undefined {
    return this.#publication
  }

  /** Packets lost so far, all media together. */
  get lost(): number {
    return this.#lines.reduce((sum, { buffer }) => sum + buffer.counters.lost, 0)
  }

  /** How well packets come, by medium. */
  counters(): readonly LineCounters[] {
    return this.#lines.map(({ media, buffer, jitter, clock, report }) => {
      const codec = media.reader.track?.codec
      const about = { ...(codec !== undefined && { codec }), ...buffer.counters, jitter: Math.round(jitter.ms * 100) / 100 }
      return { ...about, synchronised: clock.synchronised, ...(report && { clockAhead: report.ahead }) }
    })
  }

  /** The same for all media together. */
  stats(): SourceStats {
    const sum = (name: keyof ReceiveCounters): number => this.#lines.reduce((all, { buffer }) => all + buffer.counters[name], 0)
    const jitter = Math.round(Math.max(0, ...this.#lines.map((line) => line.jitter.ms)) * 100) / 100
    return { received: sum('received'), lost: sum('lost'), late: sum('late'), reordered: sum('reordered'), jitter }
  }

  /** Did the source say goodbye to all that is seen and heard, or to its metadata where there is nothing else? */
  get ended(): boolean {
    const seen = this.#lines.filter(isAwaited)
    return (seen.length > 0 ? seen : this.#lines).every(({ goodbye }) => goodbye)
  }

  /**
   * Takes a packet of medium `index`. What cannot be read is passed over, up to a limit: then it throws
   * `ERR_MEDIA_INVALID`. Throws `ERR_CODEC_UNSUPPORTED`, `ERR_FRAME_INVALID`, and what opening the publication throws.
   */
  rtp(index: number, bytes: Uint8Array): void {
    const line = this.#lines[index]
    if (!line) return
    const now = this.#now()
    this.#first ??= now
    const packet = this.#tried(() => parseRtp(bytes))
    if (!packet) return
    line.ssrc = packet.ssrc
    line.jitter.packet(packet.timestamp, now)
    // the packet may wait for others, and its memory is the socket's
    const kept = { ...packet, payload: Uint8Array.from(packet.payload) }
    for (const ordered of line.buffer.push(kept, now)) this.#ordered(line, ordered, now)
    if (!this.#publication && this.#ready(now)) this.#start()
  }

  /** Takes reports of medium `index`; such that cannot be read are passed over. Throws what opening the publication throws. */
  rtcp(index: number, bytes: Uint8Array): void {
    const line = this.#lines[index]
    if (!line) return
    const now = this.#now()
    for (const packet of this.#tried(() => parseRtcp(bytes)) ?? []) {
      if (packet.type === 'goodbye') line.goodbye = true
      if (packet.type !== 'sender-report') continue
      line.clock.report(packet.wall, packet.timestamp, now * 1000)
      line.report = { mark: packet.mark, at: now, ahead: Math.round((packet.wall - ntpEpoch) / 1000 - Date.now()) }
    }
    // nothing more comes: a stream shorter than the wait is a stream
    if (this.ended && !this.#publication && this.#waiting.length > 0) this.#start()
  }

  /** A receiver report for each medium that has come so far. */
  reports(): { readonly index: number; readonly bytes: Uint8Array }[] {
    const now = this.#now()
    return this.#lines.flatMap(({ ssrc, buffer, jitter, report, reception }, index) => {
      return buffer.counters.received > 0 ? [{ index, bytes: reception.next(this.#ssrc, { ssrc, buffer, jitter, newest: report }, now) }] : []
    })
  }

  /** Ends the stream; readers get what there is, then the end, or `reason`. Idempotent. */
  close(reason?: unknown): void {
    this.#waiting = []
    this.#publication?.close(reason)
  }

  #tried<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!isShoalError(error, 'ERR_MEDIA_INVALID') || ++this.#invalid >= maxInvalid) throw error
      return undefined
    }
  }

  #ordered(line: Line, { packet, gap }: OrderedPacket, arrival: number): void {
    const units = this.#tried(() => line.media.depacketizer.push(packet, gap))
    for (const unit of units ?? []) this.#unit(line, unit, arrival)
  }

  #unit(line: Line, unit: AccessUnit, arrival: number): void {
    const read = this.#tried(() => line.media.reader.read(unit))
    if (read?.track && this.#publication) this.#publication.update(read.track)
    if (!read?.frame) return
    this.#invalid = 0
    const waiting = { line, frame: read.frame, timestamp: (unit.timestamp + unit.later) % 2 ** 32, arrival }
    if (this.#publication) {
      this.#write(waiting)
      return
    }
    line.clock.waits(waiting.timestamp, arrival * 1000)
    this.#waiting.push(waiting)
    this.#waitingBytes += read.frame.data.length
  }

  #ready(now: number): boolean {
    if (this.#waiting.length === 0) return false
    if (this.#waiting.length >= startFrames || this.#waitingBytes >= startBytes || now - (this.#first ?? now) >= startDelay) return true
    // metadata may come once a minute: pictures and sound do not wait for them
    const awaited = this.#lines.filter(isAwaited)
    return awaited.every((line) => {
      const frames = this.#waiting.filter((waiting) => waiting.line === line).length
      return frames >= framesWanted(line) && (line.clock.synchronised || awaited.length === 1)
    })
  }

  #start(): void {
    const tracks = this.#lines.flatMap(({ media }) => media.reader.track ?? [])
    this.#publication = this.#open(tracks)
    const waiting = this.#waiting.map((each) => ({ ...each, time: each.line.clock.time(each.timestamp, each.arrival * 1000) }))
    this.#waiting = []
    this.#base = Math.min(...waiting.map(({ time }) => time))
    const orderOf = (line: Line): DecodeOrder => new DecodeOrder(waiting.filter((each) => each.line === line).map(({ time }) => time - this.#base))
    // decode times come before the first time of display: nothing may be below 0
    this.#base -= Math.max(...this.#lines.map((line) => orderOf(line).lead))
    for (const line of this.#lines) if (waiting.some((each) => each.line === line)) line.order = orderOf(line)
    for (const each of waiting) this.#place(each, each.time)
  }

  #write(waiting: Waiting): void {
    this.#place(waiting, waiting.line.clock.time(waiting.timestamp, waiting.arrival * 1000))
  }

  #place({ line, frame, timestamp: tick }: Waiting, time: number): void {
    const publication = this.#publication
    if (!publication) return
    const timestamp = Math.max(0, time - this.#base)
    if (line.media.reader.track?.kind !== 'video') {
      // a correction of the clock never takes sound or metadata back, and sound goes on
      const still = line.tick === tick && line.media.reader.track?.kind === 'audio'
      line.last = Math.max(line.last + (still ? soundStep : 0), timestamp)
      line.tick = tick
      publication.write({ ...frame, timestamp: line.last })
      return
    }
    line.order ??= new DecodeOrder([timestamp])
    const decodeTime = line.order.next(timestamp)
    publication.write({ ...frame, timestamp, ...(decodeTime !== timestamp && { decodeTime }) })
  }
}

/** Pictures and sound; of those which bring their description along nothing is known yet. */
function isAwaited({ media }: Line): boolean {
  return media.reader.track?.kind !== 'data'
}

/** Frames to see before a start: pictures may be out of order, unless their codec or profile knows no such thing. */
function framesWanted({ media }: Line): number {
  const { track } = media.reader
  return track && /^(avc1\.(?!42)|hvc1\.)/.test(track.codec) ? lookAhead : 1
}

/** The error for a description without any medium that can be read. */
export function nothingReadable(names: readonly string[]): ShoalError {
  return new ShoalError('ERR_CODEC_UNSUPPORTED', `None of its media can be read: ${names.join(', ') || 'there are none'}.`)
}
