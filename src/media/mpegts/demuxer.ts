/** A transport stream to tracks and frames: one program, with its first picture, first sound and first KLV. */

import { isShoalError, ShoalError } from '../../errors.js'
import type { Track } from '../../stream.js'
import type { MediaDemuxer, MediaEvent } from '../media-event.js'
import { SourceClock } from '../source-clock.js'
import { type ElementaryReader, readerFor, trackIds } from './elementary.js'
import { tsTimescale } from './packet.js'
import { maxStray, PacketSync, type TsPacket } from './packet-sync.js'
import { PesReader, type PesUnit } from './pes-reader.js'
import type { ElementaryStream } from './section.js'
import { readAssociation, readMap, SectionReader } from './section-reader.js'

const toMicros = 1e6 / tsTimescale

/** µs after which PTS and DTS begin again. */
const clockPeriod = 2 ** 33 * toMicros

/** Units in a row that cannot be read, after which there is no hope. */
const maxInvalid = 1000

/** One elementary stream that is read. */
interface Line {
  readonly type: number
  readonly reader: ElementaryReader
  readonly pes: PesReader
  /** As it was announced last. */
  track: Track | undefined
  /** Something is missing: no frame makes sense before the next key frame. */
  broken: boolean
}

/**
 * Reads a transport stream. Lost packets cost the unit they belong to, and pictures up to the next key frame. Times go on
 * over the wrap of the clock and over jumps; see {@link SourceClock}.
 */
export class TsDemuxer implements MediaDemuxer {
  readonly #sync = new PacketSync()
  readonly #clock: SourceClock
  readonly #counters = new Map<number, number>()
  readonly #association = new SectionReader()
  #map = new SectionReader()
  #mapPid: number | undefined
  #lines = new Map<number, Line>()
  #leftOut: string[] = []
  /** DTS of the newest picture or sound. */
  #newest: number | undefined
  #invalid = 0
  #lost = 0

  /** `earliest`: µs, of {@link SourceClock}. */
  constructor(earliest = 0) {
    this.#clock = new SourceClock(clockPeriod, earliest)
  }

  get tracks(): readonly Track[] {
    return [...this.#lines.values()].flatMap(({ track }) => track ?? []).sort((a, b) => a.id - b.id)
  }

  get complete(): boolean {
    return this.#lines.size > 0 && [...this.#lines.values()].every(({ track }) => track !== undefined)
  }

  get leftOut(): readonly string[] {
    return this.#leftOut
  }

  /** Packets that were missing or damaged. */
  get lost(): number {
    return this.#lost
  }

  push(chunk: Uint8Array): MediaEvent[] {
    const events = this.#sync.push(chunk).flatMap((packet) => this.#packet(packet))
    if (this.#sync.stray > maxStray) throw new ShoalError('ERR_MEDIA_INVALID', `MPEG-TS: no packet in ${maxStray} bytes.`)
    return events
  }

  /** Counters may begin anew behind it. */
  flush(): MediaEvent[] {
    const events = this.#sync.flush().flatMap((packet) => this.#packet(packet))
    for (const line of this.#lines.values()) for (const unit of line.pes.flush()) events.push(...this.#unit(line, unit))
    this.#counters.clear()
    return events
  }

  #packet(packet: TsPacket): MediaEvent[] {
    const { pid, payload, start, scrambled } = packet
    const line = this.#lines.get(pid)
    const isTable = pid === 0 || pid === this.#mapPid
    if (payload.length === 0 || (!line && !isTable) || this.#isRepeated(packet, line)) return []
    if (scrambled) throw new ShoalError('ERR_CODEC_UNSUPPORTED', 'MPEG-TS: the stream is scrambled.')
    if (line) return line.pes.push(payload, start, packet.randomAccess).flatMap((unit) => this.#unit(line, unit))
    if (pid === 0) for (const section of this.#association.push(payload, start)) this.#programs(readAssociation(section))
    else for (const section of this.#map.push(payload, start)) this.#program(readMap(section))
    return []
  }

  /** Looks at the counter: true for a packet that was there before; marks what is broken where packets are missing. */
  #isRepeated({ pid, counter, discontinuity, damaged }: TsPacket, line: Line | undefined): boolean {
    const before = this.#counters.get(pid)
    this.#counters.set(pid, counter)
    if (before === counter && !damaged && !discontinuity) return true
    const isNext = before === undefined || discontinuity || counter === ((before + 1) & 15)
    if (isNext && !damaged) return false
    this.#lost++
    line?.pes.lost()
    line?.reader.lost()
    if (line?.reader.kind === 'video') line.broken = true
    if (!line) (pid === 0 ? this.#association : this.#map).lost()
    return false
  }

  /** The first program counts. */
  #programs([first]: readonly number[]): void {
    if (first === undefined || first === this.#mapPid) return
    this.#mapPid = first
    this.#map = new SectionReader()
  }

  #program(streams: readonly ElementaryStream[] | undefined): void {
    if (!streams) return
    const lines = new Map<number, Line>()
    this.#leftOut = []
    for (const stream of streams) {
      const known = this.#lines.get(stream.pid)
      const reader = known?.type === stream.type ? known.reader : readerFor(stream)
      if (typeof reader === 'string') this.#leftOut.push(reader)
      if (reader === undefined || typeof reader === 'string' || [...lines.values()].some((line) => line.reader.kind === reader.kind)) continue
      lines.set(stream.pid, known?.reader === reader ? known : { type: stream.type, reader, pes: new PesReader(), track: undefined, broken: true })
    }
    this.#lines = lines
    if (lines.size === 0 && this.#leftOut.length > 0) {
      throw new ShoalError('ERR_CODEC_UNSUPPORTED', `MPEG-TS: none of its codecs is read: ${this.#leftOut.join(', ')}.`)
    }
  }

  #unit(line: Line, unit: PesUnit): MediaEvent[] {
    const frames = this.#read(line, unit)
    const { track, kind } = line.reader
    const events: MediaEvent[] = []
    if (track && track !== line.track) {
      line.track = track
      events.push({ type: 'track', track })
    }
    // asynchronous metadata may have no time: that of the newest picture or sound is theirs
    const dts = unit.dts ?? (kind === 'data' ? this.#newest : undefined)
    const pts = unit.pts ?? dts
    if (pts === undefined || dts === undefined) return events
    if (kind !== 'data') this.#newest = dts
    for (const { later, ...frame } of frames) {
      if (kind !== 'video') line.broken = false
      if (frame.key) line.broken = false
      if (line.broken) continue
      const id = trackIds[kind]
      const decodeTime = this.#clock.place(id, dts * toMicros + later)
      const timestamp = decodeTime + Math.round(this.#clock.since(dts * toMicros, pts * toMicros))
      events.push({ type: 'frame', frame: { track: id, timestamp, ...(timestamp !== decodeTime && { decodeTime }), ...frame } })
    }
    return events
  }

  /** A unit that cannot be read is passed over, up to a limit. */
  #read(line: Line, unit: PesUnit): ReturnType<ElementaryReader['read']> {
    try {
      const frames = line.reader.read(unit)
      if (frames.length > 0) this.#invalid = 0
      return frames
    } catch (error) {
      if (!isShoalError(error, 'ERR_MEDIA_INVALID') || ++this.#invalid >= maxInvalid) throw error
      line.reader.lost()
      return []
    }
  }
}
