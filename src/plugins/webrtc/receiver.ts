/** From the packets of a publisher or a server to a publication. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { SharedClock } from '../../media/rtp/clock.js'
import type { AccessUnit } from '../../media/rtp/depacketizer.js'
import { writeKeyRequest, writeNack, writeRate } from '../../media/rtp/feedback.js'
import { parseRtp } from '../../media/rtp/packet.js'
import type { ReceiveCounters } from '../../media/rtp/reorder.js'
import { parseRtcp } from '../../media/rtp/rtcp.js'
import type { Frame, Publication, SourceStats, Track } from '../../stream.js'
import type { ChannelMessage } from './peer.js'
import { ReceivedData } from './received-data.js'
import { keyInterval, ReceivedLine, type ReceivedStream } from './received-line.js'

/** ms from the first packet after which a stream starts with the tracks that are known. */
const startDelay = 1000

/** Frames and bytes kept until then. */
const startFrames = 512
const startBytes = 16 * 1024 * 1024

/** ms without a key picture after which one is asked for: browsers make none by themselves, and without them nobody could join later, nor HLS cut segments. */
const keyEvery = 2000

/** Packets in a row that cannot be read, after which there is no hope. */
const maxInvalid = 1000

/** Bits a second that a publisher is told it may send. */
const rate = 20_000_000

/** A frame of a medium: when its RTP time is, and when it came (µs). */
interface Arrived {
  readonly line: ReceivedLine
  readonly frame: Omit<Frame, 'timestamp'>
  readonly timestamp: number
  readonly arrival: number
}

/** What waits for the start: a frame of a medium, or of a data track. */
type Waiting = Arrived | { readonly message: ChannelMessage; readonly line?: undefined; readonly arrival: number }

/** How a stream is received. */
export interface ReceiverOptions {
  /** By payload type. */
  readonly streams: ReadonlyMap<number, ReceivedStream>
  readonly open: (tracks: readonly Track[]) => Publication
  readonly send: (packet: Uint8Array) => void
  /** ms without a key picture after which one is asked for; default 2,000. */
  readonly keyEvery?: number
  /** ms, monotonic. */
  readonly now?: () => number
}

/** Counts of one publisher. */
export interface ReceiverCounts {
  readonly frames: number
  readonly packets: number
  readonly bytes: number
  readonly lost: number
  /** Packets asked for again. */
  readonly again: number
  readonly keyRequests: number
}

/** Receives one stream: asks for what is lost, and for a key picture where that did not help or a reader wants one. */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #now: () => number
  readonly #lines: ReadonlyMap<number, ReceivedLine>
  readonly #data: ReceivedData
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32)
  readonly #counts = { frames: 0, packets: 0, bytes: 0, again: 0, keyRequests: 0 }
  #publication: Publication | undefined
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #first: number | undefined
  #base = 0
  #invalid = 0

  constructor(options: ReceiverOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    const shared: SharedClock = {}
    this.#lines = new Map([...options.streams].map(([type, stream]) => [type, new ReceivedLine(stream, shared)]))
    this.#data = new ReceivedData(options.streams.size + 1)
  }

  get counts(): ReceiverCounts {
    return { ...this.#counts, lost: this.#sum('lost') }
  }

  /** How well the packets of the source come. */
  stats(): SourceStats {
    const jitter = Math.round(Math.max(0, ...[...this.#lines.values()].map((line) => line.jitter.ms)) * 100) / 100
    const counters = { received: this.#sum('received'), lost: this.#sum('lost'), late: this.#sum('late'), reordered: this.#sum('reordered') }
    return { ...counters, retransmitted: this.#counts.again, jitter }
  }

  #sum(name: keyof ReceiveCounters): number {
    return [...this.#lines.values()].reduce((sum, { counters }) => sum + counters[name], 0)
  }

  /** Has every source that sent something said goodbye? */
  get ended(): boolean {
    const heard = [...this.#lines.values()].filter(({ ssrc }) => ssrc !== undefined)
    return heard.length > 0 && heard.every(({ ended }) => ended)
  }

  /** Takes packets. Throws `ERR_MEDIA_INVALID` when there is no end of those that cannot be read, and what opening and writing throw. */
  receive(packets: readonly Buffer[]): void {
    const now = this.#now()
    for (const packet of packets) {
      const type = packet.length > 1 ? (packet[1] as number) : 0
      if (type >= 192 && type <= 223) this.#control(packet, now)
      else this.#media(packet, now)
    }
    for (const line of this.#lines.values()) this.#repair(line, now)
    if (!this.#publication && this.#ready(now)) this.#start()
  }

  /** Takes a message of a data channel. Throws what writing throws. */
  message(message: ChannelMessage): void {
    const arrival = this.#now() * 1000
    if (this.#publication) this.#writeData(this.#publication, message, arrival)
    else this.#keep({ message, arrival }, message.data.length)
  }

  /** A reader cannot go on without a key picture: the source is asked for one now, or when that is due. */
  wantKey(): void {
    for (const line of this.#lines.values()) {
      line.wanted = line.video
      this.#repair(line, this.#now())
    }
  }

  /** Tells the sender what came. Call it about once a second. */
  report(): void {
    const now = this.#now()
    const ssrcs: number[] = []
    for (const line of this.#lines.values()) {
      if (line.ssrc === undefined) continue
      if (line.video) ssrcs.push(line.ssrc)
      this.#options.send(line.reportFrom(this.#ssrc, line.ssrc, now))
    }
    if (ssrcs.length > 0) this.#options.send(writeRate(this.#ssrc, ssrcs, rate))
  }

  /** Ends the stream. Idempotent. */
  close(reason?: unknown): void {
    this.#waiting = []
    this.#publication?.close(reason)
  }

  #media(bytes: Buffer, now: number): void {
    const packet = this.#tried(() => parseRtp(bytes))
    const line = packet ? this.#lines.get(packet.payloadType) : undefined
    if (!packet || !line || packet.payload.length === 0 || !line.takes(packet.ssrc, now)) return
    this.#first ??= now
    this.#counts.packets++
    this.#counts.bytes += bytes.length
    // one that was sent again tells nothing of the way
    if (line.loss.arrived(packet.sequence, now)) line.jitter.packet(packet.timestamp, now)
    for (const ordered of line.buffer.push(packet, now)) {
      if (ordered.gap && line.video) line.broken = true
      const units = this.#tried(() => line.stream.depacketizer.push(ordered.packet, ordered.gap))
      for (const unit of units ?? []) this.#unit(line, unit, now)
    }
  }

  #control(bytes: Buffer, now: number): void {
    for (const packet of this.#tried(() => parseRtcp(bytes)) ?? []) {
      if (packet.type === 'goodbye') {
        for (const line of this.#lines.values()) if (line.ssrc !== undefined && packet.sources.includes(line.ssrc)) line.ended = true
      }
      if (packet.type !== 'sender-report') continue
      const line = [...this.#lines.values()].find(({ ssrc }) => ssrc === packet.ssrc)
      line?.clock.report(packet.wall, packet.timestamp, now * 1000)
      if (line) line.report = { mark: packet.mark, at: now }
    }
  }

  #unit(line: ReceivedLine, unit: AccessUnit, now: number): void {
    const read = this.#tried(() => line.stream.reader.read(unit))
    if (read?.track && this.#publication) this.#publication.update(read.track)
    const frame = read?.frame
    if (!frame || (line.broken && !frame.key)) return
    line.broken = false
    if (frame.key) line.keyAt = now
    this.#invalid = 0
    this.#counts.frames++
    const arrived = { line, frame, timestamp: (unit.timestamp + unit.later) % 2 ** 32, arrival: now * 1000 }
    if (this.#publication) {
      this.#write(this.#publication, arrived, line.clock.time(arrived.timestamp, arrived.arrival))
      return
    }
    line.clock.waits(arrived.timestamp, arrived.arrival)
    this.#keep(arrived, frame.data.length)
  }

  #keep(waiting: Waiting, bytes: number): void {
    if (this.#waiting.length >= startFrames || this.#waitingBytes >= startBytes) return
    this.#waiting.push(waiting)
    this.#waitingBytes += bytes
  }

  #repair(line: ReceivedLine, now: number): void {
    if (line.ssrc === undefined) return
    const due = line.video ? line.loss.due(now) : []
    if (due.length > 0) {
      this.#counts.again += due.length
      this.#options.send(writeNack(this.#ssrc, line.ssrc, due))
    }
    const keyDue = line.broken || line.wanted || (line.video && now - line.keyAt >= (this.#options.keyEvery ?? keyEvery))
    if (!keyDue || now - line.keyAsked < keyInterval) return
    line.keyAsked = now
    this.#counts.keyRequests++
    this.#options.send(writeKeyRequest(this.#ssrc, line.ssrc))
  }

  #ready(now: number): boolean {
    if (!this.#waiting.some(({ line }) => line)) return false
    if (this.#waiting.length >= startFrames || this.#waitingBytes >= startBytes || now - (this.#first ?? now) >= startDelay) return true
    const lines = [...this.#lines.values()]
    const media = new Set(lines.map(({ stream }) => stream.medium))
    const shown = lines.filter((line) => this.#waiting.some((each) => each.line === line) && (line.clock.synchronised || media.size === 1))
    return new Set(shown.map(({ stream }) => stream.medium)).size === media.size
  }

  #start(): void {
    const shown = [...this.#lines.values()].filter((line) => this.#waiting.some((each) => each.line === line))
    const publication = this.#options.open(shown.flatMap(({ stream }) => stream.reader.track ?? []))
    this.#publication = publication
    // only now: the reports that came meanwhile have put the tracks in their places
    const placed = this.#waiting.map((each) => ({ each, time: each.line ? each.line.clock.time(each.timestamp, each.arrival) : each.arrival }))
    this.#waiting = []
    this.#base = Math.min(...placed.flatMap(({ each, time }) => (each.line ? [time] : [])))
    for (const { each, time } of placed.toSorted((a, b) => a.time - b.time)) {
      if (each.line) this.#write(publication, each, time)
      else this.#writeData(publication, each.message, time)
    }
  }

  #write(publication: Publication, { line, frame }: Arrived, time: number): void {
    const { track } = line.stream.reader
    if (track && !publication.tracks.some(({ id }) => id === track.id)) publication.update(track)
    if (frame.key) line.wanted = false
    // a correction of the clock never takes anything back
    line.last = Math.max(line.last + (line.video ? 1 : 0), Math.round(time - this.#base))
    publication.write({ ...frame, timestamp: line.last })
  }

  #writeData(publication: Publication, message: ChannelMessage, time: number): void {
    const read = this.#data.read(message, Math.max(0, time - this.#base))
    if (!read) return
    if (!publication.tracks.some(({ id }) => id === read.track.id)) publication.update(read.track)
    publication.write(read.frame)
  }

  #tried<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      if (!isShoalError(error, 'ERR_MEDIA_INVALID') || ++this.#invalid >= maxInvalid) throw error
      return undefined
    }
  }
}

/** The error for an offer without any medium that can be read. */
export function nothingReadable(names: readonly string[]): ShoalError {
  return new ShoalError('ERR_CODEC_UNSUPPORTED', `None of the offered media can be read: ${names.join(', ') || 'there are none'}.`)
}
